public import CoreMetrics

/// Metrics of swift-metrics in a ``PrometheusRegistry``.
///
/// A timer is a histogram in seconds, a recorder that aggregates a histogram, any other recorder and a meter a gauge. Of values
/// that dimensions have, a bounded number is kept.
public struct PrometheusMetricsFactory: MetricsFactory {
    private let registry: PrometheusRegistry

    /// Seconds.
    static let timerBounds = [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]
    /// OpenTelemetry's default buckets.
    static let recorderBounds: [Double] = [0, 5, 10, 25, 50, 75, 100, 250, 500, 750, 1000, 2500, 5000, 7500, 10_000]

    package init(registry: PrometheusRegistry) { self.registry = registry }

    public func makeCounter(label: String, dimensions: [(String, String)]) -> any CounterHandler {
        CounterAdapter(registry.counter(label, labels: MetricLabels(dimensions)))
    }

    public func makeFloatingPointCounter(label: String, dimensions: [(String, String)]) -> any FloatingPointCounterHandler {
        FloatingPointCounterAdapter(registry.sum(label, labels: MetricLabels(dimensions)))
    }

    public func makeMeter(label: String, dimensions: [(String, String)]) -> any MeterHandler {
        GaugeAdapter(registry.gauge(label, labels: MetricLabels(dimensions)))
    }

    public func makeRecorder(label: String, dimensions: [(String, String)], aggregate: Bool) -> any RecorderHandler {
        let labels = MetricLabels(dimensions)
        if !aggregate { return GaugeAdapter(registry.gauge(label, labels: labels)) }
        return HistogramAdapter(registry.histogram(label, labels: labels, bounds: Self.recorderBounds))
    }

    public func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler {
        let name = label.hasSuffix("seconds") ? label : label + "_seconds"
        return TimerAdapter(registry.histogram(name, labels: MetricLabels(dimensions), bounds: Self.timerBounds))
    }

    public func destroyCounter(_ handler: any CounterHandler) { remove(handler) }
    public func destroyFloatingPointCounter(_ handler: any FloatingPointCounterHandler) { remove(handler) }
    public func destroyMeter(_ handler: any MeterHandler) { remove(handler) }
    public func destroyRecorder(_ handler: any RecorderHandler) { remove(handler) }
    public func destroyTimer(_ handler: any TimerHandler) { remove(handler) }

    private func remove(_ handler: AnyObject) {
        if let handler = handler as? any InstrumentHolder { registry.remove(handler.instrument) }
    }
}
