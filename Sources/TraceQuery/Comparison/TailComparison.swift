#if canImport(Glibc)
internal import Glibc
#else
internal import Darwin
#endif
public import TraceModel

/// What a selection of traces has that the others lack: where its extra time is, and which attributes go with it.
public struct TailComparison: Hashable, Sendable {
    /// A side's size and duration.
    public struct Side: Hashable, Sendable {
        public var traceCount = 0
        /// Weighted traces.
        public var count = 0.0
        /// Weighted mean duration, nanoseconds; 0 for an empty side.
        public var mean = 0.0
        public var errors = 0.0
        /// Traces near its p50, p95 and p99.
        public var exemplars: [TraceID] = []
    }

    /// What a stage, or an operation, adds to the difference of the means. Contributions add up to the gap.
    public struct Contribution: Hashable, Sendable {
        /// A stage's name, or that of spans.
        public var name: String
        /// Empty for stages.
        public var service: String
        /// Weighted mean, nanoseconds.
        public var selection: Double
        public var baseline: Double
        public var difference: Double { selection - baseline }
    }

    /// A value of an attribute that is more frequent, or less, in the selection.
    public struct Ranked: Hashable, Sendable {
        public var key: String
        /// The value; for a numeric attribute `> 12` or `≤ 12`.
        public var value: String
        /// Of traces that have the attribute's kind of span, 0 to 1.
        public var selectionShare: Double
        public var baselineShare: Double
        /// Traces with it in the selection, and in the baseline.
        public var selectionCount: Int
        public var baselineCount: Int
        /// For ranking: the difference of shares, or the Kolmogorov-Smirnov distance.
        public var score: Double
        /// Standard errors by which the shares differ.
        public var z: Double
        /// Of a numeric attribute.
        public var numeric: Numeric?
        /// Which traces have it, or which numbers they have: what is alike here says the same.
        var fingerprint: UInt64 = 0
        /// Other attributes that say the same: `server = triton-a` where one host has one server.
        public var aliases: [String] = []
        /// Share in the selection through share in the baseline; infinite when the baseline has none.
        public var lift: Double { baselineShare > 0 ? selectionShare / baselineShare : .infinity }
    }

    /// How the values of a numeric attribute lie.
    public struct Numeric: Hashable, Sendable {
        public var cut: Double
        /// The selection lies above the cut.
        public var isAbove: Bool
        public var minimum: Double
        public var maximum: Double
        /// Traces by value, in equal steps from the minimum to the maximum.
        public var selection: [Int]
        public var baseline: [Int]
    }

    /// Spans that one side has much more often.
    public struct Structure: Hashable, Sendable {
        public var service: String
        public var name: String
        /// Share of traces that have it, 0 to 1.
        public var selectionShare: Double
        public var baselineShare: Double
    }

    /// What a difference needs to be told of.
    static let minimumZ = 3.0
    static let minimumCount = 5
    /// A key with a greater share of unique values is an id.
    static let idShare = 0.9
    static let histogramSteps = 20

    public private(set) var selection = Side()
    public private(set) var baseline = Side()
    public var gap: Double { selection.mean - baseline.mean }
    /// By stage, in causal order.
    public private(set) var stages: [Contribution] = []
    /// By operation, the largest difference first; the last one, without a name, is the rest.
    public private(set) var operations: [Contribution] = []
    /// The best first.
    public private(set) var ranked: [Ranked] = []
    /// Keys that look like ids, and were left out.
    public private(set) var hiddenKeys: [String] = []
    /// The largest difference first.
    public private(set) var structure: [Structure] = []
    /// What the numbers say, in two sentences.
    public private(set) var sentences: [String] = []

    /// - Parameters:
    ///   - selected: For each trace whether it is in the selection.
    ///   - isIncluded: For each trace whether it takes part; the rest of these is the baseline.
    ///   - limit: Ranked attributes and operations at most.
    public init(_ features: FeatureTable, selected: [Bool], isIncluded: [Bool]? = nil, limit: Int = 30) {
        var inSelection: [Int] = []
        var inBaseline: [Int] = []
        for index in 0..<features.count where isIncluded?[index] ?? true {
            if selected[index] { inSelection.append(index) } else { inBaseline.append(index) }
        }
        selection = Self.side(features, inSelection)
        baseline = Self.side(features, inBaseline)
        guard !inSelection.isEmpty, !inBaseline.isEmpty else {
            sentences = [inSelection.isEmpty ? "No trace is in the selection." : "Every trace is in the selection: there is nothing to compare it with."]
            return
        }
        stages = Stage.allCases.compactMap { stage in
            let means = [inSelection, inBaseline].map { Self.mean(features, $0) { Double(features.time(stage, $0)) } }
            return means == [0, 0] ? nil : Contribution(name: stage.rawValue, service: "", selection: means[0], baseline: means[1])
        }
        addOperations(features, inSelection, inBaseline, limit: limit)
        var ranking = AttributeRanking(features, selection: inSelection, baseline: inBaseline)
        ranking.rankValues()
        ranking.rankNumbers()
        // A tie goes to the plain facts: `model` before `model.triton.model_name`, which says the same.
        let sorted = ranking.ranked.sorted {
            if abs($0.score - $1.score) > 1e-9 { return $0.score > $1.score }
            let (left, right) = ($0.key.contains("."), $1.key.contains("."))
            return left == right ? ($0.key, $0.value) < ($1.key, $1.value) : !left
        }
        ranked = Array(Self.folded(sorted).prefix(max(limit, 0)))
        hiddenKeys = ranking.hiddenKeys.sorted()
        sentences = makeSentences()
    }

