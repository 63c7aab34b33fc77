internal import TraceModel

/// Gathers spans into series: the first stage of a metrics query.
struct TraceQLAccumulator: Sendable {
    /// The most numbers kept, for all series and steps together.
    static let maximumCells = 8_000_000

    /// Spans with the same values of `by`.
    private struct Group: Sendable {
        var values: [TraceQLValue]
        /// Counts, sums, smallest or largest values.
        var cells: [Double] = []
        /// How many values are in a cell, for averages.
        var counts: [Double] = []
        /// Counts by the exponent of the bucket.
        var buckets: [Int: [Double]] = [:]
        var exemplars: [TraceQLSeriesSet.Exemplar] = []
    }

    private let program: TraceQLMetricsProgram
    private let intervals: TraceQLIntervals
    private let maximumSeries: Int
    private var groups: [Group] = []
    private var places: [[TraceQLValue]: Int] = [:]
    private var key: [TraceQLValue]
    private var lastPlace = -1
    private var cellCount = 0
    private var budget: TraceQLExemplarBudget
    var inspectedSpans = 0
    /// Why series are missing.
    private(set) var incomplete: String?

    init(_ program: TraceQLMetricsProgram, _ intervals: TraceQLIntervals, exemplars: Int, maximumSeries: Int) {
        self.program = program
        self.intervals = intervals
        self.maximumSeries = max(1, maximumSeries)
        key = [TraceQLValue](repeating: .missing, count: program.by.count)
        budget = TraceQLExemplarBudget(exemplars, intervals)
        // Without groups there is one series even of no spans at all: zeros, to compute with.
        if program.by.isEmpty { _ = addGroup() }
    }

    // MARK: Observing

    /// Adds a span that the query's pipeline kept.
    mutating func observe(_ view: TraceView, _ index: Int, interval: Int) {
        let group = view.group(index)
        let offset = index - group.start
        var value = TraceQLValue.missing
        if let measure = program.measure {
            value = measure(view, index)
            guard value.type.isNumeric else { return }
        }
        var exponent = 0
        if program.hasBuckets {
            guard let found = TraceQLQuantile.exponent(value) else { return }
            exponent = found
        }
        guard let place = place(view, index) else { return }
        let weight = program.isExtrapolated ? group.spans[offset].adjustedCount ?? 1 : 1
        add(value, weight, place, interval, exponent)
        if !budget.isSpent, budget.take(group.spans[offset].traceID, group.spans[offset].startTime) {
            groups[place].exemplars.append(
                TraceQLSeriesSet.Exemplar(
                    labels: [
                        .init(name: "trace:id", value: .string(group.spans[offset].traceID.description)),
                        .init(name: "span:id", value: .string(group.spans[offset].spanID.description)),
                    ],
                    value: program.showsValueOfExemplar ? TraceQLParser.seconds(value) : .nan,
                    time: Int64(clamping: group.spans[offset].startTime / 1_000_000)
                )
            )
        }
    }

    private mutating func add(_ value: TraceQLValue, _ weight: Double, _ place: Int, _ interval: Int, _ exponent: Int) {
        if program.hasBuckets {
            if groups[place].buckets[exponent] == nil {
                guard reserve(intervals.count) else { return }
                if case .histogram = program.kind, groups.reduce(0, { $0 + $1.buckets.count }) >= maximumSeries {
                    incomplete = "there are more than \(maximumSeries) series"
                    return
                }
                groups[place].buckets[exponent] = [Double](repeating: 0, count: intervals.count)
            }
            groups[place].buckets[exponent]?[interval] += weight
            return
        }
        switch program.kind {
        case .rate, .count: groups[place].cells[interval] += weight
        case .sum, .average:
            let number = TraceQLParser.seconds(value) * weight
            let current = groups[place].cells[interval]
            groups[place].cells[interval] = current.isNaN ? number : current + number
            if case .average = program.kind { groups[place].counts[interval] += weight }
        case .min:
            let number = TraceQLParser.seconds(value)
            if !(groups[place].cells[interval] <= number) { groups[place].cells[interval] = number }
        case .max:
            let number = TraceQLParser.seconds(value)
            if !(groups[place].cells[interval] >= number) { groups[place].cells[interval] = number }
        case .quantile, .histogram, .compare: break
        }
    }

