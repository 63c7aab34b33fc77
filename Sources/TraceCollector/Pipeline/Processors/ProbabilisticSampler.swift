internal import NeedletailTracing
internal import TraceModel

/// The processor `probabilistic_sampler`: keeps a share of traces, the same ones everywhere, and notes the share in their trace state.
struct ProbabilisticSampler: SpanTransform {
    enum Mode: Sendable {
        /// By a hash of the trace id and a seed, in 16,384 steps; not for spans that other consistent samplers have seen.
        case hashSeed
        /// A share of what comes, whatever was sampled before.
        case proportional
        /// As little as the setting, counting what was sampled before.
        case equalizing
    }

    private var mode: Mode
    private var seed: UInt32
    private var failsClosed: Bool
    /// 0 to 1, in the Collector's precision.
    private var probability: Double
    private var precision: Int
    /// `nil`: nothing is kept.
    private var threshold: SamplingThreshold?

    private static let keys = ["mode", "sampling_percentage", "hash_seed", "fail_closed", "sampling_precision"]

    init?(_ reader: YAMLReader) {
        let expected = "a number from 0 on; 100 and more keep everything"
        guard let mapping = reader.mapping(Self.keys) else {
            if reader.isNull { reader.missing("sampling_percentage", expected: expected) }
            return nil
        }
        guard let place = mapping["sampling_percentage"] else {
            reader.missing("sampling_percentage", expected: expected)
            return nil
        }
        mode = mapping["mode"]?.choice(["hash_seed": .hashSeed, "proportional": .proportional, "equalizing": .equalizing]) ?? .hashSeed
        seed = UInt32(clamping: mapping["hash_seed"]?.integer(in: 0...Int(UInt32.max)) ?? 0)
        failsClosed = mapping["fail_closed"]?.boolean() ?? true
        precision = mapping["sampling_precision"]?.integer(in: 1...14) ?? SamplingThreshold.defaultPrecision
        // 32 bits as the Collector's, or the last digits of thresholds would differ.
        let percentage = min(Float(place.number(in: 0...Double(Float.greatestFiniteMagnitude)) ?? 100), 100)
        probability = Double(percentage) / 100
        if mode == .hashSeed {
            let rate = UInt64(percentage * Float(Double(Self.buckets) / 100))
            threshold = rate == 0 ? nil : SamplingThreshold(exactly: (UInt64(Self.buckets) - rate) << Self.bucketShift)
        } else {
            threshold = percentage == 0 ? nil : SamplingThreshold(probability: max(probability, 0x1p-56), precision: precision)
        }
    }

    func apply(to batch: inout SpanBatch, report: (ConditionFailure) -> Void) throws(ConditionFailure) {
        try batch.filterSpans { (span, _, _) throws(ConditionFailure) in isKept(&span) }
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
        let priority = Self.priority(span)
        if priority == .never || (threshold == nil && priority == nil) { return false }
        let state = span.traceState.isEmpty ? nil : OpenTelemetryTraceState(traceState: span.traceState)
        var old = state?.threshold
        var randomness = state?.randomness ?? span.traceID.randomness
        /// The trace state contradicts itself or this mode.
        var isWrong = state?.isMalformed ?? false
        /// The trace state may be changed.
        var isOpen = !isWrong
        var newRandomness: UInt64?
        if mode == .hashSeed, threshold != nil {
            randomness = Self.randomness(span.traceID, seed: seed)
            if old != nil || state?.randomness != nil { (isWrong, isOpen) = (true, false) } else { newRandomness = randomness }
        } else if let threshold = old, !threshold.accepts(randomness) {
            // It should not be here.
            isWrong = true
            old = nil
        }
        var limit = isWrong ? (failsClosed ? nil : SamplingThreshold.always) : newThreshold(old)
        if priority == .always { limit = .always }
        guard let limit, limit.accepts(randomness) else { return false }
        if isOpen {
            // What was sampled before stays so.
            span.traceState = OpenTelemetryTraceState.traceState(span.traceState, settingThreshold: max(limit, old ?? limit), randomness: newRandomness)
        }
        return true
    }

    private func newThreshold(_ old: SamplingThreshold?) -> SamplingThreshold? {
        guard let threshold, let old else { return threshold }
        switch mode {
        case .hashSeed: return threshold
        case .equalizing: return max(old, threshold)
        case .proportional: return SamplingThreshold(probability: old.probability * probability, precision: precision)
        }
    }

    private static let buckets: UInt32 = 0x4000
    /// The 14 bits of a bucket are the first of 56.
    private static let bucketShift: UInt64 = 42

    /// The Collector's: FNV-1a over the seed, least significant byte first, and the trace id.
    static func hash(_ id: TraceID, seed: UInt32) -> UInt32 {
        var hash = withUnsafeBytes(of: seed.littleEndian) { FNV.hash32a($0) }
        hash = withUnsafeBytes(of: id.high.bigEndian) { FNV.hash32a($0, from: hash) }
        return withUnsafeBytes(of: id.low.bigEndian) { FNV.hash32a($0, from: hash) }
    }

    /// A hash as randomness by which any consistent sampler decides the same: the last 14 bits turned around come first, for buckets
    /// from 0 on are kept; then a mixture of the first 14, and the last 14 as they are.
    static func randomness(_ id: TraceID, seed: UInt32) -> UInt64 {
        let hash = hash(id, seed: seed)
        let bucket = UInt64(hash & (buckets - 1))
        let rest = UInt64(hash >> 18)
        return (UInt64(buckets) - 1 - bucket) << bucketShift | (rest ^ rest << 10) << 14 | bucket
    }
}
