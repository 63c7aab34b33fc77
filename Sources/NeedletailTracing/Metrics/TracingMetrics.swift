internal import Metrics

/// Reports what tracing itself does to swift-metrics, under the names of the OpenTelemetry semantic conventions ("SDK metrics").
///
/// Spans are counted with plain numbers where they pass; this adds what has changed since the last report, so that a span
/// never waits for a metrics back end.
final class TracingMetrics {
    private let tracer: NeedletailTracer
    private let exports: [ExportMetrics]
    private let started: [(counter: Counter, count: (TracerCounters) -> Int)]
    private let misuse: [(counter: Counter, count: (TracerCounters) -> Int)]
    private var reported = TracerCounters()

    /// - Parameter factory: where the metrics go.
    init(tracer: NeedletailTracer, processors: [BatchSpanProcessor], factory: any MetricsFactory) {
        self.tracer = tracer
        self.exports = processors.enumerated().map { ExportMetrics(processor: $1, number: $0, factory: factory) }
        typealias Reading = (name: String, count: (TracerCounters) -> Int)
        func start(_ result: String, _ counts: @escaping (TracerCounters) -> TracerCounters.ByParent) -> [(Counter, (TracerCounters) -> Int)] {
            let origins: [Reading] = [
                ("none", { counts($0).none }), ("local", { counts($0).local }), ("remote", { counts($0).remote }),
            ]
            return origins.map { origin in
                let dimensions = [("otel.span.parent.origin", origin.name), ("otel.span.sampling_result", result)]
                return (Counter(label: MetricName.started, dimensions: dimensions, factory: factory), origin.count)
            }
        }
        started = start("RECORD_AND_SAMPLE") { $0.sampled } + start("RECORD_ONLY") { $0.recordedOnly } + start("DROP") { $0.notSampled }
        let mistakes: [Reading] = [
            ("use_after_end", { $0.usesAfterEnd }), ("second_end", { $0.secondEnds }), ("never_ended", { $0.neverEnded }),
        ]
        misuse = mistakes.map { mistake in
            (Counter(label: MetricName.misuse, dimensions: [("error.type", mistake.name)], factory: factory), mistake.count)
        }
    }

    /// Adds what has happened since the last call.
    func report() {
        let now = tracer.counters
        for (counter, count) in started + misuse {
            let new = count(now) - count(reported)
            if new > 0 { counter.increment(by: new) }
        }
        reported = now
        for export in exports { export.report() }
    }
}

/// The metrics of one processor and its exporter.
private final class ExportMetrics {
    private let processor: BatchSpanProcessor
    private let counters: [(counter: Counter, count: (BatchSpanProcessorCounters) -> Int)]
    private let queueSize: Meter
    private let succeeded: Timer
    private let failed: Timer
    private var reported = BatchSpanProcessorCounters()

    init(processor: BatchSpanProcessor, number: Int, factory: any MetricsFactory) {
        self.processor = processor
        let component = [
            ("otel.component.type", "batching_span_processor"), ("otel.component.name", "batching_span_processor/\(number)"),
        ]
        let exporter = [
            ("otel.component.type", processor.exporterName), ("otel.component.name", "\(processor.exporterName)/\(number)"),
        ]
        func counter(_ label: String, _ dimensions: [(String, String)], error: String? = nil) -> Counter {
            Counter(label: label, dimensions: dimensions + (error.map { [("error.type", $0)] } ?? []), factory: factory)
        }
        counters = [
            (counter(MetricName.processed, component), { $0.enqueued - $0.droppedUnsent }),
            (counter(MetricName.processed, component, error: "queue_full"), { $0.droppedQueueFull }),
            (counter(MetricName.processed, component, error: "shutdown"), { $0.droppedShutdown }),
            (counter(MetricName.exported, exporter), { $0.exported }),
            (counter(MetricName.exported, exporter, error: "rejected"), { $0.droppedRejected }),
            (counter(MetricName.exported, exporter, error: "export_failed"), { $0.droppedExportFailed }),
        ]
        queueSize = Meter(label: MetricName.queueSize, dimensions: component, factory: factory)
        // From now on the processor keeps them.
        _ = processor.takeExportDurations()
        Meter(label: MetricName.queueCapacity, dimensions: component, factory: factory).set(processor.configuration.maxQueueSize)
        succeeded = Timer(label: MetricName.exportDuration, dimensions: exporter, preferredDisplayUnit: .seconds, factory: factory)
        failed = Timer(
            label: MetricName.exportDuration, dimensions: exporter + [("error.type", "export_failed")], preferredDisplayUnit: .seconds, factory: factory
        )
    }

    func report() {
        let now = processor.counters
        for (counter, count) in counters {
            let new = count(now) - count(reported)
            if new > 0 { counter.increment(by: new) }
        }
        reported = now
        queueSize.set(processor.queuedCount)
        for export in processor.takeExportDurations() {
            (export.succeeded ? succeeded : failed).recordNanoseconds(export.nanoseconds)
        }
    }
}

/// Names of the metrics, each once.
enum MetricName {
    /// Spans started, by `otel.span.parent.origin` and `otel.span.sampling_result`.
    static let started = "otel.sdk.span.started"
    /// Calls on spans that came too late or never, by `error.type`: a name of ours.
    static let misuse = "otel.sdk.span.misused"
    /// Spans a processor took, or dropped for the reason in `error.type`.
    static let processed = "otel.sdk.processor.span.processed"
    static let queueSize = "otel.sdk.processor.span.queue.size"
    static let queueCapacity = "otel.sdk.processor.span.queue.capacity"
    /// Spans a receiver accepted, or that were lost for the reason in `error.type`.
    static let exported = "otel.sdk.exporter.span.exported"
    /// Seconds of one export, retries included.
    static let exportDuration = "otel.sdk.exporter.operation.duration"
}
