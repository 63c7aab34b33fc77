public import TraceModel

/// Where spans go: a store, a pipeline in front of it, an exporter behind it.
public protocol SpanSink: Sendable {
    /// Takes spans; see ``TraceStore/append(_:)`` for what a return means.
    ///
    /// - Throws: when none of the spans was taken; the sender may send them again.
    func append(_ batches: [SpanBatch]) async throws
}

/// Hears of spans after they are durable: metrics and live views, which must never hold up or fail what is stored.
public protocol SpanObserver: Sendable {
    /// Called once for each commit, by one task at a time; returns quickly.
    func stored(_ batches: [SpanBatch])
}
