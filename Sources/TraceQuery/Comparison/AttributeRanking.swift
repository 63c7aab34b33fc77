#if canImport(Glibc)
internal import Glibc
#else
internal import Darwin
#endif

/// Finds the attributes that tell two groups of traces apart.
struct AttributeRanking {
    private let features: FeatureTable
    private let selection: [Int]
    private let baseline: [Int]
    private(set) var ranked: [TailComparison.Ranked] = []
    private(set) var hiddenKeys: Set<String> = []

    init(_ features: FeatureTable, selection: [Int], baseline: [Int]) {
        self.features = features
        self.selection = selection
        self.baseline = baseline
    }

    /// Texts and flags: difference of shares among the traces that have the key, two-proportion z.
    mutating func rankValues() {
        let pairCount = features.pairNames.count
        var counts = [[Int](repeating: 0, count: pairCount), [Int](repeating: 0, count: pairCount)]
        var weighted = [[Double](repeating: 0, count: pairCount), [Double](repeating: 0, count: pairCount)]
        var fingerprints = [UInt64](repeating: 0, count: pairCount)
        for (side, indices) in [selection, baseline].enumerated() {
            for index in indices {
                let mark = Self.mark(UInt64(index))
                let weight = features.weight(index)
                for place in features.pairRange(index) {
                    counts[side][Int(features.pairs[place])] += 1
                    weighted[side][Int(features.pairs[place])] += weight
                    fingerprints[Int(features.pairs[place])] &+= mark
                }
            }
        }
        var perKey: [UInt32: (traces: (Int, Int), weights: (Double, Double), values: Int)] = [:]
        for number in 0..<pairCount where counts[0][number] + counts[1][number] > 0 {
            var entry = perKey[features.pairNames[UInt32(number)].key] ?? ((0, 0), (0, 0), 0)
            entry.traces.0 += counts[0][number]
            entry.traces.1 += counts[1][number]
            entry.weights.0 += weighted[0][number]
            entry.weights.1 += weighted[1][number]
            entry.values += 1
            perKey[features.pairNames[UInt32(number)].key] = entry
        }
        let isID = { (entry: (traces: (Int, Int), weights: (Double, Double), values: Int)) in
            let traces = entry.traces.0 + entry.traces.1
            return traces >= 20 && Double(entry.values) > TailComparison.idShare * Double(traces)
        }
        for (key, entry) in perKey where isID(entry) { hiddenKeys.insert(features.strings[key]) }
        let whole = (selection.reduce(0) { $0 + features.weight($1) }, baseline.reduce(0) { $0 + features.weight($1) })
        for number in 0..<pairCount where counts[0][number] + counts[1][number] > 0 {
            let pair = features.pairNames[UInt32(number)]
            guard let entry = perKey[pair.key], !isID(entry) else { continue }
            // A key that only one side has (an error's type, a retry's number) is compared with all its traces.
            let isPresence = entry.traces.0 == 0 || entry.traces.1 == 0 || isFlag(pair.key)
            let sizes = isPresence ? (selection.count, baseline.count) : entry.traces
            let weights = isPresence ? whole : entry.weights
            let z = Self.z(counts[0][number], sizes.0, counts[1][number], sizes.1)
            // What is missing from the selection counts as much as what is in it.
            guard abs(z) >= TailComparison.minimumZ, max(counts[0][number], z < 0 ? counts[1][number] : 0) >= TailComparison.minimumCount else { continue }
            let shares = (weights.0 > 0 ? weighted[0][number] / weights.0 : 0, weights.1 > 0 ? weighted[1][number] / weights.1 : 0)
            ranked.append(
                TailComparison.Ranked(
                    key: features.strings[pair.key], value: features.strings[pair.value], selectionShare: shares.0, baselineShare: shares.1,
                    selectionCount: counts[0][number], baselineCount: counts[1][number],
                    // What is more frequent in the selection is the better lead.
                    score: shares.0 >= shares.1 ? shares.0 - shares.1 : (shares.1 - shares.0) * 0.9, z: z, numeric: nil,
                    fingerprint: fingerprints[number]
                )
            )
        }
    }

    /// Spreads a number over 64 bits, so that a sum of marks tells which numbers are in it.
    private static func mark(_ number: UInt64) -> UInt64 {
        var mixed = (number &+ 1) &* 0x9e37_79b9_7f4a_7c15
        mixed = (mixed ^ mixed >> 30) &* 0xbf58_476d_1ce4_e5b9
        return mixed ^ mixed >> 31
    }

    /// Facts that are told only when they hold.
    private func isFlag(_ key: UInt32) -> Bool { ["cache", "status", "finish"].contains(features.strings[key]) }

    static func z(_ hits1: Int, _ size1: Int, _ hits2: Int, _ size2: Int) -> Double {
        guard size1 > 0, size2 > 0 else { return 0 }
        let (n1, n2) = (Double(size1), Double(size2))
        let pooled = Double(hits1 + hits2) / (n1 + n2)
        let deviation = (pooled * (1 - pooled) * (1 / n1 + 1 / n2)).squareRoot()
        return deviation > 0 ? (Double(hits1) / n1 - Double(hits2) / n2) / deviation : 0
    }

