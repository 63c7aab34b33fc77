public import TraceModel

/// How many traces (or spans) of the real world one stored one stands for, and how that is known.
public struct TraceWeight: Hashable, Sendable {
    /// Where a weight is from.
    public enum Source: String, Hashable, Sendable, CaseIterable {
        /// `tracestate`'s `ot=th`: exact.
        case traceState = "tracestate"
        /// A sampler's attribute on a span.
        case attribute
        /// Nothing tells: 1 is assumed.
        case unknown
    }

    /// 1 or more.
    public var count: Double
    public var source: Source

    public static let unknown = TraceWeight(count: 1, source: .unknown)

    public init(count: Double, source: Source) {
        self.count = count
        self.source = source
    }

    /// The most that an attribute may claim.
    static let maximumCount = 1e9

    /// What a single span tells; `nil` when it tells nothing.
    public init?(_ span: Span) {
        if !span.traceState.isEmpty, let count = span.adjustedCount {
            self.init(count: count, source: .traceState)
            return
        }
        var type: String?
        var parameter: Double?
        for attribute in span.attributes {
            switch attribute.key {
            // Jaeger's clients, and our own samplers.
            case "sampler.type": type = attribute.value.string
            case "sampler.param": parameter = attribute.value.number ?? (attribute.value == .bool(true) ? 1 : nil)
            // Honeycomb's: one of so many.
            case "SampleRate", "sampleRate", "sample.rate", "sampling.rate", "sampling_rate":
                guard let value = attribute.value.number, let count = Self.count(rate: value) else { continue }
                self.init(count: count, source: .attribute)
                return
            case "sampling.probability", "sampler.probability", "sampling.ratio", "sample_rate":
                guard let value = attribute.value.number, value > 0, value <= 1, 1 / value <= Self.maximumCount else { continue }
                self.init(count: 1 / value, source: .attribute)
                return
            default: continue
            }
        }
        guard let type, let parameter else { return nil }
        switch type {
        case "probabilistic", "lowerbound", "traceidratio":
            // A lower bound took the trace because the probability did not; its weight is not known.
            guard type != "lowerbound", parameter > 0, parameter <= 1, 1 / parameter <= Self.maximumCount else { return nil }
            self.init(count: 1 / parameter, source: .attribute)
        case "everynth":
            guard parameter >= 1, parameter <= Self.maximumCount else { return nil }
            self.init(count: parameter, source: .attribute)
        case "const":
            guard parameter == 1 else { return nil }
            self.init(count: 1, source: .attribute)
        default: return nil
        }
    }

    /// A rate below 1 is a probability, one above 1 says "one of so many".
    private static func count(rate: Double) -> Double? {
        guard rate > 0 else { return nil }
        let count = rate < 1 ? 1 / rate : rate
        return count <= maximumCount ? count : nil
    }

    /// What a trace tells: its root first, else the first span that tells anything, by row.
    public init(_ tree: TraceTree) {
        for row in tree.rows {
            if let weight = TraceWeight(tree.spans.entries[row.entry].span) {
                self = weight
                return
            }
        }
        self = .unknown
    }
}
