internal import NeedletailTracing
internal import TraceModel

/// The processor `probabilistic_sampler`: keeps a share of traces, the same ones everywhere.
struct ProbabilisticSampler: SpanTransform {
    enum Mode: Sendable {
        /// By a hash of the trace id and a seed, in 16,384 steps.
        case hashSeed
        /// A share of what comes, whatever was sampled before.
        case proportional
        /// As little as the setting, counting what was sampled before.
        case equalizing
    }

    private var mode: Mode
    private var seed: UInt32
    private var failsClosed: Bool
    private var probability: Double
    private var precision: Int
    /// `nil`: nothing is kept.
    private var threshold: SamplingThreshold?

    private static let keys = ["mode", "sampling_percentage", "hash_seed", "fail_closed", "sampling_precision"]

    init?(_ reader: YAMLReader) {
        guard let mapping = reader.mapping(Self.keys) else {
            if reader.isNull { reader.missing("sampling_percentage", expected: "a number from 0 to 100") }
            return nil
        }
        guard let percentage = mapping["sampling_percentage"] else {
            reader.missing("sampling_percentage", expected: "a number from 0 to 100")
            return nil
        }
        probability = (percentage.number(in: 0...100) ?? 100) / 100
        mode = mapping["mode"]?.choice(["hash_seed": .hashSeed, "proportional": .proportional, "equalizing": .equalizing]) ?? .hashSeed
        seed = UInt32(clamping: mapping["hash_seed"]?.integer(in: 0...Int(UInt32.max)) ?? 0)
        failsClosed = mapping["fail_closed"]?.boolean() ?? true
        precision = mapping["sampling_precision"]?.integer(in: 1...14) ?? SamplingThreshold.defaultPrecision
        threshold = SamplingThreshold(probability: probability, precision: precision)
    }

    func apply(to batch: inout SpanBatch, report: (ConditionFailure) -> Void) throws(ConditionFailure) {
        try batch.filterSpans { (span, _, _) throws(ConditionFailure) in
            switch Self.priority(span) {
            case .never: false
            case .always: true
            case nil: isKept(&span)
            }
        }
    }

    private enum Priority { case never, always }

    /// OpenTracing's `sampling.priority`: 0 is never, more is always.
    private static func priority(_ span: Span) -> Priority? {
        let number: Double? =
            switch span.attributes["sampling.priority"] {
            case .int(let value)?: Double(value)
            case .double(let value)?: value
            case .string(let text)?: Double(text)
            default: nil
            }
        guard let number else { return nil }
        return number == 0 ? .never : number > 0 ? .always : nil
    }

    private func isKept(_ span: inout Span) -> Bool {
        if mode == .hashSeed { return Self.bucket(span.traceID, seed: seed) < UInt32(probability * Double(Self.buckets)) }
        let state = span.traceState.isEmpty ? nil : OpenTelemetryTraceState(traceState: span.traceState)
        let randomness = state?.randomness ?? span.traceID.randomness
        if let state, state.threshold.map({ !$0.accepts(randomness) }) ?? state.hasThreshold {
            // What the trace state says of itself cannot be: the span should not be here.
            return !failsClosed
        }
        guard let threshold = newThreshold(state?.threshold), threshold.accepts(randomness) else { return false }
        span.traceState = OpenTelemetryTraceState.traceState(span.traceState, settingThreshold: threshold)
        return true
    }

    private func newThreshold(_ old: SamplingThreshold?) -> SamplingThreshold? {
        guard let threshold else { return nil }
        guard let old else { return threshold }
        if mode == .equalizing { return max(old, threshold) }
        return SamplingThreshold(probability: old.probability * probability, precision: precision).map { max(old, $0) }
    }

    private static let buckets: UInt32 = 0x4000

    /// The Collector's: FNV-1a over the seed, least significant byte first, and the trace id; 14 bits of it.
    static func bucket(_ id: TraceID, seed: UInt32) -> UInt32 {
        var hash = withUnsafeBytes(of: seed.littleEndian) { FNV.hash32a($0) }
        hash = withUnsafeBytes(of: id.high.bigEndian) { FNV.hash32a($0, from: hash) }
        hash = withUnsafeBytes(of: id.low.bigEndian) { FNV.hash32a($0, from: hash) }
        return hash & (buckets - 1)
    }
}
