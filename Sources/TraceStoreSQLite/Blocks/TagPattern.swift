internal import TraceModel
internal import TraceStore

/// A tag filter, judged on a span's bytes: it says no only when the decoded span would not match either.
struct TagPattern: Sendable {
    let key: [UInt8]
    /// `nil` when a string may be equal with other bytes.
    private let text: [UInt8]?
    private let int: Int64?
    private let double: Double?
    /// The filter also holds for a span with this status.
    private let status: UInt64?

    /// `nil` for a filter that only decoded spans can judge, because its key stands for fields of several kinds.
    init?(_ filter: TagFilter) {
        switch filter.key {
        case "error":
            guard filter.value == "true" else { return nil }
            status = UInt64(SpanStatus.Code.error.rawValue)
        case "span.status", "status", "otel.status_code", "otel.status_description", "span.kind", "scope.name", "otel.scope.name", "scope.version",
            "otel.scope.version", "w3c.tracestate", "event", "":
            return nil
        default:
            guard !filter.key.hasPrefix("resource.") else { return nil }
            status = nil
        }
        guard let key = filter.key.exactBytes else { return nil }
        self.key = key
        text = filter.value.exactBytes
        int = Int64(filter.value)
        double = Double(filter.value)
    }

    /// Looks through `repeated KeyValue attributes = 9; repeated Event events = 11; repeated Link links = 13; Status status = 15;`.
    func mayMatch(_ span: ProtobufFields) -> Bool {
        var span = span
        while let field = span.next() {
            switch field.number {
            case 9:
                if attributeMayMatch(ProtobufFields(span.buffer, field.value)) { return true }
            case 11, 13:
                if span.buffer.contains(key, in: field.value) { return true }
            case 15:
                guard let status else { continue }
                // `message Status { string message = 2; StatusCode code = 3; }`
                var fields = ProtobufFields(span.buffer, field.value)
                while let field = fields.next() {
                    if field.number == 3, fields.number(field) == status { return true }
                }
            default: break
            }
        }
        return span.isBroken
    }

    /// `message KeyValue { string key = 1; AnyValue value = 2; }`
    private func attributeMayMatch(_ start: ProtobufFields) -> Bool {
        var fields = start
        while let field = fields.next() {
            if field.number == 1, !fields.buffer.equals(key, at: field.value) { return false }
            if field.number == 2 { return valueMayMatch(ProtobufFields(fields.buffer, field.value)) }
        }
        // No value, or an order of the fields that is not the encoder's.
        return true
    }

    /// `message AnyValue { oneof value { string string_value = 1; bool bool_value = 2; int64 int_value = 3; double double_value = 4; … } }`
    private func valueMayMatch(_ start: ProtobufFields) -> Bool {
        var fields = start
        guard let field = fields.next() else { return true }
        switch field.number {
        case 1: return text.map { fields.buffer.equals($0, at: field.value) } ?? true
        case 3: return int == Int64(bitPattern: fields.number(field))
        case 4:
            guard field.value.count == 8 else { return true }
            let value = Double(bitPattern: fields.word(field.value.lowerBound).littleEndian)
            return value == double || value.isNaN
        default: return true
        }
    }
}

extension String {
    /// The bytes that an equal string has, too; `nil` for text beyond ASCII, which Unicode may write in several ways.
    var exactBytes: [UInt8]? {
        utf8.allSatisfy { $0 < 0x80 } ? Array(utf8) : nil
    }
}
