/// What became of the spans handed to a ``BatchSpanProcessor`` since it was made.
public struct BatchSpanProcessorCounters: Hashable, Sendable {
    /// Spans that were accepted into the queue.
    public var enqueued = 0
    /// Spans the receiver has accepted.
    public var exported = 0
    /// Exports that succeeded, at least in part.
    public var exports = 0
    /// Spans that found the queue full.
    public var droppedQueueFull = 0
    /// Spans lost because their export failed or took too long.
    public var droppedExportFailed = 0
    /// Spans the receiver refused for good (partial success).
    public var droppedRejected = 0
    /// Spans that ended after the shutdown, or that the shutdown could not export in time.
    public var droppedShutdown = 0

    /// All losses.
    public var dropped: Int { droppedQueueFull + droppedExportFailed + droppedRejected + droppedShutdown }
    /// Spans that are waiting or being exported.
    public var pending: Int { enqueued - exported - droppedExportFailed - droppedRejected - droppedUnsent }

    /// The part of `droppedShutdown` that had been in the queue.
    var droppedUnsent = 0
}
