public import TraceModel
public import TraceStore

/// What was just stored, for pages and terminals that follow along.
public final class LiveFeed: SpanObserver {
    public init() {}

    public func stored(_ batches: [SpanBatch]) {}
}
