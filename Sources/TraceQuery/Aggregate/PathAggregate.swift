public import TraceModel

/// Many traces merged by path (service, name, model) into one: what a typical request of a selection looks like.
///
/// A frame is as wide as the mean time on the critical path of all that lies in it. Parallel spans that nobody waited for have no width.
public struct PathAggregate: Hashable, Sendable {
    /// Which traces of the selection, by their duration.
    public enum Band: String, Hashable, Sendable, CaseIterable {
        case all, p50, p95, p99

        /// Shares of the weighted traces, in order of duration, between which the band lies.
        var shares: ClosedRange<Double> {
            switch self {
            case .all: 0...1
            case .p50: 0.45...0.55
            case .p95: 0.925...0.975
            case .p99: 0.985...1
            }
        }
    }

    public struct Frame: Hashable, Sendable {
        /// Place of the frame above; `nil` at the top.
        public var parent: Int?
        public var depth = 0
        public var service = ""
        /// Of spans, or of the stage.
        public var name = ""
        public var model = ""
        /// For a part of the own time of the frame above.
        public var stage: Stage?
        /// Weighted means, nanoseconds: its own time, all in it, and all in it in the baseline.
        public var own = 0.0
        public var total = 0.0
        public var baseline = 0.0
        /// Share of the traces that have it on their critical path, 0 to 1.
        public var share = 0.0
        /// Traces near the frame's own p50, p95 and maximum.
        public var exemplars: [TraceID] = []
    }

    /// Frames thinner than this share of the mean are left out: they could not be seen.
    static let thinnest = 0.0005
    /// Traces among which a frame's exemplars are looked for.
    static let exemplarTraces = 2_000

    /// Depth first; of frames with one above them the widest comes first.
    public private(set) var frames: [Frame] = []
    public private(set) var traceCount = 0
    /// Weighted traces.
    public private(set) var count = 0.0
    /// Weighted mean duration, nanoseconds.
    public private(set) var mean = 0.0
    public private(set) var shortest: UInt64 = 0
    public private(set) var longest: UInt64 = 0
    public private(set) var baselineTraceCount = 0
    public private(set) var baselineMean = 0.0
    /// Frames that were too thin, or too many.
    public private(set) var leftOut = 0

    /// - Parameters:
    ///   - selected: For each trace whether it is in the selection.
    ///   - isIncluded: For each trace whether it takes part; what is not in the band of the selection is the baseline.
    ///   - limit: Frames at most.
    public init(_ features: FeatureTable, selected: [Bool], isIncluded: [Bool], band: Band = .all, limit: Int = 1_000) {
        let chosen = Self.chosen(features, selected: selected, isIncluded: isIncluded, band: band)
        var isOther = isIncluded
        for index in chosen { isOther[index] = false }
        let others = (0..<features.count).filter { isOther[$0] }
        traceCount = chosen.count
        baselineTraceCount = others.count
        guard let first = chosen.first, let last = chosen.last else { return }
        (shortest, longest) = (features.durations[first], features.durations[last])
        let left = Sums(features, chosen)
        let right = Sums(features, others)
        (count, mean, baselineMean) = (left.weight, left.mean, right.mean)
        addFrames(features, left, right, limit: max(limit, 1))
        addExemplars(features, chosen)
    }

    /// The traces of a band, the shortest first.
    private static func chosen(_ features: FeatureTable, selected: [Bool], isIncluded: [Bool], band: Band) -> [Int] {
        let sorted = features.sortedByDuration((0..<features.count).filter { selected[$0] && isIncluded[$0] })
        guard band != .all else { return sorted }
        let whole = sorted.reduce(0) { $0 + features.weight($1) }
        var before = 0.0
        return sorted.filter { index in
            let low = before / whole
            before += features.weight(index)
            return before / whole > band.shares.lowerBound && low < band.shares.upperBound
        }
    }

    /// Weighted sums of times by frame.
    private struct Sums {
        var own: [Double]
        var total: [Double]
        /// Weight of traces that have the frame.
        var having: [Double]
        var weight = 0.0
        var mean = 0.0

