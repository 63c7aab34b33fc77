internal import TraceModel

/// Samples every span.
///
/// As the whole sampler of a tracer, or the root of ``ParentBasedSampler``, it adds no threshold to `tracestate`: where everything
/// is sampled there is nothing to weigh. Among other samplers (``RuleBasedSampler``) its spans say `ot=th:0`.
public struct AlwaysOnSampler: Sampler {
    public init() {}

    public func sample(_ request: SamplingRequest) -> SamplingResult {
        SamplingResult(.recordAndSample, probability: .threshold(.always))
    }

    public var description: String { "AlwaysOnSampler" }
}
