/// What a request to an inference server was doing, in causal order.
public enum Stage: String, Hashable, Sendable, CaseIterable {
    /// The server reads the request.
    case receive
    /// The request waits for a batch or a free instance.
    case queue
    /// Inputs are gathered for the model.
    case input
    /// The model runs.
    case infer
    /// Outputs are taken from the model.
    case output
    /// The server writes the answer.
    case send
    /// The rest: decoding, routing, the network, clients, and whatever no span tells about.
    case unaccounted

    /// Time in which nothing was worked on for the request, as far as the spans tell.
    public var isWaiting: Bool { self == .queue || self == .unaccounted }
}

/// A piece of a span's bar that one stage took.
public struct StageSegment: Hashable, Sendable {
    /// Row in the `TraceTree`.
    public var row: Int
    public var stage: Stage
    /// Nanoseconds from the start of the trace.
    public var start: UInt64
    /// Nanoseconds.
    public var duration: UInt64
}

/// A stage's share of a trace's duration.
public struct StageShare: Hashable, Sendable {
    public var stage: Stage
    /// Nanoseconds along the critical path.
    public var duration: UInt64
}
