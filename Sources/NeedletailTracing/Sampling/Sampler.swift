public import TraceModel

/// Decides which spans are recorded and exported (OpenTelemetry specification, "Sampler").
///
/// `sample` runs at the start of every span: it must be quick and must not block.
public protocol Sampler: Sendable, CustomStringConvertible {
    /// The decision for a span that is about to start.
    func sample(_ request: SamplingRequest) -> SamplingResult
}

/// What a sampler knows of a span that is about to start.
public struct SamplingRequest: Sendable {
    /// The context of the parent; `nil` for a root span. A remote one may be just a decision (`TraceContext.decision`) or have
    /// left the decision to us.
    public var parent: TraceContext?
    /// The trace the span will belong to.
    public var traceID: TraceID
    public var name: String
    public var kind: SpanKind
    /// What the span starts with. The calls of swift-distributed-tracing set attributes after the start: they are not seen.
    public var attributes: [Attribute]

    @inlinable
    public init(parent: TraceContext?, traceID: TraceID, name: String, kind: SpanKind, attributes: [Attribute] = []) {
        self.parent = parent
        self.traceID = traceID
        self.name = name
        self.kind = kind
        self.attributes = attributes
    }

    /// What a consistent sampler compares with its threshold: the caller's explicit randomness (`rv` of `tracestate`), else the low
    /// 56 bits of the trace id.
    public var randomness: UInt64 { parent.flatMap { $0.isValid ? $0.randomness : nil } ?? traceID.randomness }
}

/// The decision of a sampler.
public struct SamplingResult: Hashable, Sendable {
    /// What becomes of a span.
    public enum Decision: Hashable, Sendable {
        /// Nothing is recorded.
        case drop
        /// Recorded for the processors of this process, but neither exported nor marked as sampled for callees.
        case recordOnly
        /// Recorded, exported, and marked as sampled.
        case recordAndSample
    }

    /// What is known of the probability of a decision to sample; it is written to `tracestate` as `ot=th:…`, so that a back end can
    /// weigh the span.
    public enum Probability: Hashable, Sendable {
        /// Nothing: a threshold of the parent is erased.
        case unknown
        /// That of the parent; its threshold stays unless it contradicts the decision.
        case inherited
        /// The threshold that was sampled by.
        case threshold(SamplingThreshold)
    }

    public var decision: Decision
    /// Attributes the sampler puts on a span that is recorded; its own of the same key win.
    public var attributes: [Attribute]
    public var probability: Probability
    /// The `tracestate` of the span, without regard to ``probability``; `nil` keeps the parent's, as does a malformed one.
    public var traceState: String?

    @inlinable
    public init(_ decision: Decision, attributes: [Attribute] = [], probability: Probability = .unknown, traceState: String? = nil) {
        self.decision = decision
        self.attributes = attributes
        self.probability = probability
        self.traceState = traceState
    }

    @inlinable
    public init(isSampled: Bool, attributes: [Attribute] = []) {
        self.init(isSampled ? .recordAndSample : .drop, attributes: attributes)
    }

    /// The span is recorded, exported and carries the sampled flag.
    @inlinable public var isSampled: Bool { decision == .recordAndSample }
    @inlinable public var isRecording: Bool { decision != .drop }

    public static let sampled = SamplingResult(isSampled: true)
    public static let dropped = SamplingResult(isSampled: false)
}
