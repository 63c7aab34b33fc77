internal import TraceModel

/// What the built-in samplers decide, worked out when the tracer is made: the hot path compares two integers and builds
/// no ``SamplingRequest``.
enum SamplingShortcut: Sendable {
    /// Sampled when the low 56 bits of the trace id are not below the threshold, whatever the parent says.
    case threshold(UInt64)
    /// The parent's flag, or the threshold for a root span.
    case parentElse(threshold: UInt64)
    /// Another sampler: to be asked.
    case custom

    init(_ sampler: any Sampler) {
        if let threshold = Self.threshold(of: sampler) {
            self = .threshold(threshold)
        } else if let sampler = sampler as? ParentBasedSampler, sampler.followsFlag, let root = Self.threshold(of: sampler.root) {
            self = .parentElse(threshold: root)
        } else {
            self = .custom
        }
    }

    private static func threshold(of sampler: any Sampler) -> UInt64? {
        switch sampler {
        case is AlwaysOnSampler: 0
        case is AlwaysOffSampler: 1 << 56
        case let ratio as TraceIDRatioSampler: ratio.threshold
        default: nil
        }
    }

    /// The decision; `nil` when the sampler has to be asked.
    @inline(__always)
    func isSampled(traceID: TraceID, parentIsSampled: Bool?) -> Bool? {
        switch self {
        case .threshold(let threshold): traceID.low & 0x00ff_ffff_ffff_ffff >= threshold
        case .parentElse(let threshold): parentIsSampled ?? (traceID.low & 0x00ff_ffff_ffff_ffff >= threshold)
        case .custom: nil
        }
    }
}
