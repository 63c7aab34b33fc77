internal import PrometheusMetrics
internal import TraceModel

/// All series made of spans. Pure: time is an argument.
struct GeneratedMetrics: Sendable {
    private let configuration: MetricsGenerator.Configuration
    private var serviceGraphs: ServiceGraphProcessor?
    private var spanMetrics: SpanMetricsProcessor?
    private var budget: SeriesBudget
    private var spans: UInt64 = 0

    init(_ configuration: MetricsGenerator.Configuration) {
        self.configuration = configuration
        serviceGraphs = configuration.serviceGraphs.map { ServiceGraphProcessor($0, registry: configuration.registry) }
        spanMetrics = configuration.spanMetrics.map { SpanMetricsProcessor($0, registry: configuration.registry) }
        budget = SeriesBudget(limit: configuration.registry.maxActiveSeries)
    }

    mutating func add(_ batch: SpanBatch, _ time: GeneratorTime) {
        for group in batch.resourceSpans {
            let service = serviceGraphs?.service(group.resource)
            let counted = spanMetrics?.group(group.resource, time, &budget)
            for scopeSpans in group.scopeSpans {
                spans &+= UInt64(scopeSpans.spans.count)
                scopeSpans.spans.withUnsafeBufferPointer { buffer in
                    // Unsafe: the buffer lives as long as this closure. Walking by pointer spares a copy of each span.
                    guard let base = buffer.baseAddress else { return }
                    for place in 0..<buffer.count {
                        if let counted { spanMetrics?.add(base + place, in: counted, of: group.resource, time, &budget) }
                        if let service { serviceGraphs?.add(base + place, service: service, of: group.resource, time, &budget) }
                    }
                }
            }
        }
    }

    /// Ends waits that are over, and drops series that got nothing for `stale_duration`.
    mutating func advance(to time: GeneratorTime) {
        serviceGraphs?.expire(time, &budget)
        let stale = GeneratorTime.nanoseconds(configuration.registry.staleDuration)
        guard stale > 0, time.monotonic > stale else { return }
        serviceGraphs?.forget(before: time.monotonic - stale, &budget)
        spanMetrics?.forget(before: time.monotonic - stale, &budget)
    }

    /// What is made of spans, then what the generator says of itself under Tempo's names.
    func families() -> [MetricFamily] {
        (serviceGraphs?.families() ?? []) + (spanMetrics?.families() ?? []) + ownFamilies
    }

    private var ownFamilies: [MetricFamily] {
        func family(_ name: String, _ kind: MetricFamily.Kind, _ help: String, _ value: UInt64) -> MetricFamily {
            MetricFamily("tempo_metrics_generator_" + name, kind, help: help, points: [.init(.init(), .integer(value))])
        }
        var families = [
            family("spans_received", .counter, "Spans that metrics were made of", spans),
            family("registry_active_series", .gauge, "Series as Prometheus counts them", UInt64(budget.used)),
            family("registry_max_active_series", .gauge, "Bound of the series; 0 is none", UInt64(budget.limit)),
            family("registry_overflowed_observations", .counter, "Observations that went to a series with metric_overflow", budget.overflowed),
        ]
        if let serviceGraphs {
            let counters = serviceGraphs.counters
            families += [
                family("processor_service_graphs_edges", .counter, "Requests between services, complete or not", counters.edges),
                family("processor_service_graphs_expired_edges", .counter, "Requests whose other half did not come in time", counters.expired),
                family("processor_service_graphs_dropped_spans", .counter, "Spans that found no room to wait", counters.dropped),
                family("processor_service_graphs_waiting", .gauge, "Halves of requests that wait for the other one", UInt64(serviceGraphs.waitingCount)),
            ]
        }
        return families
    }
}
