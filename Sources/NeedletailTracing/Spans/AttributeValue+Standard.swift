internal import TraceModel
internal import Tracing

/// Conversions between attributes of the trace model and those of swift-distributed-tracing.
extension AttributeValue {
    init(_ attribute: SpanAttribute) {
        switch attribute {
        case .string(let value): self = .string(value)
        case .int64(let value): self = .int(value)
        case .int32(let value): self = .int(Int64(value))
        case .bool(let value): self = .bool(value)
        case .double(let value): self = .double(value)
        case .stringArray(let values): self = .array(values.map { .string($0) })
        case .int64Array(let values): self = .array(values.map { .int($0) })
        case .int32Array(let values): self = .array(values.map { .int(Int64($0)) })
        case .boolArray(let values): self = .array(values.map { .bool($0) })
        case .doubleArray(let values): self = .array(values.map { .double($0) })
        case .stringConvertible(let value):
            self = (value as? NativeAttribute)?.value ?? .string(String(describing: value))
        case .stringConvertibleArray(let values): self = .array(values.map { .string(String(describing: $0)) })
        default: self = .empty
        }
    }

    /// The standard form; a value that has none there is wrapped, so that nothing is lost on the way back.
    var standard: SpanAttribute {
        switch self {
        case .string(let value): .string(value)
        case .int(let value): .int64(value)
        case .bool(let value): .bool(value)
        case .double(let value): .double(value)
        case .array, .bytes, .keyValueList, .empty: .stringConvertible(NativeAttribute(value: self))
        }
    }

    /// A value whose strings have at most this many Unicode scalars.
    func truncated(to length: Int) -> AttributeValue {
        switch self {
        case .string(let text):
            guard text.utf8.count > length, text.unicodeScalars.count > length else { return self }
            return .string(String(text.unicodeScalars.prefix(length)))
        case .array(let values): return .array(values.map { $0.truncated(to: length) })
        default: return self
        }
    }
}

/// A value that swift-distributed-tracing has no case for, carried through it unchanged.
private struct NativeAttribute: CustomStringConvertible, Sendable {
    var value: AttributeValue
    var description: String { String(describing: value) }
}

extension Array where Element == Attribute {
    /// The attributes of a standard dictionary within the limits, in no particular order.
    init(_ attributes: SpanAttributes, count limit: Int, valueLength: Int?, dropped: inout UInt32) {
        guard !attributes.isEmpty else {
            self = []
            return
        }
        var result: [Attribute] = []
        result.reserveCapacity(Swift.min(attributes.count, limit))
        var lost: UInt32 = 0
        attributes.forEach { key, value in
            guard result.count < limit, !key.isEmpty else {
                lost += 1
                return
            }
            let value = AttributeValue(value)
            result.append(Attribute(key: key, value: valueLength.map { value.truncated(to: $0) } ?? value))
        }
        dropped += lost
        self = result
    }

    /// The attributes within the limits; the first ones stay.
    func limited(count limit: Int, valueLength: Int?, dropped: inout UInt32) -> [Attribute] {
        var result = self
        if result.count > limit {
            dropped += UInt32(clamping: result.count - limit)
            result.removeLast(result.count - limit)
        }
        if let valueLength {
            for index in result.indices { result[index].value = result[index].value.truncated(to: valueLength) }
        }
        return result
    }
}

extension TraceModel.SpanKind {
    init(_ kind: Tracing.SpanKind) {
        switch kind {
        case .internal: self = .internal
        case .server: self = .server
        case .client: self = .client
        case .producer: self = .producer
        case .consumer: self = .consumer
        }
    }
}
