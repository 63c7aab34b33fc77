internal import TraceModel

/// What the tags of a Jaeger span say beyond being attributes: kind, status, scope, trace state, dropped counts.
///
/// Of several tags with one key the last that makes sense counts, because exporters append theirs; the others stay attributes.
struct JaegerMeanings {
    private(set) var kind = SpanKind.unspecified
    private(set) var status = SpanStatus()
    private(set) var scope = InstrumentationScope()
    private(set) var traceState = ""
    private(set) var droppedAttributes: UInt32 = 0
    private(set) var droppedEvents: UInt32 = 0
    private(set) var droppedLinks: UInt32 = 0
    /// One of OpenTelemetry's early Jaeger exporters wrote the span; Python's names events by the field `message`.
    private(set) var hasLibraryTags = false
    /// The tags without a meaning, in their order.
    private(set) var attributes: [Attribute] = []

    /// - Parameter isOpenTelemetry: the process says so; a span may say so too. Its status is then what its tags say. Others
    ///   get one from the HTTP status code.
    init(_ tags: [Attribute], isOpenTelemetry: Bool) {
        var positions: [String: Int] = [:]
        for (index, tag) in tags.enumerated() where Self.mayHaveMeaning(tag.key) && isUsable(tag) { positions[tag.key] = index }
        guard !positions.isEmpty || !isOpenTelemetry else {
            attributes = tags
            return
        }
        var consumed: Set<Int> = []
        func take(_ key: String) -> AttributeValue? {
            guard let position = positions[key] else { return nil }
            consumed.insert(position)
            return tags[position].value
        }
        func text(_ key: String) -> String? {
            if case .string(let text)? = take(key) { text } else { nil }
        }
        func count(_ key: String) -> UInt32 {
            if case .int(let number)? = take(key) { UInt32(clamping: number) } else { 0 }
        }
        let isOpenTelemetry = isOpenTelemetry || positions.keys.contains { $0.hasPrefix("otel.") }
        kind = text(JaegerTag.kind).flatMap(SpanKind.init(jaegerName:)) ?? .unspecified
        hasLibraryTags = positions[JaegerTag.libraryName] != nil
        let library = (name: text(JaegerTag.libraryName), version: text(JaegerTag.libraryVersion))
        scope.name = text(JaegerTag.scopeName) ?? library.name ?? ""
        scope.version = text(JaegerTag.scopeVersion) ?? library.version ?? ""
        traceState = text(JaegerTag.traceState) ?? ""
        droppedAttributes = count(JaegerTag.droppedAttributes)
        droppedEvents = count(JaegerTag.droppedEvents)
        droppedLinks = count(JaegerTag.droppedLinks)
        if let code = text(JaegerTag.statusCode) {
            status.code = code == "OK" ? .ok : code == "ERROR" ? .error : .unset
            if status.code == .error { _ = take(JaegerTag.error) }
        } else if take(JaegerTag.error) != nil || (!isOpenTelemetry && Self.isHTTPFailure(tags, kind)) {
            status.code = .error
        }
        status.message = text(JaegerTag.statusMessage) ?? ""
        if status.message.isEmpty, status.code == .error, !isOpenTelemetry { status.message = text(Self.httpMessage) ?? "" }
        attributes = consumed.isEmpty ? tags : tags.indices.filter { !consumed.contains($0) }.map { tags[$0] }
    }

    private static let httpStatus = "http.status_code"
    private static let httpMessage = "http.status_message"

    /// A quick look that most keys do not pass.
    private static func mayHaveMeaning(_ key: String) -> Bool {
        switch key.utf8.first {
        case UInt8(ascii: "o"), UInt8(ascii: "s"), UInt8(ascii: "w"), UInt8(ascii: "e"), UInt8(ascii: "h"): true
        default: false
        }
    }

    /// The key has a meaning, and the value is one that it can have.
    private func isUsable(_ tag: Attribute) -> Bool {
        switch (tag.key, tag.value) {
        case (JaegerTag.kind, .string(let name)): SpanKind(jaegerName: name) != nil
        case (JaegerTag.statusCode, .string(let code)): code == "OK" || code == "ERROR" || code == "UNSET"
        case (JaegerTag.error, .bool(let flag)): flag
        case (JaegerTag.error, .string(let text)): text.lowercased() == "true"
        case (JaegerTag.scopeName, .string), (JaegerTag.scopeVersion, .string), (JaegerTag.libraryName, .string),
            (JaegerTag.libraryVersion, .string), (JaegerTag.traceState, .string), (JaegerTag.statusMessage, .string),
            (Self.httpMessage, .string):
            true
        case (JaegerTag.droppedAttributes, .int(let count)), (JaegerTag.droppedEvents, .int(let count)), (JaegerTag.droppedLinks, .int(let count)):
            count >= 0
        default: false
        }
    }

    /// 5xx, and 4xx for the one who asked (OpenTelemetry semantic conventions, "HTTP spans", status).
    private static func isHTTPFailure(_ tags: [Attribute], _ kind: SpanKind) -> Bool {
        let code: Int64? =
            switch tags[httpStatus] {
            case .int(let number)?: number
            case .string(let text)?: Int64(text)
            default: nil
            }
        guard let code else { return false }
        return (500..<600).contains(code) || (kind == .client && (400..<500).contains(code))
    }
}
