internal import TraceModel

/// A value in a query, or one that was read from a span.
enum TraceQLValue: Hashable, Sendable {
    /// `nil`: there is no such attribute.
    case missing
    case int(Int64)
    case double(Double)
    /// Nanoseconds.
    case duration(Int64)
    case string(String)
    case bool(Bool)
    case status(SpanStatus.Code)
    case kind(SpanKind)
    /// Several values under one key: an array attribute, or attributes of several events or links.
    case list([TraceQLValue])
    /// Bytes and key-value lists: they are there, and compare with nothing.
    case opaque(AttributeValue)

    init(_ value: AttributeValue) {
        switch value {
        case .string(let string): self = .string(string)
        case .bool(let bool): self = .bool(bool)
        case .int(let int): self = .int(int)
        case .double(let double): self = .double(double)
        case .array(let elements): self = .list(elements.map(TraceQLValue.init))
        case .bytes, .keyValueList: self = .opaque(value)
        case .empty: self = .missing
        }
    }

    var type: TraceQLType {
        switch self {
        case .missing: .missing
        case .int: .int
        case .double: .double
        case .duration: .duration
        case .string: .string
        case .bool: .bool
        case .status: .status
        case .kind: .kind
        case .list, .opaque: .attribute
        }
    }

    /// As a number; durations in nanoseconds.
    var number: Double? {
        switch self {
        case .int(let int), .duration(let int): Double(int)
        case .double(let double): double
        default: nil
        }
    }

    /// As an attribute of a result: durations, states and kinds are text.
    var attributeValue: AttributeValue? {
        switch self {
        case .missing: nil
        case .int(let int): .int(int)
        case .double(let double): .double(double)
        case .duration(let duration): .string(TraceQLDuration.text(duration))
        case .string(let string): .string(string)
        case .bool(let bool): .bool(bool)
        case .status(let code): .string(code.traceQLName)
        case .kind(let kind): .string(kind.traceQLName)
        case .list(let values): .array(values.map { $0.attributeValue ?? .empty })
        case .opaque(let value): value
        }
    }
}

extension TraceQLValue: CustomStringConvertible {
    /// As it is written in a query.
    var description: String {
        switch self {
        case .missing: "nil"
        case .int(let int): int == .min ? "minInt" : "\(int)"
        case .double(let double): "\(double)"
        case .duration(let duration): TraceQLDuration.text(duration)
        case .string(let string): Self.quoted(string)
        case .bool(let bool): "\(bool)"
        case .status(let code): code.traceQLName
        case .kind(let kind): kind.traceQLName
        case .list(let values): "[\(values.map(\.description).joined(separator: ", "))]"
        case .opaque: "opaque"
        }
    }

    private static func quoted(_ string: String) -> String {
        if !string.contains("`"), !string.contains("\r") { return "`\(string)`" }
        var text = "\""
        for scalar in string.unicodeScalars {
            switch scalar {
            case "\"": text += "\\\""
            case "\\": text += "\\\\"
            case "\n": text += "\\n"
            case "\r": text += "\\r"
            default: text.unicodeScalars.append(scalar)
            }
        }
        return text + "\""
    }
}

/// What kind of value an expression gives.
enum TraceQLType: Hashable, Sendable {
    /// Known only when a span is read.
    case attribute
    case missing
    case int
    case double
    case duration
    case string
    case bool
    case status
    case kind

    var isNumeric: Bool { self == .int || self == .double || self == .duration }

    /// Whether an operator may stand between the two at all.
    func matches(_ other: TraceQLType) -> Bool {
        self == .attribute || other == .attribute || self == other || isNumeric && other.isNumeric || self == .missing || other == .missing
    }
}

extension SpanStatus.Code {
    static let traceQL: [String: SpanStatus.Code] = ["ok": .ok, "error": .error, "unset": .unset]

    var traceQLName: String {
        switch self {
        case .unset: "unset"
        case .ok: "ok"
        case .error: "error"
        }
    }
}

extension SpanKind {
    static let traceQL = Dictionary(uniqueKeysWithValues: allCases.map { ($0.traceQLName, $0) })

    var traceQLName: String {
        switch self {
        case .unspecified: "unspecified"
        case .internal: "internal"
        case .server: "server"
        case .client: "client"
        case .producer: "producer"
        case .consumer: "consumer"
        }
    }
}
