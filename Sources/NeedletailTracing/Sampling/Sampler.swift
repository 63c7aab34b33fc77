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
    /// The context of the parent; `nil` for a root span.
    public var parent: TraceContext?
    /// The trace the span will belong to.
    public var traceID: TraceID
    public var name: String
    public var kind: SpanKind

    @inlinable
    public init(parent: TraceContext?, traceID: TraceID, name: String, kind: SpanKind) {
        self.parent = parent
        self.traceID = traceID
        self.name = name
        self.kind = kind
    }
}

/// The decision of a sampler.
public struct SamplingResult: Hashable, Sendable {
    /// The span is recorded, exported and carries the sampled flag.
    public var isSampled: Bool
    /// Attributes the sampler puts on a sampled span.
    public var attributes: [Attribute]

    @inlinable
    public init(isSampled: Bool, attributes: [Attribute] = []) {
        self.isSampled = isSampled
        self.attributes = attributes
    }

    public static let sampled = SamplingResult(isSampled: true)
    public static let dropped = SamplingResult(isSampled: false)
}
