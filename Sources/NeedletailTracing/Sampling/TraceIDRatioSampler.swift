internal import TraceModel

/// Samples a share of the traces, the same ones in every service that uses the same or a higher ratio.
///
/// Consistent probability sampling of the OpenTelemetry specification: the randomness of the trace (the low 56 bits of its id, or
/// `rv` of `tracestate`) is compared with the rejection threshold `(1 - ratio) * 2^56`, and the trace is sampled when it is not
/// below. The threshold has four hex digits that matter and is written to `tracestate` (`ot=th:e666` for 0.1), so that each
/// span tells how many it stands for.
public struct TraceIDRatioSampler: Sampler {
    /// The share of traces that is sampled, 0 to 1, as it was asked for.
    public let ratio: Double
    /// What is sampled by; `nil` samples nothing.
    let threshold: SamplingThreshold?

    /// - Parameter ratio: values outside of 0 to 1 are clamped; not-a-number, and anything below 2^-56, samples nothing.
    public init(ratio: Double) {
        self.ratio = ratio.isNaN ? 0 : min(max(ratio, 0), 1)
        self.threshold = SamplingThreshold(probability: self.ratio)
    }

    public func sample(_ request: SamplingRequest) -> SamplingResult {
        guard let threshold, threshold.accepts(request.randomness) else { return SamplingResult(.drop) }
        return SamplingResult(.recordAndSample, probability: .threshold(threshold))
    }

    public var description: String { "TraceIdRatioBased{\(ratio)}" }
}
