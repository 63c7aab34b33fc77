internal import Instrumentation

/// A tracer and the processor that exports its spans.
public struct TracingSystem: Sendable {
    public var tracer: NeedletailTracer
    /// Run it in a `ServiceGroup`, before the services that are traced, so that it stops after them.
    public var processor: BatchSpanProcessor

    public init(tracer: NeedletailTracer, processor: BatchSpanProcessor) {
        self.tracer = tracer
        self.processor = processor
    }

    /// Makes the tracer the one of `withSpan` and `startSpan` in the whole process. At most once per process:
    /// swift-distributed-tracing stops the program at the second call.
    public func bootstrap() {
        InstrumentationSystem.bootstrap(tracer)
    }
}
