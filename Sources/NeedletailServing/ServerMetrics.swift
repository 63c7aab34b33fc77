internal import CoreMetrics
internal import InferenceServer
internal import PrometheusMetrics
internal import Synchronization

/// Metrics of swift-metrics on the metrics ports of this process's servers.
extension Server {
    /// Makes everything that the process reports to swift-metrics appear on the metrics ports of its servers, what tracing says
    /// of itself (`otel.sdk.…`) among it.
    ///
    /// Call it once, before servers are made, and not in a program that bootstraps metrics of its own.
    ///
    /// - Returns: whether this call did it; `false` when one before it did.
    @discardableResult
    public static func bootstrapMetrics() -> Bool {
        let isFirst = isBootstrappedForMetrics.exchange(true, ordering: .acquiringAndReleasing) == false
        if isFirst { MetricsSystem.bootstrap(PrometheusMetricsFactory(registry: processMetrics)) }
        return isFirst
    }

    private static let isBootstrappedForMetrics = Atomic(false)

    /// What is reported to swift-metrics; empty when that is not bootstrapped.
    static let processMetrics = PrometheusRegistry()
}

extension ServerConfiguration.Metrics {
    /// - Throws: ``FrontEndSettingError`` for words that cannot be used.
    func frontEnd() throws -> MetricsHTTPServer.Configuration {
        var frontEnd = MetricsHTTPServer.Configuration(
            host: host,
            port: port,
            intervalMilliseconds: intervalMilliseconds,
            settings: try MetricsSettings(settings)
        )
        frontEnd.tellsHostUsage = tellsHostUsage
        return frontEnd
    }
}
