/// `google.rpc.RetryInfo`: how a gRPC server says when to come back.
enum RetryInfo {
    /// The value of `grpc-status-details-bin`:
    /// `google.rpc.Status { 1 code int32, 2 message string, 3 details Any }`, `Any { 1 type_url string, 2 value bytes }`,
    /// `RetryInfo { 1 retry_delay Duration }`, `Duration { 1 seconds int64 }`.
    static func statusDetails(code: StatusCode, message: String, retryAfterSeconds: Int) -> [UInt8] {
        var duration: [UInt8] = []
        append(number: UInt64(max(retryAfterSeconds, 0)), field: 1, to: &duration)
        var info: [UInt8] = []
        append(bytes: duration, field: 1, to: &info)
        var any: [UInt8] = []
        append(bytes: Array("type.googleapis.com/google.rpc.RetryInfo".utf8), field: 1, to: &any)
        append(bytes: info, field: 2, to: &any)
        var status: [UInt8] = []
        append(number: UInt64(code.rawValue), field: 1, to: &status)
        append(bytes: Array(message.utf8), field: 2, to: &status)
        append(bytes: any, field: 3, to: &status)
        return status
    }

    private static func append(number: UInt64, field: UInt8, to bytes: inout [UInt8]) {
        bytes.append(field << 3)
        append(varint: number, to: &bytes)
    }

    private static func append(bytes value: [UInt8], field: UInt8, to bytes: inout [UInt8]) {
        bytes.append(field << 3 | 2)
        append(varint: UInt64(value.count), to: &bytes)
        bytes += value
    }

    private static func append(varint: UInt64, to bytes: inout [UInt8]) {
        var rest = varint
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(rest))
    }
}
