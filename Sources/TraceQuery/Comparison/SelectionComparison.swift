public import TraceModel

/// Two selections of traces side by side: how their durations lie, and by how much each stage differs, with how sure that is.
public struct SelectionComparison: Hashable, Sendable {
    /// Traces of one window.
    public struct Selection: Sendable {
        public var features: FeatureTable
        /// For each trace of the window.
        public var isIncluded: [Bool]
        /// For each trace of the window a number that it shares with those whose times are no accident beside its own: of one execution.
        var groups: [Int]

        public init(_ features: FeatureTable, isIncluded: [Bool], batches: [Batch] = []) {
            self.features = features
            self.isIncluded = isIncluded
            groups = Array(0..<features.count)
            guard !batches.isEmpty else { return }
            var places: [TraceID: Int] = [:]
            for index in 0..<features.count where isIncluded[index] { places[features.traceIDs[index]] = index }
            for batch in batches where batch.members.count > 1 {
                let members = batch.members.compactMap { places[$0.traceID] }
                guard let first = members.first else { continue }
                // A trace that was in several executions stays with the first one that it shares.
                for member in members where groups[member] == member { groups[member] = groups[first] }
            }
        }
    }

    public enum Measure: String, Hashable, Sendable, CaseIterable {
        case mean, p50, p95, p99

        /// Of a quantile.
        var share: Double? {
            switch self {
            case .mean: nil
            case .p50: 0.5
            case .p95: 0.95
            case .p99: 0.99
            }
        }
    }

    public struct Side: Hashable, Sendable {
        public var traceCount = 0
        /// Weighted traces.
        public var count = 0.0
        public var errors = 0.0
        /// Nanoseconds, by ``Measure``.
        public var durations: [Double] = []
        /// The traces nearest to p50, p95 and p99.
        public var exemplars: [Exemplar] = []
        /// Traces that the intervals were made of.
        public var usedCount = 0
        /// Weighted traces by step of ``SelectionComparison/scale``.
        public var histogram: [Double] = []
    }

    public struct Exemplar: Hashable, Sendable {
        public var measure: Measure
        public var trace: TraceID
        public var duration: UInt64
    }

    /// One measure of a stage on both sides.
    public struct Difference: Hashable, Sendable {
        public var measure: Measure
        /// Nanoseconds.
        public var left: Double
        public var right: Double
        /// Where `right − left` lies, for all stages together with a probability of about 95 %.
        public var low: Double
        public var high: Double
        /// Less than a hundredth of the whole, however certain.
        public var isNegligible = false
        public var difference: Double { right - left }
        /// The interval spans nothing: the difference may be chance.
        public var isCertain: Bool { low > 0 || high < 0 }
    }

    public struct Row: Hashable, Sendable {
        /// `nil` for the whole duration.
        public var stage: Stage?
        /// By ``Measure``.
        public var differences: [Difference]
    }

    /// Traces of a side that intervals are made of; of more an even part is taken.
    static let maximumUsed = 2_000
    static let histogramSteps = 60
    /// Differences below this share of the whole are nothing to act on.
    static let negligibleShare = 0.01

    public private(set) var left = Side()
    public private(set) var right = Side()
    public private(set) var scale = LogScale(lowest: 1, ratio: 2)
    /// The whole first, then stages in causal order.
    public private(set) var rows: [Row] = []
    /// Rows with a certain difference in any measure, the largest first, in words.
    public private(set) var sentences: [String] = []

    public init(_ one: Selection, _ other: Selection) {
        let sides = [one, other].map { selection in (selection, (0..<selection.features.count).filter { selection.isIncluded[$0] }) }
        let ordered = sides.map { selection, indices in selection.features.sortedByDuration(indices) }
        let longest = max(1, zip(sides, ordered).compactMap { side, order in order.last.map { side.0.features.durations[$0] } }.max() ?? 1)
        let shortest = max(1, zip(sides, ordered).compactMap { side, order in order.first.map { side.0.features.durations[$0] } }.min() ?? 1)
        scale = LogScale(from: shortest, to: longest, steps: Self.histogramSteps)
        left = Self.side(one.features, ordered[0], scale)
        right = Self.side(other.features, ordered[1], scale)
        guard left.traceCount > 0, right.traceCount > 0 else { return }
        addRows(one, ordered[0], other, ordered[1])
        sentences = makeSentences()
    }

