/// The bounds of ``SpanIngest``.
public struct SpanIngestConfiguration: Hashable, Sendable {
    /// At most this many spans wait for their commit or are being committed; more are refused with
    /// ``IngestError/Code/overloaded`` and counted in ``IngestCounters/refusedOverloaded``. One batch alone is always admitted.
    public var maximumPendingSpans: Int
    /// A commit takes waiting batches up to this many spans (at least one batch), so that its duration stays bounded.
    public var maximumSpansPerCommit: Int
    /// What a refused sender is told to wait, in seconds.
    public var retryAfterSeconds: Int

    /// Bytes of all HTTP requests that are read, decoded or committed at one time; one request alone is always admitted. More gets 429
    /// with `Retry-After`. Decoded spans take about five times as much memory.
    public var maximumRequestBytes: Int
    public init(
        maximumPendingSpans: Int = 65_536,
        maximumSpansPerCommit: Int = 16_384,
        retryAfterSeconds: Int = 1,
        maximumRequestBytes: Int = 64 * 1024 * 1024
    ) {
        self.maximumPendingSpans = maximumPendingSpans
        self.maximumSpansPerCommit = maximumSpansPerCommit
        self.retryAfterSeconds = retryAfterSeconds
        self.maximumRequestBytes = maximumRequestBytes
    }
}
