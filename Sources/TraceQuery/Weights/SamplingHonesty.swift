/// Whether counts made of stored traces can be believed.
public struct SamplingHonesty: Hashable, Sendable {
    public enum Verdict: String, Hashable, Sendable {
        /// Every trace says that nothing was left out.
        case complete
        /// All traces stand for the same number, above 1.
        case sampled
        /// Traces stand for different numbers, or only some of them tell.
        case mixed
        /// No trace tells.
        case unknown
    }

    /// Traces by the service of their root and by weight.
    public struct Entry: Hashable, Sendable {
        public var service: String
        public var weight: TraceWeight
        public var traceCount: Int
    }

    private struct Key: Hashable {
        var service: String
        var weight: TraceWeight
    }

    private var counts: [Key: Int] = [:]

    public init() {}

    public mutating func add(service: String, weight: TraceWeight) {
        // Rounded, so that thresholds which differ in their last digit stay one entry.
        let rounded = (weight.count * 1000).rounded() / 1000
        counts[Key(service: service, weight: TraceWeight(count: rounded, source: weight.source)), default: 0] += 1
    }

    public var verdict: Verdict {
        guard let first = counts.keys.first?.weight, counts.keys.contains(where: { $0.weight.source != .unknown }) else { return .unknown }
        guard counts.keys.allSatisfy({ $0.weight.source != .unknown && $0.weight.count == first.count }) else { return .mixed }
        return first.count == 1 ? .complete : .sampled
    }

    /// What each trace stands for, when it is the same for all and known.
    public var commonWeight: Double? {
        guard verdict == .complete || verdict == .sampled else { return nil }
        return counts.keys.first?.weight.count
    }

    /// By service, then weight.
    public var entries: [Entry] {
        counts.map { Entry(service: $0.key.service, weight: $0.key.weight, traceCount: $0.value) }
            .sorted { ($0.service, $0.weight.count, $0.weight.source.rawValue) < ($1.service, $1.weight.count, $1.weight.source.rawValue) }
    }
}
