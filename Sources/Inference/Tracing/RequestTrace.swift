internal import NeedletailTracing
package import TraceModel

/// The ids of a sampled request's spans, made when it arrives, so that user code can make children of them.
package struct RequestTrace: Sendable {
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
    /// It was taken as every how-many-th; 0 when its caller is traced.
    package var rate: UInt32 = 0
    /// What is to be recorded.
    package var level = TraceSettings.Level.timestamps
    /// Takes the inputs and outputs, when the settings ask for them.
    package var tensors: TensorRecord?
    /// By which clock its spans and those of its children are told; `nil`: the request's own.
    var clock: TraceClock?
    /// Mode `triton`: what it has in common with the requests that its model makes.
    var family: TraceFamily?

    /// It is exported as spans, to which those of user code belong; `false` in mode `triton`.
    var isExported: Bool { family == nil }

    /// A new trace, or the continuation of the caller's.
    ///
    /// - Parameter decision: the context that a sampler decided by, with the state it wrote; `nil` makes one.
    package init(parent: TraceContext?, decision: TraceContext? = nil, number: UInt64) {
        // A caller may send a trace id without a span id (X-Ray), or a decision without ids (B3).
        let parent = parent.flatMap { $0.traceID.isValid ? $0 : nil }
        traceID = decision?.traceID ?? parent?.traceID ?? IDGenerator.traceID()
        parentSpanID = parent.flatMap { $0.spanID.isValid ? $0.spanID : nil }
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

    /// The context of the model's span.
    package var modelContext: TraceContext {
        TraceContext(traceID: traceID, spanID: modelSpanID, flags: flags, traceState: traceState)
    }

    /// The trace of a request that this one's model makes to another model; its spans hang under this one's model span.
    package func child(number: UInt64) -> RequestTrace {
        var child = self
        child.parentSpanID = requestSpanID
        child.requestSpanID = modelSpanID
        child.modelSpanID = IDGenerator.spanID()
        child.computeSpanID = IDGenerator.spanID()
        child.number = number
        child.parentNumber = self.number
        if tensors != nil { child.tensors = TensorRecord() }
        return child
    }
}
