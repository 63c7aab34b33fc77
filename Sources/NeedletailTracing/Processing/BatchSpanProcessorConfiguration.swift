/// Settings of a ``BatchSpanProcessor``; the defaults are those of the OpenTelemetry specification (`OTEL_BSP_*`).
public struct BatchSpanProcessorConfiguration: Hashable, Sendable {
    /// Spans that may wait for export; further ones are dropped and counted. Spans being exported do not count.
    ///
    /// The default holds 10 ms at 200,000 spans a second: a busy service wants about a second's worth, at some 300 bytes
    /// to 1 kB a span.
    public var maxQueueSize: Int
    /// The longest time a span waits for its batch to become full.
    public var scheduleDelay: Duration
    /// The most spans in one export; at most `maxQueueSize`.
    public var maxExportBatchSize: Int
    /// The longest time of one export and of a flush; zero means no limit.
    public var exportTimeout: Duration
    /// The longest time that a shutdown exports what is left, before the rest is dropped and counted; zero means no limit.
    public var shutdownTimeout: Duration
    /// Exports that may run at the same time while several batches are full.
    public var maxConcurrentExports: Int

    /// Values below one count as one; a batch larger than the queue is cut to the queue's size.
    public init(
        maxQueueSize: Int = 2048,
        scheduleDelay: Duration = .seconds(5),
        maxExportBatchSize: Int = 512,
        exportTimeout: Duration = .seconds(30),
        shutdownTimeout: Duration = .seconds(10),
        maxConcurrentExports: Int = 2
    ) {
        self.maxQueueSize = maxQueueSize
        self.scheduleDelay = scheduleDelay
        self.maxExportBatchSize = maxExportBatchSize
        self.exportTimeout = exportTimeout
        self.shutdownTimeout = shutdownTimeout
        self.maxConcurrentExports = maxConcurrentExports
    }
}
