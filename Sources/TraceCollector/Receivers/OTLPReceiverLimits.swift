/// The bounds of the OTLP receivers.
public struct OTLPReceiverLimits: Hashable, Sendable {
    /// Bytes of one request, before and after decompression. More gets HTTP 413 or gRPC RESOURCE_EXHAUSTED.
    public var maximumRequestSize: Int
    /// Bytes of all HTTP requests that are read, decoded or committed at one time; one request alone is always admitted. More gets 429
    /// with `Retry-After`. Decoded spans take about five times as much memory.
    public var maximumBytesInFlight: Int
    /// Calls under way on one gRPC connection; more wait.
    public var maximumConcurrentStreams: Int
    /// A connection without traffic for this long is closed, in seconds.
    public var idleTimeoutSeconds: Int

    public init(
        maximumRequestSize: Int = 64 * 1024 * 1024,
        maximumBytesInFlight: Int = 64 * 1024 * 1024,
        maximumConcurrentStreams: Int = 128,
        idleTimeoutSeconds: Int = 120
    ) {
        self.maximumRequestSize = maximumRequestSize
        self.maximumBytesInFlight = maximumBytesInFlight
        self.maximumConcurrentStreams = maximumConcurrentStreams
        self.idleTimeoutSeconds = idleTimeoutSeconds
    }
}
