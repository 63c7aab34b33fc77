package import TraceModel

/// When a batch went through its stages; the same for each request of it. Times are those of ``MonotonicClock``.
package struct ExecutionRecord: Hashable, Sendable {
    /// The batch was taken from the queue.
    package var computeStart: UInt64 = 0
    /// The model is called.
    package var inputEnd: UInt64 = 0
    /// The model gave its results.
    package var outputStart: UInt64 = 0
    /// The results are checked.
    package var computeEnd: UInt64 = 0
    /// Counts the model's executions, from 1.
    package var batchID: UInt64 = 0
    /// The requests' batch sizes together.
    package var batchSize = 0
    /// How many requests were executed together.
    package var requestCount = 0
    /// Which instance executed them, from 0.
    package var instance = 0
    /// Those of them that are sampled, up to ``maxMembers``; empty when there is one at most.
    package var members: [BatchMember] = []

    /// The links that a compute span has at most to others of its batch.
    package static let maxMembers = 128
}

/// The compute span of a sampled request.
package struct BatchMember: Hashable, Sendable {
    package var traceID: TraceID
    package var spanID: SpanID
    package var flags: TraceFlags
    package var traceState: String
    /// `triton.trace_id`.
    package var number: UInt64

    init(_ trace: RequestTrace) {
        traceID = trace.traceID
        spanID = trace.computeSpanID
        flags = trace.flags
        traceState = trace.traceState
        number = trace.number
    }

    /// For the compute spans of the others.
    var link: SpanLink {
        SpanLink(
            traceID: traceID,
            spanID: spanID,
            traceState: traceState,
            attributes: [Attribute("triton.trace_id", .int(Int64(clamping: number)))],
            flags: UInt32(flags.rawValue) | 0x100
        )
    }
}
