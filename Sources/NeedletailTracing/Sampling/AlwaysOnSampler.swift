/// Samples every span.
public struct AlwaysOnSampler: Sampler {
    public init() {}

    public func sample(_ request: SamplingRequest) -> SamplingResult { SamplingResult(isSampled: true) }

    public var description: String { "AlwaysOnSampler" }
}
