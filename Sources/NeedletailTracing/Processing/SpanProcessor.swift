public import TraceModel

/// Receives every sampled span when it ends (OpenTelemetry specification, "Span processor").
public protocol SpanProcessor: Sendable {
    /// Takes a finished span. Runs on the thread that ended it: MUST NOT block and MUST NOT throw the work back at the caller.
    func onEnd(_ span: consuming Span, scope: InstrumentationScope)

    /// Returns when all spans ended before the call are exported or given up; bounded in time by the implementation.
    func forceFlush() async

    /// Flushes, then refuses further spans. Calling it again does nothing.
    func shutdown() async

    /// Asks for a flush without waiting for it.
    func requestFlush()
}

extension SpanProcessor {
    public func requestFlush() {}
}
