internal import Logging
internal import NeedletailTracing
internal import TraceModel
internal import TraceStore

/// The end of a pipeline: hands spans to all of its exporters.
///
/// Next to our own store the others are guests: what one of them cannot take is counted and logged, and neither holds up nor fails
/// what is stored, unless its queue is told to block. Without the store, each of them has to take the spans.
struct ExporterFanOut: SpanSink {
    let stores: [any SpanSink]
    let others: [QueuedExporter]
    let logger: Logger
    private let gate = LogGate(interval: .seconds(10))

    init(stores: [any SpanSink], others: [QueuedExporter], logger: Logger) {
        self.stores = stores
        self.others = others
        self.logger = logger
    }

    func append(_ batches: [SpanBatch]) async throws {
        for store in stores { try await store.append(batches) }
        var failure: (any Error)?
        for exporter in others {
            do {
                try await exporter.append(batches)
            } catch {
                if stores.isEmpty {
                    failure = failure ?? error
                } else if let suppressed = gate.admit() {
                    logger.warning(
                        "Spans are stored, and were not taken by another exporter of the pipeline",
                        metadata: ["exporter": "\(exporter.id)", "error": "\(error)", "suppressed": "\(suppressed)"]
                    )
                }
            }
        }
        if let failure { throw failure }
    }
}
