internal import Inference
internal import ProtobufCoding

/// Walks the messages of the inference protocol.
typealias MessageCursor = ProtobufCursor<MessageError>

/// Bytes that are no message of the inference protocol.
struct MessageError: Error, Hashable, Sendable, ProtobufFailure {
    /// For people: what was wrong and where.
    var message: String

    init(_ message: String) { self.message = message }

    /// - Parameter schema: the name of the message, for example `ModelInferRequest`.
    init(malformedProtobuf found: String, at offset: Int, schema: StaticString) {
        message = "malformed \(schema) at byte \(offset): found \(found)"
    }

    /// As a client is told it.
    var inferenceError: InferenceError { InferenceError(.invalidArgument, message) }
}

extension ProtobufCursor where Failure == MessageError {
    /// Reads a message with a closure that takes each field by its tag (`number << 3 | wire type`); what it does not know it
    /// steps over with ``skip(_:)``.
    static func read(
        _ bytes: UnsafeRawBufferPointer,
        _ schema: StaticString,
        _ field: (inout Self, UInt32) throws(MessageError) -> Void
    ) throws(MessageError) {
        let buffer = bytes.assumingMemoryBound(to: UInt8.self)
        guard let base = buffer.baseAddress else { return }
        var cursor = Self(buffer, base: base, schema: schema)
        try cursor.fields(field)
    }

    static func read(
        _ bytes: [UInt8],
        _ schema: StaticString,
        _ field: (inout Self, UInt32) throws(MessageError) -> Void
    ) throws(MessageError) {
        let result = bytes.withUnsafeBytes { bytes -> Result<Void, MessageError> in
            do throws(MessageError) { return .success(try read(bytes, schema, field)) } catch { return .failure(error) }
        }
        try result.get()
    }

    /// Reads an entry of a map whose values are messages: `{ 1 key string, 2 value message }`.
    mutating func entry(_ value: (inout Self, UInt32) throws(MessageError) -> Void) throws(MessageError) -> String {
        var key = ""
        try message { (cursor, tag) throws(MessageError) in
            switch tag {
            case 1 << 3 | 2: key = try cursor.text()
            case 2 << 3 | 2: try cursor.message(value)
            default: try cursor.skip(tag)
            }
        }
        return key
    }
}
