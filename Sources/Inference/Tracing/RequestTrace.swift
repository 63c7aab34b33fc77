internal import NeedletailTracing
package import TraceModel

/// The ids of a sampled request's spans, made when it arrives, so that user code can make children of them.
package struct RequestTrace: Hashable, Sendable {
    package var traceID: TraceID
    /// The caller's span.
    package var parentSpanID: SpanID?
    package var flags: TraceFlags
    package var traceState: String
    /// `InferRequest`.
    package var requestSpanID: SpanID
    /// The span with the model's name.
    package var modelSpanID: SpanID
    /// `compute`.
    package var computeSpanID: SpanID
    /// `triton.trace_id`: counts the traces of a process from 1.
    package var number: UInt64
    /// `triton.trace_parent_id`: the number of the request that made this one; 0 for a client's.
    package var parentNumber: UInt64 = 0

    /// A new trace, or the continuation of the caller's.
    ///
    /// - Parameter decision: the context that a sampler decided by, with the state it wrote; `nil` makes one.
    package init(parent: TraceContext?, decision: TraceContext? = nil, number: UInt64) {
        traceID = decision?.traceID ?? parent?.traceID ?? IDGenerator.traceID()
        parentSpanID = parent?.spanID
        // Ids of our own are random; of the caller's only the caller knows.
        flags = ((decision ?? parent)?.flags ?? .random).union(.sampled)
        traceState = (decision ?? parent)?.traceState ?? ""
        requestSpanID = IDGenerator.spanID()
        modelSpanID = IDGenerator.spanID()
        computeSpanID = IDGenerator.spanID()
        self.number = number
    }

    /// The context of the compute span: what user code continues.
    package var computeContext: TraceContext {
        TraceContext(traceID: traceID, spanID: computeSpanID, flags: flags, traceState: traceState)
    }

    /// The trace of a request that this one's model makes to another model.
    package func child(number: UInt64) -> RequestTrace {
        var child = self
        child.parentSpanID = requestSpanID
        child.requestSpanID = modelSpanID
        child.modelSpanID = IDGenerator.spanID()
        child.computeSpanID = IDGenerator.spanID()
        child.number = number
        child.parentNumber = self.number
        return child
    }
}