    /// The group of a span.
    private mutating func place(_ view: TraceView, _ index: Int) -> Int? {
        if program.by.isEmpty { return 0 }
        var isSame = lastPlace >= 0
        for (position, by) in program.by.enumerated() {
            let value = by.read(view, index)
            if isSame, key[position] == value { continue }
            isSame = false
            key[position] = value
        }
        if isSame { return lastPlace }
        if let place = places[key] {
            lastPlace = place
            return place
        }
        guard let place = addGroup() else {
            lastPlace = -1
            return nil
        }
        lastPlace = place
        return place
    }

    private mutating func addGroup() -> Int? {
        guard groups.count < maximumSeries else {
            incomplete = "there are more than \(maximumSeries) series"
            return nil
        }
        var group = Group(values: key)
        if !program.hasBuckets {
            guard reserve(intervals.count) else { return nil }
            let isCount = program.kind == .rate || program.kind == .count
            group.cells = [Double](repeating: isCount ? 0 : .nan, count: intervals.count)
            if program.kind == .average {
                guard reserve(intervals.count) else { return nil }
                group.counts = [Double](repeating: 0, count: intervals.count)
            }
        }
        places[key] = groups.count
        groups.append(group)
        return groups.count - 1
    }

    private mutating func reserve(_ count: Int) -> Bool {
        guard cellCount + count <= Self.maximumCells else {
            incomplete = "the series have more than \(Self.maximumCells) samples"
            return false
        }
        cellCount += count
        return true
    }

    // MARK: Results

    func seriesSet() -> TraceQLSeriesSet {
        var set = TraceQLSeriesSet(series: [])
        for group in groups {
            let labels = labels(group)
            switch program.kind {
            case .rate:
                let seconds = Double(intervals.step) / 1e9
                set.series.append(.init(labels: labels, values: group.cells.map { $0 / seconds }, exemplars: group.exemplars))
            case .average:
                set.series.append(.init(labels: labels, values: zip(group.cells, group.counts).map { $0 / $1 }, exemplars: group.exemplars))
            case .count, .min, .max, .sum:
                set.series.append(.init(labels: labels, values: group.cells, exemplars: group.exemplars))
            case .histogram:
                for (exponent, counts) in group.buckets.sorted(by: { $0.key < $1.key }) {
                    let bucket = TraceQLSeriesSet.Label(name: "__bucket", value: .double(TraceQLQuantile.bound(exponent) * program.scale))
                    set.series.append(.init(labels: labels + [bucket], values: counts, exemplars: []))
                }
                if !set.series.isEmpty, !group.buckets.isEmpty { set.series[set.series.count - 1].exemplars = group.exemplars }
            case .quantile(let quantiles): set.series += quantileSeries(group, labels, quantiles)
            case .compare: break
            }
        }
        return set
    }

    private func labels(_ group: Group) -> [TraceQLSeriesSet.Label] {
        if program.by.isEmpty {
            // A bucket or a quantile is label enough.
            return program.hasBuckets ? [] : [.init(name: TraceQLSeriesSet.nameLabel, value: .string(program.name))]
        }
        let labels = zip(program.by, group.values).filter { $0.1 != .missing }.map { TraceQLSeriesSet.Label(name: $0.0.label, value: $0.1) }
        if labels.isEmpty { return [.init(name: program.by[0].label, value: .missing)] }
        return labels
    }

    private func quantileSeries(_ group: Group, _ labels: [TraceQLSeriesSet.Label], _ quantiles: [Double]) -> [TraceQLSeriesSet.Series] {
        if group.buckets.isEmpty { return [] }
        let buckets = group.buckets.sorted { $0.key < $1.key }
        func value(_ quantile: Double, _ counts: [(exponent: Int, count: Double)]) -> Double {
            TraceQLQuantile.value(quantile, counts.filter { $0.count > 0 }) * program.scale
        }
        let overall = quantiles.map { quantile in value(quantile, buckets.map { ($0.key, $0.value.reduce(0, +)) }) }
        return quantiles.enumerated().map { position, quantile in
            TraceQLSeriesSet.Series(
                labels: labels + [.init(name: "p", value: .double(quantile))],
                values: (0..<intervals.count).map { interval in value(quantile, buckets.map { ($0.key, $0.value[interval]) }) },
                // An example belongs to the quantile that it is nearest to.
                exemplars: group.exemplars.filter { exemplar in
                    overall.indices.min { abs(overall[$0] - exemplar.value) < abs(overall[$1] - exemplar.value) } == position
                }
            )
        }
    }
}
