internal import TraceModel

/// Counts the values of all attributes, once for the spans of a selection and once for all others: `compare({ … })`.
struct TraceQLCompareAccumulator: Sendable {
    /// The most values remembered of one attribute; rarer ones count in the totals only.
    private static let maximumValues = 1_000
    /// The most attributes.
    private static let maximumAttributes = 2_000
    /// The most numbers kept.
    private static let maximumCells = 8_000_000

    private struct Side: Sendable {
        var values: [String: [TraceQLValue: [Double]]] = [:]
        var totals: [String: [Double]] = [:]
    }

    private let comparison: TraceQLComparison
    private let isSelected: TraceQLCompiler.Test?
    private let intervals: TraceQLIntervals
    private let isExtrapolated: Bool
    /// Baseline, selection.
    private var sides = [Side(), Side()]
    private var cellCount = 0
    var inspectedSpans = 0
    private(set) var incomplete: String?

    init(_ comparison: TraceQLComparison, _ program: TraceQLMetricsProgram, _ intervals: TraceQLIntervals) {
        self.comparison = comparison
        isSelected = program.isSelected
        isExtrapolated = program.isExtrapolated
        self.intervals = intervals
    }

    mutating func observe(_ view: TraceView, _ index: Int, interval: Int) {
        let group = view.group(index)
        let span = group.spans[index - group.start]
        var isSelection = isSelected.map { $0(view, index) } ?? true
        if comparison.start > 0 {
            isSelection = isSelection && span.startTime > UInt64(clamping: comparison.start) && span.startTime <= UInt64(clamping: comparison.end)
        }
        let weight = isExtrapolated ? span.adjustedCount ?? 1 : 1
        func add(_ key: String, _ value: TraceQLValue) {
            if value == .missing { return }
            count(key, value, interval, weight, isSelection ? 1 : 0)
        }
        add("name", .string(span.name))
        add("kind", .kind(span.kind))
        add("status", .status(span.status.code))
        if !span.status.message.isEmpty { add("statusMessage", .string(span.status.message)) }
        if let root = view.outline.root {
            add("rootName", .string(view.span(root).name))
            add("rootServiceName", .string(view.group(root).service))
        }
        if !group.scope.name.isEmpty { add("instrumentation:name", .string(group.scope.name)) }
        for attribute in group.resource.attributes { add("resource.\(TraceQLField.quoted(attribute.key))", TraceQLValue(attribute.value)) }
        for attribute in span.attributes { add("span.\(TraceQLField.quoted(attribute.key))", TraceQLValue(attribute.value)) }
    }

    private mutating func reserve() -> Bool {
        guard cellCount + intervals.count <= Self.maximumCells else {
            incomplete = "the attributes have more than \(Self.maximumCells) samples"
            return false
        }
        cellCount += intervals.count
        return true
    }

    private mutating func count(_ key: String, _ value: TraceQLValue, _ interval: Int, _ weight: Double, _ side: Int) {
        if sides[side].totals[key] == nil {
            guard sides[side].totals.count < Self.maximumAttributes, reserve() else {
                incomplete = incomplete ?? "there are more than \(Self.maximumAttributes) attributes"
                return
            }
            sides[side].totals[key] = [Double](repeating: 0, count: intervals.count)
        }
        sides[side].totals[key]?[interval] += weight
        if sides[side].values[key]?[value] == nil {
            guard sides[side].values[key]?.count ?? 0 < Self.maximumValues else {
                incomplete = "an attribute has more than \(Self.maximumValues) values: \(key)"
                return
            }
            guard reserve() else { return }
            sides[side].values[key, default: [:]][value] = [Double](repeating: 0, count: intervals.count)
        }
        sides[side].values[key]?[value]?[interval] += weight
    }

    func seriesSet() -> TraceQLSeriesSet {
        var series = values(sides[0], "baseline")
        series += values(sides[1], "selection")
        series += totals(sides[0], "baseline_total")
        series += totals(sides[1], "selection_total")
        return TraceQLSeriesSet(series: series)
    }

    private static func label(_ type: String) -> TraceQLSeriesSet.Label { .init(name: "__meta_type", value: .string(type)) }

    /// The most frequent values of each attribute.
    private func values(_ side: Side, _ type: String) -> [TraceQLSeriesSet.Series] {
        var series: [TraceQLSeriesSet.Series] = []
        for (key, values) in side.values {
            var ranked: [(value: TraceQLValue, counts: [Double], total: Double, text: String)] = []
            for (value, counts) in values { ranked.append((value, counts, counts.reduce(0, +), value.description)) }
            ranked.sort { first, second in first.total != second.total ? first.total > second.total : first.text < second.text }
            for entry in ranked.prefix(comparison.topN) {
                series.append(TraceQLSeriesSet.Series(labels: [Self.label(type), TraceQLSeriesSet.Label(name: key, value: entry.value)], values: entry.counts))
            }
        }
        return series
    }

    private func totals(_ side: Side, _ type: String) -> [TraceQLSeriesSet.Series] {
        side.totals.map { key, counts in
            TraceQLSeriesSet.Series(labels: [Self.label(type), TraceQLSeriesSet.Label(name: key, value: .missing)], values: counts)
        }
    }
}
