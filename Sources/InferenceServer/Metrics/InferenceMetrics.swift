package import Inference
internal import NeedletailTracing
internal import PrometheusMetrics
internal import Synchronization
internal import TraceModel

/// What the statistics of models do not have: why requests failed, and how their times are spread.
package final class InferenceMetrics: RequestObserver {
    struct Key: Hashable, Sendable {
        var model: String
        var version: Int
    }

    /// The metrics of one version of one model.
    struct Model: Sendable {
        var failures: [EndedRequest.Outcome: UInt64] = [:]
        var request = HistogramState(bounds: InferenceMetrics.bounds)
        var queue = HistogramState(bounds: InferenceMetrics.bounds)
        var compute = HistogramState(bounds: InferenceMetrics.bounds)
        /// Of decoupled models.
        var firstResponse = HistogramState(bounds: InferenceMetrics.firstResponseBounds)
    }

    /// Milliseconds.
    static let bounds: [Double] = [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10_000]
    /// Milliseconds: Triton's.
    static let firstResponseBounds: [Double] = [100, 500, 2000, 5000]

    /// Versions of models that are kept apart; what others do is not counted here.
    static let maxModels = 4096

    private let settings: MetricsSettings
    private let models = Mutex<[Key: Model]>([:])

    package init(settings: MetricsSettings = MetricsSettings()) { self.settings = settings }

    package func requestEnded(_ request: EndedRequest) {
        // A success without histograms leaves nothing to be noted: it is in the statistics.
        guard settings.tellsHistogramLatencies || request.outcome != .success else { return }
        let key = Key(model: request.modelName, version: request.modelVersion)
        models.withLock { models in
            guard models[key] != nil || models.count < Self.maxModels else { return }
            models[key, default: Model()].count(request)
        }
    }

    /// What was counted of models that are served; the rest is forgotten.
    func snapshot(of served: Set<Key>) -> [Key: Model] {
        models.withLock { models in
            for key in models.keys where !served.contains(key) { models[key] = nil }
            return models
        }
    }
}

extension InferenceMetrics.Model {
    fileprivate mutating func count(_ ended: EndedRequest) {
        guard ended.outcome == .success else {
            failures[ended.outcome, default: 0] += 1
            return
        }
        let exemplar: Exemplar? = ended.traceID.map { Exemplar(traceID: "\($0)", value: 0, time: Double(WallClock.now() / 1_000_000) / 1e3) }
        func observe(_ histogram: inout HistogramState, _ nanoseconds: UInt64) {
            let milliseconds = Double(nanoseconds) / 1e6
            histogram.observe(milliseconds, exemplar: exemplar.map { Exemplar(traceID: $0.traceID, value: milliseconds, time: $0.time) })
        }
        observe(&request, ended.total)
        observe(&queue, ended.queue)
        if let execution = ended.execution { observe(&compute, execution.outputStart &- execution.inputEnd) }
        if let first = ended.firstResponse { observe(&firstResponse, first) }
    }
}