    /// Numbers: Kolmogorov-Smirnov distance and the cut where it is reached.
    mutating func rankNumbers() {
        var columns: [(key: UInt32, selection: [Double], baseline: [Double], fingerprint: UInt64)] = []
        // A table instead of a dictionary: there are millions of numbers, and few keys.
        var places = [Int32](repeating: -1, count: features.strings.count)
        func column(_ key: UInt32) -> Int {
            if places[Int(key)] < 0 {
                places[Int(key)] = Int32(truncatingIfNeeded: columns.count)
                columns.append((key, [], [], 0))
            }
            return Int(places[Int(key)])
        }
        for (isSelected, indices) in [(true, selection), (false, baseline)] {
            for index in indices {
                for place in features.numberRange(index) {
                    let (column, value) = (column(features.numberKeys[place]), features.numbers[place])
                    if isSelected { columns[column].selection.append(value) } else { columns[column].baseline.append(value) }
                    columns[column].fingerprint &+= Self.mark(UInt64(index) ^ value.bitPattern)
                }
            }
        }
        for index in columns.indices {
            let name = features.strings[columns[index].key]
            columns[index].selection.sort()
            columns[index].baseline.sort()
            let (left, right) = (columns[index].selection, columns[index].baseline)
            if left.count + right.count >= 20, isRunningNumber(left, right) {
                hiddenKeys.insert(name)
                continue
            }
            guard left.count >= TailComparison.minimumCount, right.count >= TailComparison.minimumCount else { continue }
            guard var found = Self.compare(name, left, right) else { continue }
            found.fingerprint = columns[index].fingerprint
            ranked.append(found)
        }
    }

    /// Whole numbers that hardly ever repeat, and lie as close as counting makes them, or are as large as ids and times. Both sorted.
    private func isRunningNumber(_ left: [Double], _ right: [Double]) -> Bool {
        guard left.allSatisfy({ $0 == $0.rounded() }), right.allSatisfy({ $0 == $0.rounded() }) else { return false }
        var distinct = 0
        var (i, j) = (0, 0)
        while i < left.count || j < right.count {
            let value = min(i < left.count ? left[i] : .infinity, j < right.count ? right[j] : .infinity)
            while i < left.count, left[i] <= value { i += 1 }
            while j < right.count, right[j] <= value { j += 1 }
            distinct += 1
        }
        guard Double(distinct) > TailComparison.idShare * Double(left.count + right.count) else { return false }
        let least = min(left.first ?? .infinity, right.first ?? .infinity)
        let most = max(left.last ?? -.infinity, right.last ?? -.infinity)
        return most - least < 4 * Double(distinct) || least > 1e6
    }

    /// Both sorted.
    static func compare(_ key: String, _ left: [Double], _ right: [Double]) -> TailComparison.Ranked? {
        let (n1, n2) = (Double(left.count), Double(right.count))
        var (i, j) = (0, 0)
        var best = (distance: 0.0, cut: 0.0, below1: 0, below2: 0)
        while i < left.count || j < right.count {
            let value = min(i < left.count ? left[i] : .infinity, j < right.count ? right[j] : .infinity)
            while i < left.count, left[i] <= value { i += 1 }
            while j < right.count, right[j] <= value { j += 1 }
            let distance = abs(Double(i) / n1 - Double(j) / n2)
            if distance > best.distance { best = (distance, value, i, j) }
        }
        // Two-sided, as improbable as three standard errors.
        let significance = best.distance * (n1 * n2 / (n1 + n2)).squareRoot()
        guard significance >= 1.82, let least = min(left.first ?? 0, right.first ?? 0) as Double?, let most = max(left.last ?? 0, right.last ?? 0) as Double? else {
            return nil
        }
        let isAbove = Double(best.below1) / n1 < Double(best.below2) / n2
        let counts = isAbove ? (left.count - best.below1, right.count - best.below2) : (best.below1, best.below2)
        guard counts.0 >= TailComparison.minimumCount else { return nil }
        let z = z(counts.0, left.count, counts.1, right.count)
        let histograms = [left, right].map { values in
            var steps = [Int](repeating: 0, count: TailComparison.histogramSteps)
            for value in values {
                let place = most > least ? (value - least) / (most - least) * Double(steps.count) : 0
                steps[min(max(Int(place), 0), steps.count - 1)] += 1
            }
            return steps
        }
        let cut = best.cut == best.cut.rounded() && best.cut.magnitude < 1e15 ? "\(Int64(best.cut))" : "\(best.cut)"
        return TailComparison.Ranked(
            key: key, value: (isAbove ? "> " : "≤ ") + cut, selectionShare: Double(counts.0) / n1, baselineShare: Double(counts.1) / n2,
            selectionCount: counts.0, baselineCount: counts.1, score: best.distance, z: z,
            numeric: TailComparison.Numeric(
                cut: best.cut, isAbove: isAbove, minimum: least, maximum: most, selection: histograms[0], baseline: histograms[1]
            )
        )
    }
}
