internal import CoreMetrics

/// A handler of swift-metrics that writes to an instrument.
protocol InstrumentHolder {
    var instrument: AnyObject { get }
}

final class CounterAdapter: CounterHandler, InstrumentHolder {
    private let counter: PrometheusCounter

    init(_ counter: PrometheusCounter) { self.counter = counter }

    var instrument: AnyObject { counter }

    /// A counter never falls; what is below zero is left out.
    func increment(by amount: Int64) {
        if amount > 0 { counter.increment(by: UInt64(amount)) }
    }

    func reset() { counter.reset() }
}

final class FloatingPointCounterAdapter: FloatingPointCounterHandler, InstrumentHolder {
    private let gauge: PrometheusGauge

    init(_ gauge: PrometheusGauge) { self.gauge = gauge }

    var instrument: AnyObject { gauge }

    func increment(by amount: Double) {
        if amount > 0, amount.isFinite { gauge.add(amount) }
    }

    func reset() { gauge.set(0) }
}

final class GaugeAdapter: MeterHandler, RecorderHandler, InstrumentHolder {
    private let gauge: PrometheusGauge

    init(_ gauge: PrometheusGauge) { self.gauge = gauge }

    var instrument: AnyObject { gauge }

    func set(_ value: Int64) { gauge.set(Double(value)) }
    func set(_ value: Double) { gauge.set(value) }
    func increment(by amount: Double) { gauge.add(amount) }
    func decrement(by amount: Double) { gauge.add(-amount) }
    func record(_ value: Int64) { gauge.set(Double(value)) }
    func record(_ value: Double) { gauge.set(value) }
}

final class HistogramAdapter: RecorderHandler, InstrumentHolder {
    private let histogram: PrometheusHistogram

    init(_ histogram: PrometheusHistogram) { self.histogram = histogram }

    var instrument: AnyObject { histogram }

    func record(_ value: Int64) { histogram.observe(Double(value)) }
    func record(_ value: Double) { histogram.observe(value) }
}

final class TimerAdapter: TimerHandler, InstrumentHolder {
    private let histogram: PrometheusHistogram

    init(_ histogram: PrometheusHistogram) { self.histogram = histogram }

    var instrument: AnyObject { histogram }

    func recordNanoseconds(_ duration: Int64) { histogram.observe(Double(duration) / 1e9) }
}
