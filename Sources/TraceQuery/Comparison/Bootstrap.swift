/// How far means and quantiles of a sample of traces would be off, had other traces been there: by drawing from it again and again.
///
/// Whole traces are drawn, and those of one execution together: sixteen requests of one batch are one piece of luck, not sixteen.
/// The same seed gives the same answer.
struct Bootstrap {
    static let replicates = 800
    /// Of a difference, on each side: about 95 % for a dozen stages together.
    static let tail = 0.0025

    /// For each column, measure and replicate, the replicate's value minus the sample's.
    private(set) var deviations: [[[Double]]] = []

    /// - Parameters:
    ///   - columns: For each quantity its value in each trace.
    ///   - groups: For each trace the number of the group with which it is drawn.
    ///   - maximum: Traces to use; of more an even part is taken.
    init(_ columns: [[Double]], weights: [Double], groups: [Int], seed: UInt64, maximum: Int) {
        let used = Self.evenly(weights.count, maximum)
        let weights = used.map { weights[$0] }
        let groups = Array(Dictionary(grouping: used.indices, by: { groups[used[$0]] }).values).sorted { $0[0] < $1[0] }
        let columns = columns.map { column in Column(used.map { column[$0] }) }
        let measures = SelectionComparison.Measure.allCases
        var random = MixedCounter(state: seed)
        let own = columns.map { $0.measures(weights) }
        deviations = columns.map { _ in measures.map { _ in [] } }
        guard !used.isEmpty else { return }
        var drawn = [Double](repeating: 0, count: used.count)
        for _ in 0..<Self.replicates {
            for place in drawn.indices { drawn[place] = 0 }
            for _ in groups {
                for place in groups[Int(random.next(upperBound: UInt64(groups.count)))] { drawn[place] += weights[place] }
            }
            for column in columns.indices {
                let values = columns[column].measures(drawn)
                for number in measures.indices { deviations[column][number].append(values[number] - own[column][number]) }
            }
        }
    }

    /// Places of an even part of a list.
    private static func evenly(_ count: Int, _ maximum: Int) -> [Int] {
        guard count > maximum else { return Array(0..<count) }
        return (0..<maximum).map { $0 * count / maximum }
    }

    /// One quantity: what is not 0 of it, the largest first. Most requests spend no time in most stages.
    private struct Column {
        private static let shares = SelectionComparison.Measure.allCases.compactMap(\.share)

        private var values: [Double] = []
        /// Which trace each value is of.
        private var places: [Int32] = []

        init(_ values: [Double]) {
            let sorted = values.indices.filter { values[$0] > 0 }.sorted { (values[$0], $0) > (values[$1], $1) }
            self.values = sorted.map { values[$0] }
            places = sorted.map { Int32(truncatingIfNeeded: $0) }
        }

        /// The mean and all quantiles in one walk. `weights`: of each trace.
        func measures(_ weights: [Double]) -> [Double] {
            let whole = weights.reduce(0, +)
            var result = [Double](repeating: 0, count: Self.shares.count + 1)
            guard whole > 0 else { return result }
            var (product, rest, next) = (0.0, whole, Self.shares.count)
            var border = (Self.shares.last ?? 0) * whole * (1 - 1e-12)
            for (place, value) in zip(places, values) {
                let weight = weights[Int(place)]
                product += value * weight
                rest -= weight
                // Below this value is less than the share: it is the quantile.
                while next > 0, rest < border {
                    result[next] = value
                    next -= 1
                    border = next > 0 ? Self.shares[next - 1] * whole * (1 - 1e-12) : 0
                }
            }
            result[0] = product / whole
            return result
        }
    }

    /// Where the deviation of a difference lies.
    static func interval(_ left: [Double], _ right: [Double]) -> ClosedRange<Double> {
        let both = zip(left, right).map { $1 - $0 }.sorted()
        guard let least = both.first, let most = both.last else { return 0...0 }
        let skipped = Int(tail * Double(both.count))
        return (skipped < both.count ? both[skipped] : least)...(skipped < both.count ? both[both.count - 1 - skipped] : most)
    }
}

/// Repeatable random numbers (SplitMix64).
private struct MixedCounter: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ mixed >> 30) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ mixed >> 27) &* 0x94d0_49bb_1331_11eb
        return mixed ^ mixed >> 31
    }
}
