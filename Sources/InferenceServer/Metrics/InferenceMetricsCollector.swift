internal import Inference
internal import PrometheusMetrics

/// Triton's metrics, from the statistics of the models that are served.
struct InferenceMetricsCollector: Sendable {
    let core: InferenceCore
    let metrics: InferenceMetrics
    let settings: MetricsSettings
    /// `nil`: not told.
    let host: HostUsage?

    private struct Served {
        var labels: [(String, String)]
        var definition: ModelDefinition
        var statistics: ModelStatistics
        var pending: Int
        var counted: InferenceMetrics.Model
    }

    /// All families, in Triton's order.
    func families() -> [MetricFamily] {
        let models = served()
        var families = counts(models)
        if settings.tellsCounterLatencies { families += durations(models) }
        families.append(
            family("nv_inference_pending_request_count", .gauge, "Instantaneous number of pending requests awaiting execution per-model.", models) {
                .integer(UInt64($0.pending))
            }
        )
        families += cache(models.filter(\.definition.usesResponseCache))
        if settings.tellsHistogramLatencies { families += histograms(models) }
        return families + HostUsage.pinnedMemory + (host?.families() ?? [])
    }

    private func served() -> [Served] {
        let models = core.registry.all
        let counted = metrics.snapshot(of: Set(models.map { InferenceMetrics.Key(model: $0.definition.name, version: $0.definition.version) }))
        return models.map { model in
            let key = InferenceMetrics.Key(model: model.definition.name, version: model.definition.version)
            return Served(
                labels: [("model", model.definition.name), ("version", model.versionText)],
                definition: model.definition,
                statistics: model.scheduler.statistics,
                pending: model.scheduler.queueDepth,
                counted: counted[key] ?? InferenceMetrics.Model()
            )
        }
    }

    private func family(
        _ name: String,
        _ kind: MetricFamily.Kind,
        _ help: String,
        _ models: [Served],
        value: (Served) -> MetricFamily.Point.Value
    ) -> MetricFamily {
        MetricFamily(name, kind, help: help, points: models.map { .init(MetricLabels($0.labels), value($0)) })
    }

    private func counts(_ models: [Served]) -> [MetricFamily] {
        let reasons: [EndedRequest.Outcome] = [.backend, .canceled, .other, .rejected]
        let failures = models.flatMap { model in
            reasons.map { reason in
                MetricFamily.Point(MetricLabels(model.labels + [("reason", reason.rawValue)]), .integer(model.counted.failures[reason] ?? 0))
            }
        }
        return [
            family("nv_inference_request_success", .plainCounter, "Number of successful inference requests, all batch sizes", models) {
                .integer($0.statistics.success.count)
            },
            MetricFamily(
                "nv_inference_request_failure", .plainCounter, help: "Number of failed inference requests, all batch sizes", points: failures
            ),
            family("nv_inference_count", .plainCounter, "Number of inferences performed (does not include cached requests)", models) {
                .integer($0.statistics.inferenceCount)
            },
            family("nv_inference_exec_count", .plainCounter, "Number of model executions performed (does not include cached requests)", models) {
                .integer($0.statistics.executionCount)
            },
        ]
    }

    private func durations(_ models: [Served]) -> [MetricFamily] {
        let all: [(name: String, help: String, value: (ModelStatistics) -> ModelStatistics.Duration)] = [
            ("request", "Cumulative inference request duration in microseconds (includes cached requests)", \.success),
            ("queue", "Cumulative inference queuing duration in microseconds (includes cached requests)", \.queue),
            ("compute_input", "Cumulative compute input duration in microseconds (does not include cached requests)", \.computeInput),
            ("compute_infer", "Cumulative compute inference duration in microseconds (does not include cached requests)", \.computeInfer),
            ("compute_output", "Cumulative inference compute output duration in microseconds (does not include cached requests)", \.computeOutput),
        ]
        return all.map { item in
            family("nv_inference_\(item.name)_duration_us", .plainCounter, item.help, models) {
                .integer(item.value($0.statistics).nanoseconds / 1000)
            }
        }
    }

    private func cache(_ models: [Served]) -> [MetricFamily] {
        [
            family("nv_cache_num_hits_per_model", .plainCounter, "Number of cache hits per model", models) { .integer($0.statistics.cacheHit.count) },
            family("nv_cache_num_misses_per_model", .plainCounter, "Number of cache misses per model", models) {
                .integer($0.statistics.cacheMiss.count)
            },
            family("nv_cache_hit_duration_per_model", .plainCounter, "Total cache hit duration per model, in microseconds", models) {
                .integer($0.statistics.cacheHit.nanoseconds / 1000)
            },
            family("nv_cache_miss_duration_per_model", .plainCounter, "Total cache miss (insert+lookup) duration per model, in microseconds", models) {
                .integer($0.statistics.cacheMiss.nanoseconds / 1000)
            },
        ]
    }

    private func histograms(_ models: [Served]) -> [MetricFamily] {
        [
            family("nv_inference_request_histogram_ms", .histogram, "Duration of successful inference requests in milliseconds", models) {
                .histogram($0.counted.request.snapshot)
            },
            family("nv_inference_queue_histogram_ms", .histogram, "Queuing duration of successful inference requests in milliseconds", models) {
                .histogram($0.counted.queue.snapshot)
            },
            family("nv_inference_compute_infer_histogram_ms", .histogram, "Compute duration of successful inference requests in milliseconds", models) {
                .histogram($0.counted.compute.snapshot)
            },
            family(
                "nv_inference_first_response_histogram_ms", .histogram, "Duration from request to first response in milliseconds",
                models.filter(\.definition.isDecoupled)
            ) { .histogram($0.counted.firstResponse.snapshot) },
        ]
    }
}
