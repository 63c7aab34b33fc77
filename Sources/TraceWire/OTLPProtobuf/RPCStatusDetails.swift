/// The value of gRPC's trailer `grpc-status-details-bin`: a `google.rpc.Status` (OTLP specification, "OTLP/gRPC Throttling").
public enum RPCStatusDetails {
    /// `google.rpc.RetryInfo`: the request may be sent again.
    public struct RetryInfo: Hashable, Sendable {
        /// How long to wait before; `nil` when it says nothing.
        public var delay: Duration?

        public init(delay: Duration?) {
            self.delay = delay
        }
    }

    /// The longest wait that is read: a year is as good as for ever, and leaves room for sums.
    public static let maximumDelay = Duration.seconds(31_536_000)

    /// Finds the first `RetryInfo` among the details.
    ///
    /// `Status { 1 code int32, 2 message string, 3 details repeated Any }`, `Any { 1 type_url string, 2 value bytes }`,
    /// `RetryInfo { 1 retry_delay Duration }`, `Duration { 1 seconds int64, 2 nanos int32 }`
    ///
    /// - Returns: `nil` when there is none, or the bytes are no such message.
    public static func retryInfo(in bytes: [UInt8]) -> RetryInfo? {
        bytes.withUnsafeBufferPointer { buffer in
            guard let base = buffer.baseAddress else { return nil }
            var cursor = ProtobufCursor(buffer, base: base, schema: .otlp)
            return try? findRetryInfo(&cursor)
        }
    }

    private static func findRetryInfo(_ cursor: inout ProtobufCursor) throws(WireError) -> RetryInfo? {
        while !cursor.isAtEnd {
            let tag = try cursor.tag()
            guard tag == 3 << 3 | 2 else {
                try cursor.skip(tag)
                continue
            }
            let outer = try cursor.enter()
            var isRetryInfo = false
            var value: UnsafeBufferPointer<UInt8>?
            while !cursor.isAtEnd {
                let tag = try cursor.tag()
                switch tag {
                case 1 << 3 | 2:
                    isRetryInfo = String(decoding: try cursor.bytes(), as: UTF8.self).hasSuffix("/google.rpc.RetryInfo")
                case 2 << 3 | 2: value = try cursor.bytes()
                default: try cursor.skip(tag)
                }
            }
            cursor.leave(outer)
            if isRetryInfo { return RetryInfo(delay: try value.flatMap { value throws(WireError) in try delay(value) }) }
        }
        return nil
    }

    private static func delay(_ bytes: UnsafeBufferPointer<UInt8>) throws(WireError) -> Duration? {
        guard let base = bytes.baseAddress, !bytes.isEmpty else { return nil }
        var cursor = ProtobufCursor(bytes, base: base, schema: .otlp)
        var delay: Duration?
        while !cursor.isAtEnd {
            let tag = try cursor.tag()
            guard tag == 1 << 3 | 2 else {
                try cursor.skip(tag)
                continue
            }
            let outer = try cursor.enter()
            var seconds: Int64 = 0
            var nanoseconds: Int64 = 0
            while !cursor.isAtEnd {
                let tag = try cursor.tag()
                switch tag {
                case 1 << 3: seconds = Int64(bitPattern: try cursor.varint())
                case 2 << 3: nanoseconds = Int64(bitPattern: try cursor.varint())
                default: try cursor.skip(tag)
                }
            }
            cursor.leave(outer)
            delay = min(max(.seconds(seconds) + .nanoseconds(nanoseconds), .zero), maximumDelay)
        }
        return delay
    }
}
