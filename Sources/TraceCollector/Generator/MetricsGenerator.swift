package import PrometheusMetrics
public import ServiceLifecycle
public import TraceModel
public import TraceStore

/// Service graph and span metrics, made of stored spans under the names of Grafana Tempo's metrics generator.
public final class MetricsGenerator: SpanObserver, Service {
    public init(configuration: Configuration = Configuration()) {}

    public func stored(_ batches: [SpanBatch]) {}

    /// All series as they are now.
    package func families() -> [MetricFamily] { [] }

    /// Ends edges whose other half did not come, until a graceful shutdown or a cancellation.
    public func run() async throws {
        try await gracefulShutdown()
    }
}
