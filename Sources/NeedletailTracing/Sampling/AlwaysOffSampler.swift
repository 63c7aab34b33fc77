/// Samples no span.
public struct AlwaysOffSampler: Sampler {
    public init() {}

    public func sample(_ request: SamplingRequest) -> SamplingResult { SamplingResult(isSampled: false) }

    public var description: String { "AlwaysOffSampler" }
}
