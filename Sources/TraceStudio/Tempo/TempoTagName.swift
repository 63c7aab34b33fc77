internal import TraceModel
internal import TraceStore

/// What a tag's name in Tempo's API means.
enum TempoTagName: Hashable {
    /// `status`, `span:kind` and the like.
    case intrinsic(String)
    case attribute(AttributeKey)

    /// All intrinsics, sorted.
    static let intrinsics = [
        "duration", "event:name", "event:timeSinceStart", "instrumentation:name", "instrumentation:version", "kind", "name", "rootName",
        "rootServiceName", "span:duration", "span:kind", "span:name", "span:status", "span:statusMessage", "status", "statusMessage",
        "trace:duration", "trace:rootName", "trace:rootService", "traceDuration",
    ]

    /// A name with its scope: `.x`, `span.x`, `resource.x`, `event.x`, `link.x`, `instrumentation.x`, or an intrinsic.
    ///
    /// - Throws: ``BadParameter`` for another name.
    init(scoped text: String) throws(BadParameter) {
        if Self.intrinsics.contains(text) {
            self = .intrinsic(text)
            return
        }
        if text.hasPrefix("."), text.count > 1 {
            self = .attribute(AttributeKey(scope: nil, name: Self.unquoted(text.dropFirst())))
            return
        }
        for scope in AttributeScope.allCases where text.hasPrefix("\(scope.rawValue).") && text.count > scope.rawValue.count + 1 {
            self = .attribute(AttributeKey(scope: scope, name: Self.unquoted(text.dropFirst(scope.rawValue.count + 1))))
            return
        }
        throw BadParameter("tag name is not valid intrinsic or scoped attribute: \(text)")
    }

    /// A name of version 1, which has no scope.
    init(unscoped text: String) {
        self = Self.intrinsics.contains(text) ? .intrinsic(text) : .attribute(AttributeKey(scope: nil, name: text))
    }

    private static func unquoted(_ text: Substring) -> String {
        text.count >= 2 && text.first == "\"" && text.last == "\"" ? String(text.dropFirst().dropLast()) : String(text)
    }

    /// The name as TraceQL writes it.
    var traceQL: String {
        switch self {
        case .intrinsic(let name): name
        case .attribute(let key): (key.scope?.rawValue ?? "") + Self.attribute(key.name)
        }
    }

    /// `.name`, in quotes where the name needs them.
    static func attribute(_ name: String) -> String {
        let isPlain = name.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
                UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "-"), UInt8(ascii: "/"):
                true
            default: false
            }
        }
        return isPlain ? "." + name : ".\"" + name.flatMap { $0 == "\"" || $0 == "\\" ? ["\\", $0] : [$0] } + "\""
    }
}

extension TempoTagName {
    /// The key under which results show the value: of attributes without the scope, of intrinsics the shorter name.
    var resultKey: String {
        switch self {
        case .attribute(let key): key.name
        case .intrinsic("trace:rootName"): "rootName"
        case .intrinsic("trace:rootService"): "rootServiceName"
        case .intrinsic("trace:duration"): "traceDuration"
        case .intrinsic(let name): name.hasPrefix("span:") ? String(name.dropFirst("span:".count)) : name
        }
    }
}
