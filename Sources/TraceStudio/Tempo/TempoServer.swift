internal import Hummingbird
package import Logging
internal import NIOCore
package import PrometheusMetrics
public import ServiceLifecycle
internal import TraceCollector
package import TraceStore

/// Tempo's HTTP API, as Grafana's data source uses it.
public struct TempoServer: Service {
    private let host: String
    private let port: Int
    private let responder: TempoResponder
    private let logger: Logger
    private let onListening: @Sendable (Int) async -> Void

    /// - Parameters:
    ///   - host: Address or name to listen on.
    ///   - port: TCP port; 0 lets the system choose one.
    ///   - store: The traces.
    ///   - archive: Traces kept beyond the store's retention, found by their ids.
    ///   - metrics: What `/metrics` shows beside the store's: those of the generator.
    ///   - gate: Bounds the large traces in memory, together with other query ports that have the same one.
    ///   - logger: Where start and errors are told.
    ///   - onListening: Called with the real port once connections are accepted.
    package init(
        host: String, port: Int, store: any TraceStore, archive: (any TraceStore)? = nil, metrics: @escaping @Sendable () -> [MetricFamily],
        gate: LargeTraceGate = LargeTraceGate(), logger: Logger,
        onListening: @escaping @Sendable (Int) async -> Void = { _ in }
    ) {
        self.host = host
        self.port = port
        responder = TempoResponder(store: store, archive: archive, metrics: metrics, gate: gate, logger: logger, clock: WallClock.now)
        self.logger = logger
        self.onListening = onListening
    }

    /// Serves until a graceful shutdown or a cancellation; requests under way are answered first.
    public func run() async throws {
        let application = Application(
            responder: responder,
            server: .http1(
                configuration: .init(additionalChannelHandlers: [RequestEndInstaller(bodyTimeout: .minutes(10))], idleTimeout: .seconds(120))
            ),
            configuration: ApplicationConfiguration(address: .hostname(host, port: port)),
            onServerRunning: { [onListening] channel in await onListening(channel.localAddress?.port ?? 0) },
            logger: logger
        )
        try await application.run()
    }
}

/// Finds the answer for each path of ``TempoServer``.
struct TempoResponder: HTTPResponder {
    typealias Context = BasicRequestContext

    private let table: RouteTable

    init(
        store: any TraceStore, archive: (any TraceStore)? = nil, metrics: @escaping @Sendable () -> [MetricFamily] = { [] },
        gate: LargeTraceGate = LargeTraceGate(), logger: Logger, clock: @escaping @Sendable () -> UInt64
    ) {
        let api = TempoAPI(traces: TraceSource(store: store, archive: archive, gate: gate), clock: clock, metrics: metrics)
        table = RouteTable(
            [api], logger: logger,
            elsewhere: { _, request in api.failure(.notFound("404 page not found"), request) }
        )
    }

    func respond(to request: Request, context: BasicRequestContext) async throws -> Response {
        await table.respond(to: request)
    }
}
