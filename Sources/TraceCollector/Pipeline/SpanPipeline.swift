public import Logging
internal import NeedletailTracing
package import PrometheusMetrics
public import ServiceLifecycle
public import TraceModel
public import TraceStore

/// What happens to spans between the receivers and the store: processors in order, then the store and the exporters.
public final class SpanPipeline: SpanSink, Service {
    private struct Way: Sendable {
        var receivers: Set<CollectorConfiguration.ReceiverType>
        var first: any SpanSink
    }

    private let store: any SpanSink
    private let ways: [Way]
    private let workers: [any PipelineWorker]
    /// In the order in which they stop.
    private let exporters: [QueuedExporter]
    private let tailSamplers: [TailSamplingProcessor]
    private let counters = PipelineCounters()

    /// - Parameters:
    ///   - configuration: What to do; the default hands everything to the store.
    ///   - store: The exporter `trace_store`.
    ///   - dataDirectory: Where spans wait that tail sampling has not decided.
    /// - Throws: when a file cannot be used.
    public init(configuration: CollectorConfiguration, store: any SpanSink, dataDirectory: String, logger: Logger) throws {
        self.store = store
        var exporters: [ComponentID: QueuedExporter] = [:]
        for id in Set(configuration.pipelines.flatMap(\.exporters)) {
            guard let settings = configuration.exporters[id], let exporter = try Self.exporter(id, settings, logger) else { continue }
            exporters[id] = try QueuedExporter(id: id, exporter: exporter, settings: settings, counters: counters, logger: logger)
        }
        var ways: [Way] = []
        var workers: [any PipelineWorker] = []
        var tailSamplers: [TailSamplingProcessor] = []
        for pipeline in configuration.pipelines {
            let stores = pipeline.exporters.filter { configuration.exporters[$0]?.kind.isStore == true }.map { _ in store }
            var next: any SpanSink = ExporterFanOut(stores: stores, others: pipeline.exporters.compactMap { exporters[$0] }, logger: logger)
            for (id, settings) in pipeline.processors.reversed() {
                switch settings {
                case .transform(let transform): next = TransformStage(id: id, transform: transform, next: next, counters: counters, logger: logger)
                case .memoryLimiter(let settings): next = MemoryLimiter(id: id, settings: settings, next: next, counters: counters, logger: logger)
                case .batch(let settings):
                    let batch = BatchProcessor(id: id, settings: settings, next: next, counters: counters)
                    workers.append(batch)
                    next = batch
                case .tailSampling(let settings):
                    let sampler = try TailSamplingProcessor(
                        id: id, pipeline: pipeline.id, settings: settings, folder: "\(dataDirectory)/pipelines", next: next, counters: counters, logger: logger
                    )
                    workers.append(sampler)
                    tailSamplers.append(sampler)
                    next = sampler
                }
            }
            ways.append(Way(receivers: pipeline.receivers, first: next))
        }
        self.ways = ways
        // What is nearest to the receivers stops first: the workers of a pipeline were made from its end.
        self.workers = workers.reversed()
        self.exporters = exporters.values.sorted { $0.id.description < $1.id.description }
        self.tailSamplers = tailSamplers
        let folder = "\(dataDirectory)/pipelines"
        for name in StorageFolder.databases(in: folder) where !tailSamplers.contains(where: { $0.path == "\(folder)/\(name)" }) {
            logger.warning("Spans that an earlier configuration had not decided on may wait here; start with its tail_sampling once more, or remove the file", metadata: ["file": "\(folder)/\(name)"])
        }
        for notice in configuration.notices { logger.notice("\(notice)") }
    }

    private static func exporter(_ id: ComponentID, _ settings: ExporterSettings, _ logger: Logger) throws -> (any SpanExporter)? {
        switch settings.kind {
        case .traceStore, .connector: nil
        case .otlpGRPC(let configuration): try OTLPGRPCExporter(configuration: configuration)
        case .otlpHTTP(let configuration): try OTLPHTTPExporter(configuration: configuration)
        case .zipkin(let configuration): try ZipkinExporter(configuration: configuration)
        case .file(let settings): try CollectorFile(settings: settings)
        case .debug(let settings): DebugExporter(id: id, settings: settings, logger: logger)
        }
    }

