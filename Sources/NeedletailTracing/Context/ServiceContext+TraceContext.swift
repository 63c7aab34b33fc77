public import ServiceContextModule
public import TraceModel

extension ServiceContext {
    /// The trace context that spans started in this context continue; `nil` where no trace has begun.
    ///
    /// A tracer puts the context of its span here, also when the span is not sampled, so that the decision travels on.
    public var traceContext: TraceContext? {
        get { self[ActiveTraceKey.self]?.context }
        set { activeTrace = newValue.map { ActiveTrace(context: $0) } }
    }

    /// The trace context, and whether spans are wanted.
    var activeTrace: ActiveTrace? {
        get { self[ActiveTraceKey.self] }
        set { self[ActiveTraceKey.self] = newValue }
    }

    /// The same context without further spans: those started in it by `startSpan` and `withSpan` are not recorded and stand
    /// for the span of the context, so that callees still become its children.
    ///
    /// For code that has made a span for an operation already and calls a library that would make another.
    package var suppressingSpans: ServiceContext {
        var copy = self
        copy.activeTrace?.isSuppressed = true
        return copy
    }

    /// Spans are not wanted: see ``suppressingSpans``.
    package var isSuppressingSpans: Bool { activeTrace?.isSuppressed ?? false }

    private enum ActiveTraceKey: ServiceContextKey {
        typealias Value = ActiveTrace
        static var nameOverride: String? { "trace-context" }
    }
}

/// What a service context knows of the trace: one value, so that starting a span looks once.
struct ActiveTrace: Sendable {
    var context: TraceContext
    /// No spans are to be made: see ``ServiceContext/suppressingSpans``.
    var isSuppressed = false
}
