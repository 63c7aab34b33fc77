/// The bounds of one receiver; what all receivers share is in ``SpanIngestConfiguration``.
public struct ReceiverLimits: Hashable, Sendable {
    /// Bytes of one request, before and after decompression. More gets HTTP 413 or gRPC RESOURCE_EXHAUSTED.
    public var maximumRequestSize: Int
    /// Spans of one request, the invalid ones too. More gets what too many bytes get.
    public var maximumSpansPerRequest: Int
    /// How long the body of a request over HTTP may take to arrive, in seconds; then the connection is closed.
    public var bodyTimeoutSeconds: Int
    /// Calls under way on one gRPC connection; more wait.
    public var maximumConcurrentStreams: Int
    /// A connection without traffic for this long is closed, in seconds.
    public var idleTimeoutSeconds: Int
    /// Bytes of datagrams that wait to be decoded and stored; more are dropped, and counted in ``IngestCounters/droppedDatagrams``.
    public var maximumQueuedDatagramBytes: Int
    /// How long datagrams are held while the store has no room or fails, in seconds; then they are dropped and counted.
    public var datagramPatienceSeconds: Int

    public init(
        maximumRequestSize: Int = 64 * 1024 * 1024,
        maximumSpansPerRequest: Int = 500_000,
        bodyTimeoutSeconds: Int = 30,
        maximumConcurrentStreams: Int = 128,
        idleTimeoutSeconds: Int = 120,
        maximumQueuedDatagramBytes: Int = 16 * 1024 * 1024,
        datagramPatienceSeconds: Int = 10
    ) {
        self.maximumRequestSize = maximumRequestSize
        self.maximumSpansPerRequest = maximumSpansPerRequest
        self.bodyTimeoutSeconds = bodyTimeoutSeconds
        self.maximumConcurrentStreams = maximumConcurrentStreams
        self.idleTimeoutSeconds = idleTimeoutSeconds
        self.maximumQueuedDatagramBytes = maximumQueuedDatagramBytes
        self.datagramPatienceSeconds = datagramPatienceSeconds
    }
}
