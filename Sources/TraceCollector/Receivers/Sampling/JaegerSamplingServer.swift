internal import Hummingbird
public import Logging
internal import NIOCore
public import ServiceLifecycle

/// Tells Jaeger's and OpenTelemetry's remote samplers what to sample: `GET /sampling?service=`, and the old form `GET /?service=`.
public struct JaegerSamplingServer: Service {
    private let host: String
    private let port: Int
    private let responder: SamplingResponder
    private let logger: Logger
    private let onListening: @Sendable (Int) async -> Void

    /// - Parameters:
    ///   - host: Address or name to listen on.
    ///   - port: TCP port; 0 lets the system choose one.
    ///   - strategies: What services are told.
    ///   - logger: Where start and errors are told.
    ///   - onListening: Called with the real port once connections are accepted.
    public init(
        host: String, port: Int, strategies: SamplingStrategies, logger: Logger,
        onListening: @escaping @Sendable (Int) async -> Void = { _ in }
    ) {
        self.host = host
        self.port = port
        responder = SamplingResponder(api: SamplingHTTPAPI(strategies: strategies))
        self.logger = logger
        self.onListening = onListening
    }

    /// Serves until a graceful shutdown or a cancellation; requests under way are answered first.
    public func run() async throws {
        try await makeApplication().run()
    }

    /// The server as a value, for tests that drive it in process.
    func makeApplication() -> Application<SamplingResponder> {
        Application(
            responder: responder,
            server: .http1(configuration: .init(idleTimeout: .seconds(120))),
            configuration: ApplicationConfiguration(address: .hostname(host, port: port)),
            onServerRunning: { [onListening] channel in await onListening(channel.localAddress?.port ?? 0) },
            logger: logger
        )
    }
}
