internal import TraceModel

/// A share of the traces, but at least so many per second: Jaeger's "lower bound".
///
/// What the ratio takes has its threshold in `tracestate`; what is taken beyond says `sampler.type` `lowerbound`.
struct GuaranteedThroughputSampler: Sampler {
    private let ratio: TraceIDRatioSampler
    private let lowerBound: RateLimitingSampler
    private let attributes: [Attribute]

    init(ratio: Double, lowerBound: Double) {
        self.ratio = TraceIDRatioSampler(ratio: ratio)
        self.lowerBound = RateLimitingSampler(spansPerSecond: lowerBound)
        self.attributes = SamplerAttributes.make(type: "lowerbound", parameter: .double(self.ratio.ratio))
    }

    func sample(_ request: SamplingRequest) -> SamplingResult {
        // Both are asked: what the ratio takes counts towards the lower bound.
        let isDue = lowerBound.take()
        let result = ratio.sample(request)
        return result.isSampled || !isDue ? result : SamplingResult(.recordAndSample, attributes: attributes)
    }

    var description: String { "GuaranteedThroughputSampler{\(ratio.ratio), at least \(lowerBound.spansPerSecond) per second}" }
}
