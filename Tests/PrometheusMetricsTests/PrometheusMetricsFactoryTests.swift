import Metrics
import PrometheusMetrics
import Testing

@Suite struct PrometheusMetricsFactoryTests {
    private let registry = PrometheusRegistry()
    private var factory: PrometheusMetricsFactory { PrometheusMetricsFactory(registry: registry) }
    private var text: String { registry.text(format: .text) }

    @Test func countersUnderTheirNameWithTotal() {
        let counter = Counter(label: "otel.sdk.span.started", dimensions: [("otel.span.parent.origin", "none")], factory: factory)
        counter.increment(by: 2)
        Counter(label: "otel.sdk.span.started", dimensions: [("otel.span.parent.origin", "none")], factory: factory).increment()
        counter.increment(by: -5)
        #expect(text.contains("# TYPE otel_sdk_span_started_total counter\notel_sdk_span_started_total{otel_span_parent_origin=\"none\"} 3\n"))
        counter.reset()
        #expect(text.contains("otel_sdk_span_started_total{otel_span_parent_origin=\"none\"} 0\n"))
    }

    @Test func fractionsAddUp() {
        let counter = FloatingPointCounter(label: "cost", factory: factory)
        counter.increment(by: 0.25)
        counter.increment(by: 0.5)
        #expect(text.contains("# TYPE cost_total counter\ncost_total 0.75\n"))
    }

    @Test func metersAndGauges() {
        let meter = Meter(label: "queue.size", factory: factory)
        meter.set(7)
        meter.increment(by: 2.5)
        meter.decrement(by: 1)
        Gauge(label: "level", factory: factory).record(3)
        #expect(text.contains("# TYPE queue_size gauge\nqueue_size 8.5\n"))
        #expect(text.contains("# TYPE level gauge\nlevel 3\n"))
    }

    @Test func timersAreHistogramsInSeconds() {
        Timer(label: "export.duration", factory: factory).recordMilliseconds(20)
        #expect(text.contains("# TYPE export_duration_seconds histogram\n"))
        #expect(text.contains("export_duration_seconds_bucket{le=\"0.01\"} 0\nexport_duration_seconds_bucket{le=\"0.025\"} 1\n"))
        #expect(text.contains("export_duration_seconds_sum 0.02\nexport_duration_seconds_count 1\n"))
    }

    @Test func recordersThatAggregateAreHistograms() {
        let recorder = Recorder(label: "size", aggregate: true, factory: factory)
        recorder.record(30)
        recorder.record(3.5)
        #expect(text.contains("size_bucket{le=\"5\"} 1\n"))
        #expect(text.contains("size_sum 33.5\nsize_count 2\n"))
    }

    @Test func destroyedMetricsAreGone() {
        let counter = Counter(label: "gone", factory: factory)
        let other = Counter(label: "gone", dimensions: [("a", "b")], factory: factory)
        counter.destroy()
        #expect(!text.contains("gone_total 0"))
        #expect(text.contains("gone_total{a=\"b\"} 0"))
        other.destroy()
        #expect(!text.contains("gone"))
    }

    @Test func manyDimensionValuesAreBounded() {
        for index in 0..<2_000 { Counter(label: "c", dimensions: [("user", "\(index)")], factory: factory).increment() }
        #expect(text.split(separator: "\n").count { $0.hasPrefix("c_total") } == PrometheusRegistry.defaultMaxSeries)
        #expect(text.contains("needletail_metrics_refused_series_total 1000\n"))
    }
}
