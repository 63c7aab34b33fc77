internal import TraceModel

/// Samples a share of the traces, the same ones in every service that uses the same or a higher ratio.
///
/// Consistent probability sampling of the OpenTelemetry specification: the low 56 bits of the trace id are compared with the
/// rejection threshold `(1 - ratio) * 2^56`, and the trace is sampled when they are not below it.
public struct TraceIDRatioSampler: Sampler {
    /// The share of traces that is sampled, 0 to 1.
    public let ratio: Double
    /// 0 (all) to 2^56 (none).
    let threshold: UInt64

    /// - Parameter ratio: values outside of 0 to 1 are clamped; not-a-number counts as 0.
    public init(ratio: Double) {
        let clamped = ratio.isNaN ? 0 : min(max(ratio, 0), 1)
        self.ratio = clamped
        self.threshold = UInt64(((1 - clamped) * 0x1p56).rounded())
    }

    public func sample(_ request: SamplingRequest) -> SamplingResult {
        SamplingResult(isSampled: request.traceID.low & 0x00ff_ffff_ffff_ffff >= threshold)
    }

    public var description: String { "TraceIDRatioSampler{\(ratio)}" }
}
