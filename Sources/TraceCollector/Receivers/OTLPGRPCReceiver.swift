internal import GRPCCore
internal import GRPCNIOTransportHTTP2Posix
public import Logging
public import ServiceLifecycle

/// Receives spans over OTLP/gRPC: `opentelemetry.proto.collector.trace.v1.TraceService/Export`
/// (opentelemetry.io/docs/specs/otlp, "OTLP/gRPC"), clear-text HTTP/2, plain or gzip messages.
///
/// The status OK is sent after the spans are durable.
public struct OTLPGRPCReceiver: Service {
    /// Bytes beyond the limit that are read to be refused properly.
    private static let transportMargin = 16 * 1024 * 1024

    private let host: String
    private let port: Int
    private let service: OTLPTraceService
    private let limits: OTLPReceiverLimits
    private let logger: Logger
    private let onListening: @Sendable (Int) async -> Void

    /// - Parameters:
    ///   - host: IPv4 or IPv6 address to listen on, or `localhost`.
    ///   - port: TCP port; 0 lets the system choose one.
    ///   - ingest: Where decoded spans go.
    ///   - limits: Bounds of sizes.
    ///   - logger: Where start and errors are told.
    ///   - onListening: Called with the real port once connections are accepted.
    public init(
        host: String,
        port: Int,
        ingest: SpanIngest,
        limits: OTLPReceiverLimits = OTLPReceiverLimits(),
        logger: Logger,
        onListening: @escaping @Sendable (Int) async -> Void = { _ in }
    ) {
        self.host = host
        self.port = port
        self.service = OTLPTraceService(ingest: ingest, maximumMessageSize: limits.maximumRequestSize, logger: logger)
        self.limits = limits
        self.logger = logger
        self.onListening = onListening
    }

    /// Serves until a graceful shutdown or a cancellation; calls under way are answered first.
    public func run() async throws {
        let transport = HTTP2ServerTransport.Posix(
            address: address,
            transportSecurity: .plaintext,
            config: .defaults { [limits] config in
                // The transport resets the stream of a message beyond its limit, which senders take for a lost connection and try
                // again. So it lets a bit more through, and the service answers with a status that ends the trying.
                config.rpc.maxRequestPayloadSize = limits.maximumRequestSize + Self.transportMargin
                config.compression.enabledAlgorithms = [.none, .gzip, .deflate]
                config.http2.targetWindowSize = 1 << 20
                config.http2.maxConcurrentStreams = limits.maximumConcurrentStreams
                config.connection.maxIdleTime = .seconds(limits.idleTimeoutSeconds)
                // Exporters ping an idle connection; a strict limit would cut them off.
                config.connection.keepalive.clientBehavior.minPingIntervalWithoutCalls = .seconds(5)
                config.connection.keepalive.clientBehavior.allowWithoutCalls = true
            }
        )
        let server = GRPCServer(transport: transport, services: [service])
        try await withGracefulShutdownHandler {
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await server.serve() }
                group.addTask { [logger, onListening] in
                    let address = try await transport.listeningAddress
                    let port = address.ipv4?.port ?? address.ipv6?.port ?? 0
                    logger.info("OTLP/gRPC server started and listening", metadata: ["port": "\(port)"])
                    await onListening(port)
                }
                try await group.waitForAll()
            }
        } onGracefulShutdown: {
            server.beginGracefulShutdown()
        }
    }

    private var address: GRPCNIOTransportHTTP2Posix.SocketAddress {
        if host.contains(":") { return .ipv6(host: host, port: port) }
        return .ipv4(host: host == "localhost" ? "127.0.0.1" : host, port: port)
    }
}
