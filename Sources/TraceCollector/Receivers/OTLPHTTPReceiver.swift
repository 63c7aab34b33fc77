internal import Hummingbird
public import Logging
internal import NIOCore
public import ServiceLifecycle

/// Receives spans over OTLP/HTTP: `POST /v1/traces` in protobuf and JSON (opentelemetry.io/docs/specs/otlp, "OTLP/HTTP").
///
/// The answer 200 is sent after the spans are durable.
public struct OTLPHTTPReceiver: Service {
    private let host: String
    private let port: Int
    private let responder: OTLPHTTPResponder
    private let limits: OTLPReceiverLimits
    private let logger: Logger
    private let onListening: @Sendable (Int) async -> Void

    /// - Parameters:
    ///   - host: Address or name to listen on.
    ///   - port: TCP port; 0 lets the system choose one.
    ///   - ingest: Where decoded spans go.
    ///   - limits: Bounds of sizes.
    ///   - cors: Which web pages may send; nobody by default.
    ///   - logger: Where start and errors are told.
    ///   - onListening: Called with the real port once connections are accepted.
    public init(
        host: String,
        port: Int,
        ingest: SpanIngest,
        limits: OTLPReceiverLimits = OTLPReceiverLimits(),
        cors: CORSPolicy = CORSPolicy(),
        logger: Logger,
        onListening: @escaping @Sendable (Int) async -> Void = { _ in }
    ) {
        self.host = host
        self.port = port
        self.responder = OTLPHTTPResponder(ingest: ingest, limits: limits, cors: cors, logger: logger)
        self.limits = limits
        self.logger = logger
        self.onListening = onListening
    }

    /// Serves until a graceful shutdown or a cancellation; requests under way are answered first.
    public func run() async throws {
        try await makeApplication().run()
    }

    /// The server as a value, for tests that drive it in process.
    func makeApplication() -> Application<OTLPHTTPResponder> {
        Application(
            responder: responder,
            server: .http1(configuration: .init(idleTimeout: .seconds(Int64(limits.idleTimeoutSeconds)))),
            configuration: ApplicationConfiguration(address: .hostname(host, port: port), backlog: 1024),
            onServerRunning: { [onListening] channel in await onListening(channel.localAddress?.port ?? 0) },
            logger: logger
        )
    }
}