    /// - Parameter ordered: By duration.
    private static func side(_ features: FeatureTable, _ ordered: [Int], _ scale: LogScale) -> Side {
        var side = Side(traceCount: ordered.count, usedCount: min(ordered.count, maximumUsed), histogram: [Double](repeating: 0, count: histogramSteps))
        for index in ordered {
            let weight = features.weight(index)
            side.count += weight
            if features.errorCounts[index] > 0 { side.errors += weight }
            side.histogram[min(scale.step(of: Double(max(features.durations[index], 1))), histogramSteps - 1)] += weight
        }
        guard !ordered.isEmpty else { return side }
        let values = WeightedValues(ordered.map { (Double(features.durations[$0]), features.weight($0)) })
        side.durations = Measure.allCases.map { values.measure($0) }
        for measure in Measure.allCases {
            guard let share = measure.share else { continue }
            let index = ordered[values.place(of: share)]
            side.exemplars.append(Exemplar(measure: measure, trace: features.traceIDs[index], duration: features.durations[index]))
        }
        return side
    }

    private mutating func addRows(_ left: Selection, _ first: [Int], _ right: Selection, _ second: [Int]) {
        let (one, other) = (left.features, right.features)
        var columns: [(stage: Stage?, left: [Double], right: [Double])] = [
            (nil, first.map { Double(one.durations[$0]) }, second.map { Double(other.durations[$0]) })
        ]
        for stage in Stage.allCases {
            let values = (first.map { Double(one.time(stage, $0)) }, second.map { Double(other.time(stage, $0)) })
            if values.0.contains(where: { $0 > 0 }) || values.1.contains(where: { $0 > 0 }) { columns.append((stage, values.0, values.1)) }
        }
        let weights = (first.map { one.weight($0) }, second.map { other.weight($0) })
        let bootstraps = (
            Bootstrap(columns.map(\.left), weights: weights.0, groups: first.map { left.groups[$0] }, seed: 1, maximum: Self.maximumUsed),
            Bootstrap(columns.map(\.right), weights: weights.1, groups: second.map { right.groups[$0] }, seed: 2, maximum: Self.maximumUsed)
        )
        for (place, column) in columns.enumerated() {
            let values = (WeightedValues(zip(column.left, weights.0).map { ($0, $1) }), WeightedValues(zip(column.right, weights.1).map { ($0, $1) }))
            let differences = Measure.allCases.enumerated().map { number, measure -> Difference in
                let spread = Bootstrap.interval(bootstraps.0.deviations[place][number], bootstraps.1.deviations[place][number])
                let (before, after) = (values.0.measure(measure), values.1.measure(measure))
                var result = Difference(
                    measure: measure, left: before, right: after, low: after - before + spread.lowerBound, high: after - before + spread.upperBound)
                if let whole = rows.first?.differences[number] {
                    result.isNegligible = abs(after - before) < Self.negligibleShare * max(whole.left, whole.right)
                }
                return result
            }
            rows.append(Row(stage: column.stage, differences: differences))
        }
    }

    private func makeSentences() -> [String] {
        guard let whole = rows.first?.differences.first else { return [] }
        let words = { (difference: Difference) in "\(DurationText.text(abs(difference.difference))) \(difference.difference > 0 ? "slower" : "faster")" }
        let first =
            whole.isCertain
            ? "B is on average \(words(whole)) than A: \(DurationText.text(whole.left)) became \(DurationText.text(whole.right))."
            : "Between A and B no difference of the mean duration is certain: \(DurationText.text(whole.left)) and \(DurationText.text(whole.right))."
        let certain = rows.dropFirst().compactMap { row in row.stage.map { ($0, row.differences[0]) } }.filter { $0.1.isCertain && !$0.1.isNegligible }
            .sorted { abs($0.1.difference) > abs($1.1.difference) }
        guard !certain.isEmpty else { return [first, "No stage differs with any certainty."] }
        let told = certain.prefix(3).map { stage, difference in
            let sign = difference.difference > 0 ? "+" : "−"
            let share = difference.left > 0 ? " (\(sign)\(Int((abs(difference.difference) / difference.left * 100).rounded())) %)" : ""
            return "\(stage.rawValue) \(sign)\(DurationText.text(abs(difference.difference)))\(share)"
        }
        let rest = certain.count > 3 ? " and \(certain.count - 3) more" : ""
        return [first, "Certain differences of stages: \(told.joined(separator: ", "))\(rest); all others may be chance or are small."]
    }
}
