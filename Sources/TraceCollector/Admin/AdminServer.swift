public import Logging
package import PrometheusMetrics
public import ServiceLifecycle

/// Health and metrics of the back end, as on Jaeger's admin port.
public struct AdminServer: Service {
    private let port: Int
    private let onListening: @Sendable (Int) async -> Void

    /// - Parameter metrics: All families to show at `/metrics`.
    package init(
        host: String, port: Int, metrics: @escaping @Sendable () -> [MetricFamily], logger: Logger,
        onListening: @escaping @Sendable (Int) async -> Void = { _ in }
    ) {
        self.port = port
        self.onListening = onListening
    }

    public func run() async throws {
        await onListening(port)
        try await gracefulShutdown()
    }
}
