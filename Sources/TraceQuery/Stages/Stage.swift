/// What a request to an inference server was doing, in causal order.
public enum Stage: String, Hashable, Sendable, CaseIterable {
    /// The server (or the gateway before it) reads the request.
    case receive
    /// A gateway works on the request: filters, routing, retries.
    case gateway
    /// Between a gateway and the server behind it: connecting, sending, the way there and back.
    case network
    /// The request waits for a batch or a free instance.
    case queue
    /// Inputs are gathered for the model.
    case input
    /// The model runs.
    case infer
    /// A language model reads the prompt, up to its first token.
    case prefill
    /// A language model writes its further tokens.
    case decode
    /// Outputs are taken from the model.
    case output
    /// The server writes the answer.
    case send
    /// The rest: decoding, routing, clients, and whatever no span tells about.
    case unaccounted

    /// Time in which nothing was worked on for the request, as far as the spans tell.
    public var isWaiting: Bool { self == .queue || self == .unaccounted || self == .network }
}

/// What is known of the time that the stage `unaccounted` stands for.
public enum UnaccountedPart: String, Hashable, Sendable, CaseIterable {
    /// Within an inference server, between its stages: decoding, validation, routing, making the answer.
    case overhead
    /// A caller's span while the server that it called was not at work: the network, and both sides' encoding.
    case network
    /// A web framework's handler, whatever it does.
    case handler
    /// Spans outside inference servers: a gateway's own time, other services and what these call.
    case services
}

/// From what a stage's times were taken. Real spans win over attributes, attributes over events.
public enum StageSource: String, Hashable, Sendable, CaseIterable {
    case spans
    case attributes
    case events
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
    public var source: StageSource
}

/// A stage's share of a trace's duration.
public struct StageShare: Hashable, Sendable {
    public var stage: Stage
    /// Nanoseconds along the critical path.
    public var duration: UInt64
}
