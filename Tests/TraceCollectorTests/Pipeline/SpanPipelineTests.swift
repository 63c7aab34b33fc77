import Logging
import PrometheusMetrics
import ServiceLifecycle
import Testing
import TraceModel
import TraceStore

@testable import TraceCollector

@Suite("Pipelines")
struct SpanPipelineTests {
    private let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    private func pipeline(_ text: String, store: any SpanSink, folder: TemporaryFolder = TemporaryFolder()) throws -> SpanPipeline {
        try SpanPipeline(configuration: CollectorConfiguration(text: text), store: store, dataDirectory: folder.path, logger: logger)
    }

    @Test("Without a file everything goes to the store as it is")
    func direct() async throws {
        let store = RecordingSink()
        let pipeline = try SpanPipeline(configuration: .storeOnly, store: store, dataDirectory: "/nowhere", logger: logger)
        try await pipeline.append([spanBatch(trace: 1), spanBatch(trace: 2)])
        #expect(store.batches == [spanBatch(trace: 1), spanBatch(trace: 2)])
        #expect(pipeline.families().isEmpty)
        #expect(pipeline.maximumConcurrentAppends == 1)
    }

    @Test("Processors work in their order, and are counted under the Collector's names")
    func order() async throws {
        let store = RecordingSink()
        let pipeline = try pipeline(
            """
            processors:
              attributes/first: {actions: [{key: step, action: upsert, value: one}]}
              attributes/second: {actions: [{key: seen, action: upsert, from_attribute: step}]}
              filter: {traces: {span: ['name == "noise"']}}
            exporters: {debug: }
            service: {pipelines: {traces: {processors: [attributes/first, filter, attributes/second], exporters: [trace_store, debug]}}}
            """,
            store: store
        )
        try await pipeline.append([spanBatch(names: ["a", "noise"])])
        #expect(store.names == ["a"])
        #expect(store.spans[0].attributes == [Attribute("step", "one"), Attribute("seen", "one")])
        let families = pipeline.families()
        let names = families.map(\.name)
        for name in ["otelcol_processor_incoming_items", "otelcol_processor_outgoing_items", "otelcol_exporter_sent_spans"] { #expect(names.contains(name)) }
        let outgoing = try #require(families.first { $0.name == "otelcol_processor_outgoing_items" })
        #expect(outgoing.points.count == 3)
    }

    @Test("Each pipeline gets the spans of its receivers")
    func receivers() async throws {
        let store = RecordingSink()
        let pipeline = try pipeline(
            """
            processors:
              attributes/zipkin: {actions: [{key: from, action: insert, value: zipkin}]}
            service:
              pipelines:
                traces: {receivers: [otlp], exporters: [trace_store]}
                traces/zipkin: {receivers: [zipkin], processors: [attributes/zipkin], exporters: [trace_store]}
            """,
            store: store
        )
        let ingest = SpanIngest(store: pipeline, logger: logger)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await ingest.run() }
            try await ingest.accept(spanBatch(trace: 1), from: .otlpGRPC)
            try await ingest.accept(spanBatch(trace: 2), from: .zipkin)
            // Nobody keeps Jaeger's here, so nobody says that they are accepted.
            await #expect(throws: IngestError.self) { try await ingest.accept(spanBatch(trace: 3), from: .jaegerGRPC) }
            group.cancelAll()
            try await group.waitForAll()
        }
        #expect(store.spans.map(\.traceID.low) == [1, 2])
        #expect(store.spans.map { $0.attributes["from"] } == [nil, "zipkin"])
    }

    @Test("A refusal for lack of room reaches the sender as such")
    func overload() async throws {
        let store = RecordingSink()
        store.refuse(IngestError(code: .overloaded, message: "full", retryAfterSeconds: 7))
        let pipeline = try pipeline("service: {pipelines: {traces: {exporters: [trace_store]}}}", store: store)
        let ingest = SpanIngest(store: pipeline, logger: logger)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await ingest.run() }
            let error = await #expect(throws: IngestError.self) { try await ingest.accept(spanBatch()) }
            #expect(error?.code == .overloaded)
            #expect(error?.retryAfterSeconds == 7)
            group.cancelAll()
            try await group.waitForAll()
        }
        #expect(ingest.counters.refusedOverloaded == 1)
        #expect(ingest.counters.refusedStoreFailed == 0)
        #expect(ingest.counters.pending == 0)
    }
}