        init(_ features: FeatureTable, _ indices: [Int]) {
            own = [Double](repeating: 0, count: features.pathFrames.count)
            having = own
            var lastSeen = [Int](repeating: -1, count: own.count)
            for index in indices {
                let weight = features.weight(index)
                self.weight += weight
                mean += Double(features.durations[index]) * weight
                for place in features.pathRange(index) {
                    var number = features.paths[place]
                    own[Int(number)] += Double(features.pathTimes[place]) * weight
                    while number != PathFrame.none, lastSeen[Int(number)] != index {
                        lastSeen[Int(number)] = index
                        having[Int(number)] += weight
                        number = features.pathFrames[number].parent
                    }
                }
            }
            mean = weight > 0 ? mean / weight : 0
            total = own
            // A frame's number is greater than that of the one above it.
            for number in stride(from: own.count - 1, through: 0, by: -1) {
                let parent = features.pathFrames[UInt32(number)].parent
                if parent != PathFrame.none { total[Int(parent)] += total[number] }
            }
        }
    }

    private mutating func addFrames(_ features: FeatureTable, _ left: Sums, _ right: Sums, limit: Int) {
        var below: [UInt32: [UInt32]] = [:]
        var top: [UInt32] = []
        let least = mean * left.weight * Self.thinnest
        for number in left.total.indices where left.total[number] > 0 {
            guard left.total[number] >= least else {
                leftOut += 1
                continue
            }
            let parent = features.pathFrames[UInt32(number)].parent
            if parent == PathFrame.none { top.append(UInt32(number)) } else { below[parent, default: []].append(UInt32(number)) }
        }
        let widestLast = { (one: UInt32, other: UInt32) in (left.total[Int(one)], other) < (left.total[Int(other)], one) }
        var waiting = top.sorted(by: widestLast).map { (number: $0, parent: Int?.none, depth: 0) }
        numbers = []
        while let next = waiting.popLast() {
            guard frames.count < limit else {
                leftOut += waiting.count + 1
                break
            }
            let (place, key) = (Int(next.number), features.pathFrames[next.number])
            var frame = Frame(parent: next.parent, depth: next.depth)
            frame.service = features.strings[key.service]
            frame.name = features.strings[key.name]
            frame.model = features.strings[key.model]
            frame.stage = key.stage == PathFrame.noStage ? nil : Stage.allCases[Int(key.stage)]
            frame.own = left.own[place] / left.weight
            frame.total = left.total[place] / left.weight
            frame.baseline = right.weight > 0 ? right.total[place] / right.weight : 0
            frame.share = left.having[place] / left.weight
            let index = frames.count
            frames.append(frame)
            numbers.append(next.number)
            waiting += (below[next.number] ?? []).sorted(by: widestLast).map { ($0, index, next.depth + 1) }
        }
    }

    /// The path of each frame.
    private var numbers: [UInt32] = []

    private mutating func addExemplars(_ features: FeatureTable, _ chosen: [Int]) {
        var places: [UInt32: Int] = [:]
        for (place, number) in numbers.enumerated() { places[number] = place }
        var times = [[(time: UInt64, index: Int)]](repeating: [], count: frames.count)
        var sums: [Int: UInt64] = [:]
        // Evenly by duration, when there are many.
        let step = max(1, chosen.count / Self.exemplarTraces)
        for at in stride(from: chosen.count - 1, through: 0, by: -step) {
            sums.removeAll(keepingCapacity: true)
            for entry in features.pathRange(chosen[at]) {
                var number = features.paths[entry]
                while number != PathFrame.none {
                    if let place = places[number] { sums[place, default: 0] += features.pathTimes[entry] }
                    number = features.pathFrames[number].parent
                }
            }
            for (place, sum) in sums { times[place].append((sum, chosen[at])) }
        }
        for place in frames.indices {
            let sorted = times[place].sorted { ($0.time, $0.index) < ($1.time, $1.index) }
            for share in [0.5, 0.95, 1] where !sorted.isEmpty {
                let id = features.traceIDs[sorted[min(Int(share * Double(sorted.count)), sorted.count - 1)].index]
                if !frames[place].exemplars.contains(id) { frames[place].exemplars.append(id) }
            }
        }
    }
}
