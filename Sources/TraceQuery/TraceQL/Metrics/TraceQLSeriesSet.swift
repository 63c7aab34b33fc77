internal import Foundation

/// Series while a query computes with them.
struct TraceQLSeriesSet: Sendable {
    struct Label: Hashable, Sendable {
        var name: String
        var value: TraceQLValue
    }

    struct Exemplar: Sendable {
        var labels: [Label]
        /// Not a number where the series' own value is to be shown.
        var value: Double
        /// Milliseconds since the Unix epoch.
        var time: Int64
    }

    struct Series: Sendable {
        var labels: [Label]
        /// One for each step; not a number where there is no value.
        var values: [Double]
        var exemplars: [Exemplar] = []

        /// What tells series apart: the name of the function does not.
        var key: [Label] { labels.filter { $0.name != TraceQLSeriesSet.nameLabel } }
        /// For an order that does not change.
        var text: String { labels.map { "\($0.name)=\($0.value)" }.joined(separator: ",") }
    }

    static let nameLabel = "__name__"

    var series: [Series]

    /// In the order of their labels.
    mutating func sort() {
        series = series.map { (text: $0.text, series: $0) }.sorted { $0.text < $1.text }.map(\.series)
    }

    // MARK: Arithmetic

    /// Series with equal labels; a series without labels goes with all of the other side.
    static func join(_ left: TraceQLSeriesSet, _ op: TraceQLOperator, _ right: TraceQLSeriesSet) -> TraceQLSeriesSet {
        let leftByKey = Dictionary(left.series.map { ($0.key, $0) }) { first, _ in first }
        let rightByKey = Dictionary(right.series.map { ($0.key, $0) }) { first, _ in first }
        let target = rightByKey[[]] == nil ? right.series : left.series
        var result: [Series] = []
        for key in target.map(\.key) {
            guard let a = leftByKey[key] ?? leftByKey[[]], let b = rightByKey[key] ?? rightByKey[[]] else { continue }
            let isLeftSpread = leftByKey[key] == nil
            let isRightSpread = rightByKey[key] == nil
            let exemplars = isLeftSpread == isRightSpread ? a.exemplars + b.exemplars : isLeftSpread ? b.exemplars : a.exemplars
            result.append(
                Series(
                    labels: labels(a, op, b), values: zip(a.values, b.values).map { compute($0, op, $1) }, exemplars: exemplars
                )
            )
        }
        return TraceQLSeriesSet(series: result)
    }

    private static func labels(_ left: Series, _ op: TraceQLOperator, _ right: Series) -> [Label] {
        var labels = left.key
        for label in right.key where !labels.contains(where: { $0.name == label.name }) { labels.append(label) }
        func name(_ series: Series) -> String? {
            if case .string(let name)? = series.labels.first(where: { $0.name == nameLabel })?.value { name } else { nil }
        }
        if let leftName = name(left), let rightName = name(right) {
            labels.append(Label(name: nameLabel, value: .string("(\(leftName) \(op.rawValue) \(rightName))")))
        }
        return labels
    }

    static func compute(_ left: Double, _ op: TraceQLOperator, _ right: Double) -> Double {
        switch op {
        case .add: left + right
        case .subtract: left - right
        case .multiply: left * right
        case .divide: right == 0 ? .nan : left / right
        default: .nan
        }
    }

    func scaled(_ op: TraceQLOperator, _ number: Double, isNumberOnLeft: Bool) -> TraceQLSeriesSet {
        func compute(_ value: Double) -> Double {
            isNumberOnLeft ? Self.compute(number, op, value) : Self.compute(value, op, number)
        }
        var result = self
        for index in result.series.indices {
            result.series[index].values = result.series[index].values.map(compute)
            for place in result.series[index].exemplars.indices {
                result.series[index].exemplars[place].value = compute(result.series[index].exemplars[place].value)
            }
        }
        return result
    }

    // MARK: Second stages

    func applying(_ stage: TraceQLSecondStage) -> TraceQLSeriesSet {
        switch stage {
        case .top(let count, _): best(count) { $0 > $1 }
        case .bottom(let count, _): best(count) { $0 < $1 }
        case .filter(let op, let limit): filtered(op, limit)
        }
    }

    private func filtered(_ op: TraceQLOperator, _ limit: Double) -> TraceQLSeriesSet {
        TraceQLSeriesSet(
            series: series.compactMap { series in
                var series = series
                series.values = series.values.map { !$0.isNaN && TraceQLArithmetic.order($0, op, limit) ? $0 : .nan }
                guard series.values.contains(where: { !$0.isNaN }) else { return nil }
                series.exemplars.removeAll { !$0.value.isNaN && !TraceQLArithmetic.order($0.value, op, limit) }
                return series
            }
        )
    }

    /// At each step, the series with the best values; of equal ones those first in the order of their labels.
    private func best(_ count: Int, _ isBetter: (Double, Double) -> Bool) -> TraceQLSeriesSet {
        guard series.count > count else { return self }
        var ordered = self
        ordered.sort()
        var result = ordered.series
        for index in result.indices { result[index].values = result[index].values.map { _ in .nan } }
        for step in 0..<(ordered.series.map(\.values.count).max() ?? 0) {
            let candidates = ordered.series.indices.filter { step < ordered.series[$0].values.count && !ordered.series[$0].values[step].isNaN }
            let chosen = candidates.sorted { first, second in
                let (a, b) = (ordered.series[first].values[step], ordered.series[second].values[step])
                return a == b ? first < second : isBetter(a, b)
            }
            for index in chosen.prefix(count) { result[index].values[step] = ordered.series[index].values[step] }
        }
        return TraceQLSeriesSet(series: result.filter { $0.values.contains { !$0.isNaN } })
    }

    // MARK: Results

    /// Only what has a value.
    func result(_ intervals: TraceQLIntervals) -> [TraceQLSeries] {
        series.compactMap { series in
            var samples: [TraceQLSeries.Sample] = []
            for (index, value) in series.values.enumerated() where !value.isNaN {
                samples.append(TraceQLSeries.Sample(time: intervals.time(index), value: value))
            }
            if samples.isEmpty { return nil }
            let exemplars = series.exemplars.compactMap { exemplar -> TraceQLSeries.Exemplar? in
                let time = UInt64(clamping: exemplar.time) &* 1_000_000
                guard let index = intervals.index(of: max(time, intervals.start + 1)), !series.values[index].isNaN else { return nil }
                return TraceQLSeries.Exemplar(
                    labels: exemplar.labels.map { TraceQLAttribute(key: $0.name, value: $0.value.attributeValue) },
                    value: exemplar.value.isNaN ? series.values[index] : exemplar.value,
                    time: exemplar.time
                )
            }
            return TraceQLSeries(
                labels: series.labels.map { TraceQLAttribute(key: $0.name, value: $0.value.attributeValue) }, samples: samples, exemplars: exemplars
            )
        }
    }
}
