internal import Hummingbird
internal import Logging
internal import NIOCore

/// Listens for one protocol over HTTP.
struct SpanHTTPServer<Dialect: SpanHTTPDialect>: Sendable {
    private let host: String
    private let port: Int
    private let responder: SpanHTTPResponder<Dialect>
    private let limits: ReceiverLimits
    private let logger: Logger
    private let onListening: @Sendable (Int) async -> Void

    init(
        dialect: Dialect,
        host: String,
        port: Int,
        ingest: SpanIngest,
        limits: ReceiverLimits,
        cors: CORSPolicy,
        logger: Logger,
        others: OtherRequests? = nil,
        onListening: @escaping @Sendable (Int) async -> Void
    ) {
        self.host = host
        self.port = port
        self.responder = SpanHTTPResponder(dialect: dialect, ingest: ingest, limits: limits, cors: cors, logger: logger, others: others)
        self.limits = limits
        self.logger = logger
        self.onListening = onListening
    }

    /// Serves until a graceful shutdown or a cancellation; requests under way are answered first.
    func run() async throws {
        try await makeApplication().run()
    }

    /// The server as a value, for tests that drive it in process.
    func makeApplication() -> Application<SpanHTTPResponder<Dialect>> {
        let limits = limits
        return Application(
            responder: responder,
            server: .http1(
                configuration: .init(
                    additionalChannelHandlers: [RequestEndInstaller(bodyTimeout: .seconds(Int64(limits.bodyTimeoutSeconds)))],
                    idleTimeout: .seconds(Int64(limits.idleTimeoutSeconds)))),
            configuration: ApplicationConfiguration(address: .hostname(host, port: port), backlog: 1024),
            onServerRunning: { [onListening] channel in await onListening(channel.localAddress?.port ?? 0) },
            logger: logger
        )
    }
}
