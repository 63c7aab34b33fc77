internal import PrometheusMetrics
internal import Synchronization

/// What pipelines have done since the start, under the OpenTelemetry Collector's names ("Internal telemetry").
final class PipelineCounters: Sendable {
    enum Name: String, CaseIterable, Sendable {
        case incoming = "otelcol_processor_incoming_items"
        case outgoing = "otelcol_processor_outgoing_items"
        case accepted = "otelcol_processor_accepted_spans"
        case refused = "otelcol_processor_refused_spans"
        case conditionErrors = "otelcol_processor_condition_errors"
        case batchSizeTrigger = "otelcol_processor_batch_batch_size_trigger_send"
        case batchTimeoutTrigger = "otelcol_processor_batch_timeout_trigger_send"
        case tailNewTraces = "otelcol_processor_tail_sampling_new_trace_id_received"
        case tailSampled = "otelcol_processor_tail_sampling_global_count_traces_sampled"
        case tailPolicySampled = "otelcol_processor_tail_sampling_count_traces_sampled"
        case tailDroppedEarly = "otelcol_processor_tail_sampling_sampling_trace_dropped_too_early"
        case tailLate = "otelcol_processor_tail_sampling_late_spans"
        case tailPolicyErrors = "otelcol_processor_tail_sampling_sampling_policy_evaluation_error"
        case sent = "otelcol_exporter_sent_spans"
        case sendFailed = "otelcol_exporter_send_failed_spans"
        case enqueueFailed = "otelcol_exporter_enqueue_failed_spans"

        var help: String {
            switch self {
            case .incoming: "Spans that a processor was given."
            case .outgoing: "Spans that a processor passed on."
            case .accepted: "Spans that the memory limiter let through."
            case .refused: "Spans that the memory limiter refused; their senders were told to send them again."
            case .conditionErrors: "Spans for which a condition or statement failed."
            case .batchSizeTrigger: "Batches that were sent because they were large enough."
            case .batchTimeoutTrigger: "Batches that were sent because their time was over."
            case .tailNewTraces: "Traces that tail sampling saw for the first time."
            case .tailSampled: "Traces by the decision of all policies together."
            case .tailPolicySampled: "Traces by the decision of one policy."
            case .tailDroppedEarly: "Traces that were decided before their time because too much was kept."
            case .tailLate: "Spans that came after the decision on their trace, which they followed."
            case .tailPolicyErrors: "Policies that failed for a trace."
            case .sent: "Spans that an exporter sent."
            case .sendFailed: "Spans that an exporter gave up."
            case .enqueueFailed: "Spans for which an exporter's queue had no room."
            }
        }
    }

    private struct Series: Hashable {
        var name: Name
        var labels: [String]
    }

    private let values = Mutex<[Series: UInt64]>([:])

    /// - Parameter labels: names and values in turn.
    func add(_ count: Int, to name: Name, _ labels: String...) {
        guard count > 0 else { return }
        values.withLock { $0[Series(name: name, labels: labels), default: 0] &+= UInt64(count) }
    }

    /// For tests.
    func value(_ name: Name) -> UInt64 {
        values.withLock { $0.reduce(0) { $1.key.name == name ? $0 + $1.value : $0 } }
    }

    func families() -> [MetricFamily] {
        let values = values.withLock { $0 }
        return Name.allCases.compactMap { name in
            let points = values.filter { $0.key.name == name }.sorted { $0.key.labels.lexicographicallyPrecedes($1.key.labels) }.map { series, value in
                let labels = stride(from: 0, to: series.labels.count - 1, by: 2).map { (series.labels[$0], series.labels[$0 + 1]) }
                return MetricFamily.Point(MetricLabels(labels), .integer(value))
            }
            return points.isEmpty ? nil : MetricFamily(name.rawValue, .counter, help: name.help, points: points)
        }
    }
}
