/// Records what another sampler would drop, for processors of this process: metrics made from all spans, for instance.
public struct AlwaysRecordSampler: Sampler {
    /// Decides what is sampled.
    public let root: any Sampler

    public init(root: any Sampler) {
        self.root = root
    }

    public func sample(_ request: SamplingRequest) -> SamplingResult {
        var result = root.sample(request)
        if result.decision == .drop { result.decision = .recordOnly }
        return result
    }

    public var description: String { "AlwaysRecordSampler{\(root)}" }
}
