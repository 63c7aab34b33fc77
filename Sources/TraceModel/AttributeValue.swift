/// The value of an attribute: OTLP's `AnyValue` (opentelemetry/proto/common/v1/common.proto).
public enum AttributeValue: Hashable, Sendable {
    case string(String)
    case bool(Bool)
    case int(Int64)
    case double(Double)
    case bytes([UInt8])
    case array([AttributeValue])
    case keyValueList([Attribute])
    /// An `AnyValue` with no field set.
    case empty
}

/// One key and its value. Keys are unique in a list unless a sender broke the rule; order is kept.
public struct Attribute: Hashable, Sendable {
    public var key: String
    public var value: AttributeValue

    @inlinable
    public init(key: String, value: AttributeValue) {
        self.key = key
        self.value = value
    }

    @inlinable
    public init(_ key: String, _ value: AttributeValue) {
        self.init(key: key, value: value)
    }
}

extension AttributeValue: ExpressibleByStringLiteral, ExpressibleByBooleanLiteral, ExpressibleByIntegerLiteral, ExpressibleByFloatLiteral {
    public init(stringLiteral value: String) { self = .string(value) }
    public init(booleanLiteral value: Bool) { self = .bool(value) }
    public init(integerLiteral value: Int64) { self = .int(value) }
    public init(floatLiteral value: Double) { self = .double(value) }
}

extension Array where Element == Attribute {
    /// The value of the first attribute with this key.
    public subscript(key: String) -> AttributeValue? {
        first { $0.key == key }?.value
    }
}
