internal import Hummingbird
package import Logging
internal import NIOCore
package import PrometheusMetrics
public import ServiceLifecycle

/// Health and metrics of the back end, as on Jaeger's admin port: `/`, `/metrics`, `/version`.
public struct AdminServer: Service {
    private let host: String
    private let port: Int
    private let responder: AdminResponder
    private let health: ServerHealth
    private let logger: Logger
    private let onListening: @Sendable (Int) async -> Void

    /// - Parameters:
    ///   - host: Address or name to listen on.
    ///   - port: TCP port; 0 lets the system choose one.
    ///   - health: What `/` tells; told when this server stops.
    ///   - metrics: All families to show at `/metrics`.
    ///   - version: What `/version` tells.
    ///   - logger: Where start and errors are told.
    ///   - onListening: Called with the real port once connections are accepted.
    package init(
        host: String, port: Int, health: ServerHealth, metrics: @escaping @Sendable () async -> [MetricFamily], version: String, logger: Logger,
        onListening: @escaping @Sendable (Int) async -> Void = { _ in }
    ) {
        self.host = host
        self.port = port
        self.health = health
        responder = AdminResponder(health: health, metrics: metrics, version: version)
        self.logger = logger
        self.onListening = onListening
    }

    /// Serves until a graceful shutdown or a cancellation; requests under way are answered first.
    public func run() async throws {
        try await withGracefulShutdownHandler {
            try await makeApplication().run()
        } onGracefulShutdown: {
            health.stopping()
        }
    }

    /// The server as a value, for tests that drive it in process.
    func makeApplication() -> Application<AdminResponder> {
        Application(
            responder: responder,
            server: .http1(configuration: .init(idleTimeout: .seconds(120))),
            configuration: ApplicationConfiguration(address: .hostname(host, port: port)),
            onServerRunning: { [onListening] channel in await onListening(channel.localAddress?.port ?? 0) },
            logger: logger
        )
    }
}
