internal import Instrumentation
internal import Metrics
public import ServiceLifecycle

/// A tracer and what exports its spans.
///
/// Run it in a `ServiceGroup`, before the services that are traced, so that it stops after them and their last spans leave.
public struct TracingSystem: Service {
    public let tracer: NeedletailTracer
    /// One for each exporter, so that a slow one does not hold up the others; none when tracing is disabled.
    public let processors: [BatchSpanProcessor]
    /// What middleware should leave alone.
    public let excludedURLs: ExcludedURLs
    /// Those that have to be run.
    private let remoteSamplers: [JaegerRemoteSampler]
    private let metricsFactory: (any MetricsFactory)?
    private let metricsInterval: Duration

    /// - Parameter metricsFactory: `nil` asks the global `MetricsSystem` when the system runs.
    init(
        tracer: NeedletailTracer,
        processors: [BatchSpanProcessor],
        excludedURLs: ExcludedURLs,
        remoteSamplers: [JaegerRemoteSampler],
        metricsFactory: (any MetricsFactory)?,
        metricsInterval: Duration
    ) {
        self.tracer = tracer
        self.processors = processors
        self.excludedURLs = excludedURLs
        self.remoteSamplers = remoteSamplers
        self.metricsFactory = metricsFactory
        self.metricsInterval = metricsInterval
    }

    /// Takes spans for all exporters, for a tracer of the program's own.
    public var spanProcessor: any SpanProcessor { Self.processor(of: processors) }

    static func processor(of processors: [BatchSpanProcessor]) -> any SpanProcessor {
        processors.count == 1 ? processors[0] : MultiplexSpanProcessor(processors)
    }

    /// Makes the tracer the one of `withSpan` and `startSpan` in the whole process. At most once per process:
    /// swift-distributed-tracing stops the program at the second call.
    public func bootstrap() {
        InstrumentationSystem.bootstrap(tracer)
    }

    /// Exports until graceful shutdown, then the rest within `shutdownTimeout`; reports metrics meanwhile.
    public func run() async throws {
        guard !processors.isEmpty else {
            // A service that ends early would end its group.
            try? await gracefulShutdown()
            return
        }
        await export()
    }

    /// The work of ``run()``.
    func export() async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await reportMetrics() }
            for sampler in remoteSamplers { group.addTask { await sampler.poll() } }
            await withTaskGroup(of: Void.self) { exports in
                for processor in processors { exports.addTask { await processor.run() } }
            }
            group.cancelAll()
        }
    }

    /// Reports at each interval until cancelled, and what is left then.
    private func reportMetrics() async {
        let metrics = TracingMetrics(tracer: tracer, processors: processors, factory: metricsFactory ?? MetricsSystem.factory)
        while (try? await Task.sleep(for: metricsInterval)) != nil { metrics.report() }
        metrics.report()
    }

    /// Returns when all spans ended before the call are exported or given up; bounded by `exportTimeout`.
    public func forceFlush() async {
        await MultiplexSpanProcessor(processors).forceFlush()
    }

    /// Flushes within `shutdownTimeout`, then refuses further spans. Not needed where ``run()`` runs.
    public func shutdown() async {
        await MultiplexSpanProcessor(processors).shutdown()
    }
}
