package import PrometheusMetrics
public import TraceStore

/// The back end's own metrics: what came in, what became of it, what is stored, and what the process takes.
///
/// The names are those of the OpenTelemetry Collector (opentelemetry.io/docs/collector/internal-telemetry) and of Jaeger's collector,
/// so that dashboards and alerts made for either work. What neither has begins with `needletail_`.
public struct BackEndMetrics: Sendable {
    private let ingest: SpanIngest
    private let store: any TraceStore
    private let version: String

    public init(ingest: SpanIngest, store: any TraceStore, version: String) {
        self.ingest = ingest
        self.store = store
        self.version = version
    }

    /// All families as they are now; those of the store are left out when it cannot tell.
    package func families() async -> [MetricFamily] {
        let counters = ingest.counters
        return receivers(counters) + jaeger(counters) + queue(counters) + (await stored()) + ProcessMetrics.families(version: version)
    }

    // MARK: Receivers

    private func receivers(_ counters: IngestCounters) -> [MetricFamily] {
        func points(_ value: (ReceiverCounters) -> UInt64) -> [MetricFamily.Point] {
            SpanProtocol.allCases.map { spanProtocol in
                let labels = spanProtocol.collectorLabels
                let count = counters.byProtocol[spanProtocol].map(value) ?? 0
                return .init(MetricLabels([("receiver", labels.receiver), ("transport", labels.transport)]), .integer(count))
            }
        }
        return [
            MetricFamily("otelcol_receiver_accepted_spans", .counter, help: "Spans that are durable and acknowledged.", points: points(\.accepted)),
            MetricFamily(
                "otelcol_receiver_refused_spans", .counter, help: "Valid spans that were turned away: no room, or a store that failed.",
                points: points(\.refused)),
            MetricFamily(
                "otelcol_receiver_failed_spans", .counter, help: "Spans that were left out because they are invalid by themselves.", points: points(\.failed)),
            MetricFamily(
                "needletail_receiver_malformed_requests", .counter, help: "Requests and datagrams that could not be decoded at all.",
                points: points(\.malformedRequests)),
            datagrams(counters),
        ]
    }

    private func datagrams(_ counters: IngestCounters) -> MetricFamily {
        let kernel = ingest.kernelDroppedDatagrams
        let points = [SpanProtocol.jaegerCompact, .jaegerBinary].flatMap { spanProtocol -> [MetricFamily.Point] in
            func point(_ by: String, _ value: UInt64) -> MetricFamily.Point {
                .init(MetricLabels([("by", by), ("transport", spanProtocol.collectorLabels.transport)]), .integer(value))
            }
            return [point("receiver", counters.byProtocol[spanProtocol]?.droppedDatagrams ?? 0), point("kernel", kernel[spanProtocol] ?? 0)]
        }
        return MetricFamily(
            "needletail_receiver_dropped_datagrams", .counter, help: "Datagrams lost before they were decoded, here or in the kernel's buffer.",
            points: points)
    }

    // MARK: Jaeger's names

    private func jaeger(_ counters: IngestCounters) -> [MetricFamily] {
        func points(_ value: (ReceiverCounters) -> UInt64) -> [MetricFamily.Point] {
            SpanProtocol.allCases.compactMap { spanProtocol in
                guard let labels = spanProtocol.jaegerLabels else { return nil }
                let count = counters.byProtocol[spanProtocol].map(value) ?? 0
                return .init(MetricLabels([("debug", "false"), ("format", labels.format), ("transport", labels.transport)]), .integer(count))
            }
        }
        let dropped = counters.refusedOverloaded + counters.refusedStoreFailed + counters.refusedShuttingDown
        return [
            MetricFamily("jaeger_collector_spans_received", .counter, help: "Spans that were decoded.", points: points { $0.received + $0.failed }),
            MetricFamily("jaeger_collector_spans_rejected", .counter, help: "Spans that are invalid by themselves.", points: points(\.failed)),
            MetricFamily(
                "jaeger_collector_spans_dropped", .counter, help: "Spans that were turned away; their senders were told.",
                points: [.init(MetricLabels(), .integer(dropped))]),
            MetricFamily(
                "jaeger_collector_queue_length", .gauge, help: "Spans that wait for their commit or are being committed.",
                points: [.init(MetricLabels(), .integer(UInt64(max(0, counters.pending))))]),
            MetricFamily(
                "jaeger_collector_queue_capacity", .gauge, help: "Spans that may wait.",
                points: [.init(MetricLabels(), .integer(UInt64(max(0, ingest.configuration.maximumPendingSpans))))]),
        ]
    }

    // MARK: Queue and store

    private func queue(_ counters: IngestCounters) -> [MetricFamily] {
        func counter(_ name: String, _ help: String, _ value: UInt64) -> MetricFamily {
            MetricFamily(name, .counter, help: help, points: [.init(MetricLabels(), .integer(value))])
        }
        let reasons = [
            ("overloaded", counters.refusedOverloaded), ("store_failed", counters.refusedStoreFailed), ("shutting_down", counters.refusedShuttingDown),
        ]
        return [
            counter("needletail_ingest_committed_spans", "Spans in commits that succeeded.", counters.committed),
            counter("needletail_ingest_commits", "Commits that succeeded.", counters.commits),
            counter("needletail_ingest_committed_batches", "Batches in those commits.", counters.committedBatches),
            MetricFamily(
                "needletail_ingest_refused_spans", .counter, help: "Spans that were turned away, by the reason.",
                points: reasons.map { .init(MetricLabels([("reason", $0.0)]), .integer($0.1)) }),
            MetricFamily(
                "needletail_ingest_request_bytes", .gauge, help: "Bytes of requests that are read, decoded or committed.",
                points: [.init(MetricLabels(), .integer(UInt64(max(0, ingest.requestBytes.held))))]),
            MetricFamily(
                "needletail_ingest_commit_duration_milliseconds", .histogram, help: "How long commits took.",
                points: [
                    .init(
                        MetricLabels(),
                        .histogram(
                            HistogramSnapshot(bounds: CommitTimes.bounds, counts: counters.commitTimes.counts, sum: counters.commitTimes.sum)))
                ]),
        ]
    }

    private func stored() async -> [MetricFamily] {
        guard let statistics = try? await store.statistics() else { return [] }
        func gauge(_ name: String, _ help: String, _ value: Double) -> MetricFamily {
            MetricFamily(name, .gauge, help: help, points: [.init(MetricLabels(), .number(value))])
        }
        var families = [
            gauge("needletail_store_spans", "Spans that are stored.", Double(statistics.spanCount)),
            gauge("needletail_store_bytes", "Bytes of the database on disk.", Double(statistics.bytesOnDisk)),
        ]
        if let oldest = statistics.oldestStartTime {
            families.append(gauge("needletail_store_oldest_span_timestamp_seconds", "When the oldest span began.", Double(oldest) / 1e9))
        }
        return families
    }
}
