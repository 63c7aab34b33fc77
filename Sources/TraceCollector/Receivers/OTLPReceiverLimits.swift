/// The bounds of the OTLP receivers.
public struct OTLPReceiverLimits: Hashable, Sendable {
    /// Bytes of one request, before and after decompression. More gets HTTP 413 or gRPC RESOURCE_EXHAUSTED.
    public var maximumRequestSize: Int
    /// Bytes of all HTTP requests being read or decoded at one time. More gets 429 with `Retry-After`.
    public var maximumBytesInFlight: Int
    /// A connection without traffic for this long is closed, in seconds.
    public var idleTimeoutSeconds: Int

    public init(
        maximumRequestSize: Int = 64 * 1024 * 1024,
        maximumBytesInFlight: Int = 192 * 1024 * 1024,
        idleTimeoutSeconds: Int = 120
    ) {
        self.maximumRequestSize = maximumRequestSize
        self.maximumBytesInFlight = maximumBytesInFlight
        self.idleTimeoutSeconds = idleTimeoutSeconds
    }
}
