internal import NeedletailTracing
internal import ServiceContextModule
public import Tracing

/// Spans that user code makes inside its model.
extension InferenceRequest {
    /// This request is traced, so spans made for it are recorded.
    public var isTraced: Bool { trace != nil }

    /// Begins a child of this request's `compute` span; whoever begins it ends it. Records nothing when the request is not traced.
    public func startSpan(_ name: String, ofKind kind: SpanKind = .internal) -> any Span {
        guard let tracer, trace != nil else { return NoOpTracer.NoOpSpan(context: serviceContext) }
        return tracer.userTracer.startSpan(name, context: serviceContext, ofKind: kind)
    }

    /// Runs the operation within a child of this request's `compute` span.
    ///
    /// What the operation throws is recorded on the span, as its status and an `exception` event, and thrown on.
    public func withSpan<Value>(
        _ name: String,
        ofKind kind: SpanKind = .internal,
        _ operation: (any Span) throws -> Value
    ) rethrows -> Value {
        let span = startSpan(name, ofKind: kind)
        defer { span.end() }
        do {
            guard trace != nil else { return try operation(span) }
            return try ServiceContext.withValue(span.context) { try operation(span) }
        } catch {
            span.recordFailure(error)
            throw error
        }
    }

    /// Runs the operation within a child of this request's `compute` span.
    ///
    /// What the operation throws is recorded on the span, as its status and an `exception` event, and thrown on.
    public func withSpan<Value>(
        _ name: String,
        ofKind kind: SpanKind = .internal,
        isolation: isolated (any Actor)? = #isolation,
        _ operation: (any Span) async throws -> Value
    ) async rethrows -> Value {
        let span = startSpan(name, ofKind: kind)
        defer { span.end() }
        do {
            guard trace != nil else { return try await operation(span) }
            return try await ServiceContext.withValue(span.context) { try await operation(span) }
        } catch {
            span.recordFailure(error)
            throw error
        }
    }
}

extension Span {
    /// The status and the `exception` event of a span that failed.
    func recordFailure(_ error: any Error) {
        guard isRecording else { return }
        setStatus(SpanStatus(code: .error, message: "\(error)"))
        recordError(error)
    }
}
