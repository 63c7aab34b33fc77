internal import Instrumentation
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

    init(tracer: NeedletailTracer, processors: [BatchSpanProcessor], excludedURLs: ExcludedURLs) {
        self.tracer = tracer
        self.processors = processors
        self.excludedURLs = excludedURLs
    }

    /// Makes the tracer the one of `withSpan` and `startSpan` in the whole process. At most once per process:
    /// swift-distributed-tracing stops the program at the second call.
    public func bootstrap() {
        InstrumentationSystem.bootstrap(tracer)
    }

    /// Exports until graceful shutdown, then the rest within `shutdownTimeout`.
    public func run() async throws {
        await withTaskGroup(of: Void.self) { group in
            for processor in processors { group.addTask { await processor.run() } }
            // A service that ends early would end its group.
            if processors.isEmpty { try? await gracefulShutdown() }
        }
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
