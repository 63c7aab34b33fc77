import Metrics
import MetricsTestKit
import NeedletailTracing
import ServiceLifecycle
import Testing
import TraceModel

@Suite(.timeLimit(.minutes(20)))
struct TracingMetricsTests {
    /// Fails while it is told to.
    private final class Fallible: SpanExporter {
        func export(_ batch: SpanBatch) async throws -> SpanExportResult {
            if batch.resourceSpans[0].scopeSpans[0].spans.contains(where: { $0.name == "poison" }) {
                throw SpanExportError(code: .refused, message: "no")
            }
            return batch.spanCount == 3 ? SpanExportResult(rejectedSpanCount: 1, message: "one too many") : .success
        }

        func shutdown() async {}
        var componentType: String { "test_exporter" }
    }

    private func system(_ metrics: TestMetrics, log: LogRecorder = LogRecorder(), queue: Int = 100) throws -> TracingSystem {
        var configuration = TracingConfiguration(resource: Resource(), logger: log.logger)
        configuration.exporters = [.custom(Fallible())]
        configuration.metricsFactory = metrics
        configuration.batch = BatchSpanProcessorConfiguration(maxQueueSize: queue, scheduleDelay: .seconds(3600), maxExportBatchSize: queue)
        return try configuration.makeSystem()
    }

    /// Runs the system while the body runs, then stops it gracefully: the last report comes at the end.
    private func run(_ system: TracingSystem, _ body: @escaping @Sendable () async -> Void) async throws {
        struct Body: Service {
            var body: @Sendable () async -> Void
            func run() async throws { await body() }
        }
        try await ServiceGroup(
            configuration: .init(
                services: [.init(service: system), .init(service: Body(body: body), successTerminationBehavior: .gracefullyShutdownGroup)],
                logger: LogRecorder().logger
            )
        ).run()
    }

    private func total(_ metrics: TestMetrics, _ label: String, _ dimensions: [(String, String)]) throws -> Int64 {
        try metrics.expectCounter(label, dimensions).values.reduce(0, +)
    }

    @Test("What became of every span is reported under OpenTelemetry's names")
    func reports() async throws {
        let metrics = TestMetrics()
        let system = try system(metrics)
        let tracer = system.tracer
        let processor = [("otel.component.type", "batching_span_processor"), ("otel.component.name", "batching_span_processor/0")]
        let exporter = [("otel.component.type", "test_exporter"), ("otel.component.name", "test_exporter/0")]
        try await run(system) {
            for _ in 0..<3 { tracer.startSpan("span", parent: nil).end() }
            await system.forceFlush()
            tracer.startSpan("poison", parent: nil).end()
            await system.forceFlush()
            let unsampled = TraceContext(traceID: IDGenerator.traceID(), spanID: IDGenerator.spanID(), flags: [], isRemote: true)
            tracer.startSpan("unsampled", parent: unsampled).end()
        }
        let sampled = [("otel.span.parent.origin", "none"), ("otel.span.sampling_result", "RECORD_AND_SAMPLE")]
        #expect(try total(metrics, "otel.sdk.span.started", sampled) == 4)
        let dropped = [("otel.span.parent.origin", "remote"), ("otel.span.sampling_result", "DROP")]
        #expect(try total(metrics, "otel.sdk.span.started", dropped) == 1)
        #expect(try total(metrics, "otel.sdk.processor.span.processed", processor) == 4)
        #expect(try total(metrics, "otel.sdk.exporter.span.exported", exporter) == 2)
        #expect(try total(metrics, "otel.sdk.exporter.span.exported", exporter + [("error.type", "rejected")]) == 1)
        #expect(try total(metrics, "otel.sdk.exporter.span.exported", exporter + [("error.type", "export_failed")]) == 1)
        #expect(try metrics.expectTimer("otel.sdk.exporter.operation.duration", exporter).values.count == 1)
        let failures = exporter + [("error.type", "export_failed")]
        #expect(try metrics.expectTimer("otel.sdk.exporter.operation.duration", failures).values.count == 1)
    }

    @Test("A full queue is reported as the reason of a loss")
    func queueFull() async throws {
        let metrics = TestMetrics()
        let system = try system(metrics, queue: 5)
        let tracer = system.tracer
        // Nothing exports yet: two spans find no room.
        for _ in 0..<7 { tracer.startSpan("span", parent: nil).end() }
        try await run(system) {}
        let processor = [("otel.component.type", "batching_span_processor"), ("otel.component.name", "batching_span_processor/0")]
        #expect(try total(metrics, "otel.sdk.processor.span.processed", processor + [("error.type", "queue_full")]) == 2)
        #expect(try total(metrics, "otel.sdk.processor.span.processed", processor) == 5)
    }

    @Test("One line says when exports begin to fail, one when they succeed again")
    func failureEpisode() async throws {
        let log = LogRecorder()
        let system = try system(TestMetrics(), log: log)
        for name in ["fine", "poison", "poison", "fine", "fine"] {
            system.tracer.startSpan(name, parent: nil).end()
            await system.forceFlush()
        }
        #expect(log.messages(containing: "could not be exported").count == 1)
        let again = log.messages(containing: "exported again")
        #expect(again.count == 1)
        #expect(again.first?.contains("2") == true)
        await system.shutdown()
    }
}