    /// Each statement once, with the other attributes that make it.
    private static func folded(_ sorted: [Ranked]) -> [Ranked] {
        var places: [UInt64: Int] = [:]
        var result: [Ranked] = []
        for one in sorted {
            if let place = places[one.fingerprint] {
                result[place].aliases.append(one.numeric == nil ? "\(one.key) = \(one.value)" : "\(one.key) \(one.value)")
            } else {
                places[one.fingerprint] = result.count
                result.append(one)
            }
        }
        return result
    }

    private static func side(_ features: FeatureTable, _ indices: [Int]) -> Side {
        var side = Side(traceCount: indices.count)
        for index in indices {
            side.count += features.weight(index)
            if features.errorCounts[index] > 0 { side.errors += features.weight(index) }
        }
        side.mean = mean(features, indices) { Double(features.durations[$0]) }
        let sorted = features.sortedByDuration(indices)
        for share in [0.5, 0.95, 0.99] where !sorted.isEmpty {
            let id = features.traceIDs[sorted[min(Int(share * Double(sorted.count)), sorted.count - 1)]]
            if !side.exemplars.contains(id) { side.exemplars.append(id) }
        }
        return side
    }

    private static func mean(_ features: FeatureTable, _ indices: [Int], _ value: (Int) -> Double) -> Double {
        var (sum, count) = (0.0, 0.0)
        for index in indices {
            sum += value(index) * features.weight(index)
            count += features.weight(index)
        }
        return count > 0 ? sum / count : 0
    }

    // MARK: Operations

    private mutating func addOperations(_ features: FeatureTable, _ inSelection: [Int], _ inBaseline: [Int], limit: Int) {
        var times = [[Double](repeating: 0, count: features.operationNames.count), [Double](repeating: 0, count: features.operationNames.count)]
        var traces = times
        for (side, indices) in [inSelection, inBaseline].enumerated() {
            for index in indices {
                let weight = features.weight(index)
                for place in features.operationRange(index) {
                    times[side][Int(features.operations[place])] += Double(features.operationTimes[place]) * weight
                    traces[side][Int(features.operations[place])] += weight
                }
            }
        }
        var all: [Contribution] = []
        for number in 0..<features.operationNames.count where traces[0][number] + traces[1][number] > 0 {
            let operation = features.operationNames[UInt32(number)]
            let (name, service) = (features.strings[operation.name], features.strings[operation.service])
            all.append(
                Contribution(name: name, service: service, selection: times[0][number] / selection.count, baseline: times[1][number] / baseline.count)
            )
            let shares = (traces[0][number] / selection.count, traces[1][number] / baseline.count)
            if abs(shares.0 - shares.1) >= 0.1 {
                structure.append(Structure(service: service, name: name, selectionShare: shares.0, baselineShare: shares.1))
            }
        }
        all.sort { (abs($0.difference), $1.service, $1.name) > (abs($1.difference), $0.service, $0.name) }
        operations = Array(all.prefix(max(limit, 0)))
        let told = operations.reduce((0.0, 0.0)) { ($0.0 + $1.selection, $0.1 + $1.baseline) }
        operations.append(Contribution(name: "", service: "", selection: selection.mean - told.0, baseline: baseline.mean - told.1))
        structure.sort {
            (abs($0.selectionShare - $0.baselineShare), $1.service, $1.name) > (abs($1.selectionShare - $1.baselineShare), $0.service, $0.name)
        }
        structure = Array(structure.prefix(max(limit, 0)))
    }

    // MARK: Words

    private func makeSentences() -> [String] {
        let slower = gap >= 0 ? "slower" : "faster"
        var first = "The \(selection.traceCount) selected traces are on average \(DurationText.text(abs(gap))) \(slower) than the other \(baseline.traceCount)"
        let sign = gap >= 0 ? 1.0 : -1.0
        let main = stages.filter { $0.difference * sign > 0.05 * abs(gap) }.sorted { $0.difference * sign > $1.difference * sign }.prefix(3)
        if !main.isEmpty {
            first += ": " + main.map { "\(DurationText.text(abs($0.difference))) of it is \($0.name)" }.joined(separator: ", ")
        }
        guard let best = ranked.first else {
            return [first + ".", "No attribute tells the two sides apart with any certainty."]
        }
        let more = best.selectionShare >= best.baselineShare ? "goes with" : "is missing from"
        return [
            first + ".",
            "\(best.key) \(best.numeric == nil ? "= " : "")\(best.value) \(more) the selection: \(Self.percent(best.selectionShare)) of it, \(Self.percent(best.baselineShare)) of the rest.",
        ]
    }

    private static func percent(_ share: Double) -> String { "\(Int((share * 100).rounded())) %" }
}
