public import TraceModel

/// All stored spans of one trace.
public struct StoredTrace: Hashable, Sendable {
    public var id: TraceID
    /// The spans, grouped by equal resource and scope; every span has this trace's id.
    public var batch: SpanBatch

    public init(id: TraceID, batch: SpanBatch) {
        self.id = id
        self.batch = batch
    }
}
