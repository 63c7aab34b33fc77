/// The share of traces that a consistent probability sampler rejects, in units of 2^-56: the `th` of OpenTelemetry's `tracestate`
/// (OpenTelemetry specification, "TraceState: Probability Sampling").
///
/// A trace is sampled when its randomness, a number below 2^56, is not below the threshold; so whatever a sampler takes, each
/// with a lower threshold takes too. One sampled span stands for ``adjustedCount`` spans.
public struct SamplingThreshold: Hashable, Sendable, Comparable {
    /// 0 (nothing is rejected) to 2^56 - 1.
    public let value: UInt64

    /// One more than the largest randomness: 2^56.
    public static let limit: UInt64 = 1 << 56

    /// Everything is sampled.
    public static let always = SamplingThreshold(value: 0)

    /// How many hex digits a threshold made from a probability keeps, not counting leading `f` and `0`: the specification's advice.
    public static let defaultPrecision = 4

    private init(value: UInt64) {
        self.value = value
    }

    /// A threshold with this value; `nil` from 2^56 on.
    package init?(exactly value: UInt64) {
        guard value < Self.limit else { return nil }
        self.value = value
    }

    /// The threshold for a probability, rounded to `precision` (1 to 14) hex digits that matter: what is written on spans is
    /// exactly what was sampled by.
    ///
    /// - Returns: `nil` for a probability below 2^-56 and for not-a-number, which is "never" and no probability sampling. One above
    ///   1 counts as 1.
    public init?(probability: Double, precision: Int = defaultPrecision) {
        guard probability >= 0x1p-56 else { return nil }
        guard probability < 1 else {
            self = .always
            return
        }
        let exact = Self.limit - UInt64((probability * 0x1p56).rounded())
        // The digits that are all f for a small probability, or all 0 for one near 1, say nothing of its precision.
        let leading = max(-(probability.exponent + 1) / 4, -((1 - probability).exponent + 1) / 4)
        let digits = min(max(precision, 1) + Int(leading), 14)
        let unit: UInt64 = 1 << UInt64(4 * (14 - digits))
        self.value = (exact + unit / 2) / unit * unit
    }

    /// Reads the text of `th`: 1 to 14 lower-case hex digits, to be filled up with zeros on the right.
    public init?(text: some StringProtocol) {
        guard (1...14).contains(text.utf8.count), let value = OpenTelemetryTraceState.lowercaseHex(text) else { return nil }
        self.value = value << UInt64(4 * (14 - text.utf8.count))
    }

    /// The threshold in a `tracestate`; `nil` when there is none that is well-formed.
    public init?(traceState: String) {
        guard let threshold = OpenTelemetryTraceState(traceState: traceState)?.threshold else { return nil }
        self = threshold
    }

    /// A trace of this randomness is sampled.
    @inlinable public func accepts(_ randomness: UInt64) -> Bool { randomness >= value }

    /// The share of traces that is sampled, above 0 to 1.
    public var probability: Double { Double(Self.limit - value) * 0x1p-56 }

    /// How many spans of the population one sampled span stands for: 1 or more.
    public var adjustedCount: Double { 0x1p56 / Double(Self.limit - value) }

    public static func < (left: SamplingThreshold, right: SamplingThreshold) -> Bool { left.value < right.value }
}

extension SamplingThreshold: CustomStringConvertible {
    /// Hex digits without trailing zeros, as in `th`; `0` for ``always``.
    public var description: String {
        guard value != 0 else { return "0" }
        var digits: [UInt8] = []
        var rest = value
        while rest != 0 {
            digits.append(Hex.digit(UInt8(truncatingIfNeeded: rest >> 52) & 0xf))
            rest = rest << 4 & (Self.limit - 1)
        }
        return String(decoding: digits, as: UTF8.self)
    }
}

extension TraceID {
    /// The low 56 bits, which Trace Context Level 2 wants to be random.
    @inlinable public var randomness: UInt64 { low & 0x00ff_ffff_ffff_ffff }
}

extension Span {
    /// How many spans this one stands for by its sampler's probability; `nil` when its `tracestate` does not tell (sampled by
    /// other means, or not at all).
    public var adjustedCount: Double? { SamplingThreshold(traceState: traceState)?.adjustedCount }
}