    // MARK: Spans

    /// How many ``append(_:)`` make sense at one time: a batch processor gathers several.
    package var maximumConcurrentAppends: Int { ways.isEmpty ? 1 : 16 }

    /// Some receivers' spans go another way than others'.
    var isByReceiver: Bool { ways.contains { $0.receivers.count < CollectorConfiguration.ReceiverType.allCases.count } }

    /// Why spans of a protocol are not taken: no pipeline has its receiver. What nobody keeps is not acknowledged.
    func refusal(of spanProtocol: SpanProtocol) -> IngestError? {
        guard !ways.isEmpty, let receiver = CollectorConfiguration.ReceiverType(spanProtocol), !ways.contains(where: { $0.receivers.contains(receiver) }) else { return nil }
        return IngestError(
            code: .storeFailed,
            message: "no pipeline of --collector-config has the receiver \(receiver.rawValue): its spans are not kept; add it to a pipeline's receivers"
        )
    }

    public func append(_ batches: [SpanBatch]) async throws {
        guard !ways.isEmpty else { return try await store.append(batches) }
        try await append(batches.map { ReceivedSpans(batch: $0, spanProtocol: nil) })
    }

    /// Takes spans and how they came.
    func append(_ received: [ReceivedSpans]) async throws {
        guard !ways.isEmpty else { return try await store.append(received.map(\.batch)) }
        if ways.count == 1 { return try await append(received, to: ways[0]) }
        let failure: (any Error)? = await withTaskGroup(of: (any Error)?.self) { tasks in
            for way in ways {
                tasks.addTask {
                    do {
                        try await self.append(received, to: way)
                        return nil
                    } catch {
                        return error
                    }
                }
            }
            // All ways are waited for: those that took the spans get them again when the sender sends them again.
            var failure: (any Error)?
            for await result in tasks { failure = failure ?? result }
            return failure
        }
        if let failure { throw failure }
    }

    private func append(_ received: [ReceivedSpans], to way: Way) async throws {
        let batches = received.filter { spans in
            // Spans of this process and of files come from no receiver: every pipeline gets them.
            spans.spanProtocol.flatMap { CollectorConfiguration.ReceiverType($0) }.map { way.receivers.contains($0) } ?? true
        }
        if !batches.isEmpty { try await way.first.append(batches.map(\.batch)) }
    }

    // MARK: Running

    /// Runs timers and senders until a graceful shutdown or a cancellation, then drains.
    public func run() async throws {
        guard !ways.isEmpty else { return try await gracefulShutdown() }
        await withTaskGroup(of: Void.self) { senders in
            for exporter in exporters { senders.addTask { await exporter.run() } }
            await withTaskGroup(of: Void.self) { timers in
                for worker in workers { timers.addTask { await worker.run() } }
                try? await gracefulShutdown()
                for worker in workers { worker.stop() }
            }
            // What the processors passed on at the end is sent, too.
            for exporter in exporters { exporter.stop() }
        }
    }

    // MARK: Metrics

    /// The pipeline's own telemetry under the OpenTelemetry Collector's names.
    package func families() -> [MetricFamily] {
        var gauges: [MetricFamily] = []
        func add(_ name: String, _ help: String, _ label: (String, String), _ value: Int) {
            let point = MetricFamily.Point(MetricLabels([label]), .integer(UInt64(max(value, 0))))
            if let index = gauges.firstIndex(where: { $0.name == name }) {
                gauges[index].points.append(point)
            } else {
                gauges.append(MetricFamily(name, .gauge, help: help, points: [point]))
            }
        }
        for exporter in exporters {
            for gauge in exporter.gauges { add(gauge.name, gauge.help, ("exporter", exporter.id.description), gauge.value) }
        }
        for sampler in tailSamplers {
            add("otelcol_processor_tail_sampling_sampling_traces_on_memory", "Traces that tail sampling remembers.", ("processor", sampler.id.description), sampler.tracesInMemory)
        }
        return counters.families() + gauges
    }
}

/// Spans and the protocol over which they came; none for those of this process and of files.
struct ReceivedSpans: Sendable {
    var batch: SpanBatch
    var spanProtocol: SpanProtocol?
}
