import PrometheusMetrics
import TraceModel

@testable import TraceCollector

/// A generator on a clock of the test's.
struct TestedGenerator {
    var metrics: GeneratedMetrics
    /// Seconds.
    var now = 100_000.0

    init(_ change: (inout MetricsGenerator.Configuration) -> Void = { _ in }) {
        var configuration = MetricsGenerator.Configuration()
        change(&configuration)
        metrics = GeneratedMetrics(configuration)
    }

    private var time: GeneratorTime { GeneratorTime(monotonic: UInt64(now * 1e9), wall: 1_700_000_000 + now) }

    mutating func add(_ service: String?, _ spans: Span..., resource: [Attribute] = []) {
        let name = service.map { [Attribute("service.name", .string($0))] } ?? []
        let batch = SpanBatch(resource: Resource(attributes: name + resource), scope: InstrumentationScope(name: "test"), spans: spans)
        metrics.add(batch, time)
    }

    mutating func wait(_ seconds: Double) {
        now += seconds
        metrics.advance(to: time)
    }

    /// The value of one series of a counter or gauge; labels are compared without those that are empty.
    func value(_ family: String, _ labels: [String: String] = [:]) -> Double? {
        switch point(family, labels)?.value {
        case .integer(let value): Double(value)
        case .number(let value): value
        case .histogram, nil: nil
        }
    }

    func histogram(_ family: String, _ labels: [String: String] = [:]) -> HistogramSnapshot? {
        if case .histogram(let histogram)? = point(family, labels)?.value { histogram } else { nil }
    }

    /// All label sets of a family, without empty ones.
    func series(_ family: String) -> Set<[String: String]> {
        Set(metrics.families().first { $0.name == family }?.points.map { shown($0.labels) } ?? [])
    }

    private func point(_ family: String, _ labels: [String: String]) -> MetricFamily.Point? {
        metrics.families().first { $0.name == family }?.points.first { shown($0.labels) == labels }
    }

    private func shown(_ labels: MetricLabels) -> [String: String] {
        Dictionary(uniqueKeysWithValues: labels.pairs.filter { !$0.value.isEmpty }.map { ($0.name, $0.value) })
    }
}

/// A span that started at second 1000 plus `start`.
func span(
    _ trace: UInt64, _ id: UInt64, parent: UInt64? = nil, _ kind: SpanKind, _ name: String = "op", start: Double = 0, seconds: Double = 0.05,
    failed: Bool = false, attributes: [Attribute] = [], traceState: String = ""
) -> Span {
    let from = UInt64((1000 + start) * 1e9)
    return Span(
        traceID: TraceID(high: 7, low: trace), spanID: SpanID(id), parentSpanID: parent.map { SpanID($0) }, traceState: traceState, name: name,
        kind: kind, startTime: from, endTime: from + UInt64((seconds * 1e9).rounded()), attributes: attributes,
        status: failed ? .error("no") : SpanStatus()
    )
}
