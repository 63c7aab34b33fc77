public import ServiceContextModule
public import TraceModel

extension ServiceContext {
    /// The trace context that spans started in this context continue; `nil` where no trace has begun.
    ///
    /// A tracer puts the context of its span here, also when the span is not sampled, so that the decision travels on.
    public var traceContext: TraceContext? {
        get { self[TraceContextKey.self] }
        set { self[TraceContextKey.self] = newValue }
    }

    private enum TraceContextKey: ServiceContextKey {
        typealias Value = TraceContext
        static var nameOverride: String? { "trace-context" }
    }
}
