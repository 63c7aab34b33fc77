internal import GRPCCore
internal import ProtobufCoding
internal import TraceModel

/// Walks the requests of the query services.
typealias QueryCursor = ProtobufCursor<QueryMessageError>

/// Bytes that are no message of the query services.
struct QueryMessageError: Error, Hashable, Sendable, ProtobufFailure {
    /// For people: what was wrong and where.
    var message: String

    /// - Parameter schema: the name of the message, for example `FindTracesRequest`.
    init(malformedProtobuf found: String, at offset: Int, schema: StaticString) {
        message = "malformed \(schema) at byte \(offset): found \(found)"
    }
}

extension ProtobufCursor where Failure == QueryMessageError {
    /// `google.protobuf.Timestamp` and `Duration`, `{ 1 seconds int64, 2 nanos int32 }`, in nanoseconds; negative ones are 0.
    mutating func nanoseconds() throws(QueryMessageError) -> UInt64 {
        var seconds: Int64 = 0
        var nanoseconds: Int64 = 0
        try message { (cursor, tag) throws(QueryMessageError) in
            switch tag {
            case 1 << 3: seconds = try cursor.int64()
            case 2 << 3: nanoseconds = try cursor.int64()
            default: try cursor.skip(tag)
            }
        }
        guard seconds >= 0, nanoseconds >= 0 else { return 0 }
        let (product, isTooLarge) = UInt64(seconds).multipliedReportingOverflow(by: 1_000_000_000)
        let (sum, overflow) = product.addingReportingOverflow(UInt64(nanoseconds))
        return isTooLarge || overflow ? .max : sum
    }

    /// An entry of a `map<string, string>`.
    mutating func pair() throws(QueryMessageError) -> (key: String, value: String) {
        var pair = (key: "", value: "")
        try message { (cursor, tag) throws(QueryMessageError) in
            switch tag {
            case 1 << 3 | 2: pair.key = try cursor.text()
            case 2 << 3 | 2: pair.value = try cursor.text()
            default: try cursor.skip(tag)
            }
        }
        return pair
    }
}

/// Takes the bytes of a request.
struct ByteDeserializer: MessageDeserializer {
    func deserialize<Bytes: GRPCContiguousBytes>(_ serializedMessageBytes: Bytes) throws -> [UInt8] {
        serializedMessageBytes.withUnsafeBytes { Array($0) }
    }
}
