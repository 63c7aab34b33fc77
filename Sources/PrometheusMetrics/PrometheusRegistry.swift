internal import Synchronization

/// Metrics of this process, ready to be written in the formats that Prometheus reads. Safe to use from any thread.
package final class PrometheusRegistry: Sendable {
    /// Gives metrics that are kept elsewhere, when they are asked for.
    package typealias Collector = @Sendable () -> [MetricFamily]

    /// Metrics of different names; one more is not kept.
    package static let defaultMaxFamilies = 1_000
    /// Series of one metric; one more is not kept.
    package static let defaultMaxSeries = 1_000

    enum Instrument: Sendable {
        case counter(PrometheusCounter)
        /// A counter that holds fractions.
        case sum(PrometheusGauge)
        case gauge(PrometheusGauge)
        case histogram(PrometheusHistogram)

        var object: AnyObject {
            switch self {
            case .counter(let counter): counter
            case .sum(let gauge), .gauge(let gauge): gauge
            case .histogram(let histogram): histogram
            }
        }
    }

    private struct Family: Sendable {
        let kind: MetricFamily.Kind
        let help: String
        var series: [MetricLabels: Instrument] = [:]
    }

    private struct State: Sendable {
        var families: [String: Family] = [:]
        var collectors: [Collector] = []
        /// Series that were not kept.
        var refused: UInt64 = 0
    }

    private let maxFamilies: Int
    private let maxSeries: Int
    private let state = Mutex(State())

    package init(maxFamilies: Int = PrometheusRegistry.defaultMaxFamilies, maxSeries: Int = PrometheusRegistry.defaultMaxSeries) {
        self.maxFamilies = maxFamilies
        self.maxSeries = maxSeries
    }

    // MARK: Instruments

    // Each of these gives the instrument of this name and these labels, the same one every time. One that cannot be kept, because
    // there are too many or because the name stands for another kind of metric, works and is not shown; it is counted as refused.

    package func counter(_ name: String, labels: MetricLabels = MetricLabels(), help: String = "") -> PrometheusCounter {
        if case .counter(let counter) = instrument(name, .counter, labels, help, make: { .counter(PrometheusCounter()) }) { return counter }
        return PrometheusCounter()
    }

    /// A counter that holds fractions; the caller only adds to it.
    package func sum(_ name: String, labels: MetricLabels = MetricLabels(), help: String = "") -> PrometheusGauge {
        if case .sum(let sum) = instrument(name, .counter, labels, help, make: { .sum(PrometheusGauge()) }) { return sum }
        return PrometheusGauge()
    }

    package func gauge(_ name: String, labels: MetricLabels = MetricLabels(), help: String = "") -> PrometheusGauge {
        if case .gauge(let gauge) = instrument(name, .gauge, labels, help, make: { .gauge(PrometheusGauge()) }) { return gauge }
        return PrometheusGauge()
    }

    package func histogram(_ name: String, labels: MetricLabels = MetricLabels(), help: String = "", bounds: [Double]) -> PrometheusHistogram {
        let made = instrument(name, .histogram, labels, help) { .histogram(PrometheusHistogram(bounds: bounds)) }
        if case .histogram(let histogram) = made { return histogram }
        return PrometheusHistogram(bounds: bounds)
    }

    private func instrument(
        _ name: String,
        _ kind: MetricFamily.Kind,
        _ labels: MetricLabels,
        _ help: String,
        make: () -> Instrument
    ) -> Instrument? {
        var name = MetricName.metric(name)
        // It is written with this end.
        if kind == .counter, name.hasSuffix("_total"), name != "_total" { name.removeLast("_total".count) }
        return state.withLock { state in
            if let family = state.families[name] {
                if family.kind == kind, let known = family.series[labels] { return known }
                guard family.kind == kind, family.series.count < maxSeries else {
                    state.refused += 1
                    return nil
                }
            } else {
                guard state.families.count < maxFamilies, !Self.clashes(name, kind, with: state.families) else {
                    state.refused += 1
                    return nil
                }
                state.families[name] = Family(kind: kind, help: help.isEmpty ? name : help)
            }
            let instrument = make()
            state.families[name]?.series[labels] = instrument
            return instrument
        }
    }

    /// The samples of one family would have the name of another's.
    private static func clashes(_ name: String, _ kind: MetricFamily.Kind, with families: [String: Family]) -> Bool {
        func ends(of kind: MetricFamily.Kind) -> [String] {
            switch kind {
            case .counter: ["_total"]
            case .histogram: ["_bucket", "_sum", "_count"]
            case .plainCounter, .gauge: []
            }
        }
        if ends(of: kind).contains(where: { families[name + $0] != nil }) { return true }
        return ["_total", "_bucket", "_sum", "_count"].contains { end in
            guard name.hasSuffix(end), let other = families[String(name.dropLast(end.count))] else { return false }
            return ends(of: other.kind).contains(end)
        }
    }

    /// Shows an instrument no more.
    func remove(_ object: AnyObject) {
        state.withLock { state in
            for (name, family) in state.families {
                guard let labels = family.series.first(where: { $0.value.object === object })?.key else { continue }
                state.families[name]?.series[labels] = nil
                if state.families[name]?.series.isEmpty == true { state.families[name] = nil }
            }
        }
    }

    // MARK: Showing

    /// Adds metrics that are kept elsewhere; they are shown in front.
    package func add(_ collector: @escaping Collector) { state.withLock { $0.collectors.append(collector) } }

    /// All metrics as they are now: collected ones in their order, then instruments by name.
    package func families() -> [MetricFamily] {
        let (collectors, families, refused) = state.withLock { ($0.collectors, $0.families, $0.refused) }
        var result = collectors.flatMap { $0() }
        let taken = Set(result.map(\.name))
        for (name, family) in families.sorted(by: { $0.key < $1.key }) where !taken.contains(name) {
            let points = family.series.sorted { $0.key.sortText < $1.key.sortText }.map { MetricFamily.Point($0.key, $0.value.value) }
            result.append(MetricFamily(name, family.kind, help: family.help, points: points))
        }
        let help = "Series of metrics that are not shown: there were too many, or their name stands for another kind of metric"
        result.append(MetricFamily("needletail_metrics_refused_series", .counter, help: help, points: [.init(MetricLabels(), .integer(refused))]))
        return result
    }

    /// The text that a scraper reads.
    package func text(format: ExpositionFormat) -> String { ExpositionWriter.text(of: families(), format: format) }
}

extension PrometheusRegistry.Instrument {
    fileprivate var value: MetricFamily.Point.Value {
        switch self {
        case .counter(let counter): .integer(counter.value)
        case .sum(let gauge), .gauge(let gauge): .number(gauge.value)
        case .histogram(let histogram): .histogram(histogram.snapshot)
        }
    }
}

extension MetricLabels {
    fileprivate var sortText: String { pairs.map { "\($0.name)\u{0}\($0.value)" }.joined(separator: "\u{1}") }
}
