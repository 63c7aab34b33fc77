internal import GRPCCore
internal import GRPCNIOTransportHTTP2Posix
public import Logging
public import ServiceLifecycle
public import TraceStore

/// Jaeger's query API over gRPC: jaeger.api_v3, jaeger.api_v2 and grpc.health.v1, clear-text HTTP/2.
public struct JaegerQueryGRPCServer: Service {
    /// Queries are small.
    private static let maximumRequestSize = 1 << 20
    private static let maximumConcurrentStreams = 100

    private let host: String
    private let port: Int
    private let service: JaegerQueryService
    private let logger: Logger
    private let onListening: @Sendable (Int) async -> Void

    /// - Parameters:
    ///   - host: Address or name to listen on.
    ///   - port: TCP port; 0 lets the system choose one.
    ///   - store: The traces.
    ///   - archive: Where `ArchiveTrace` keeps traces beyond the store's retention; without one it is an error.
    ///   - maximumClockSkew: How far spans are moved to take out clock skew, nanoseconds; 0 moves none.
    ///   - gate: Bounds the large traces in memory, together with other query ports that have the same one.
    ///   - logger: Where start and errors are told.
    ///   - onListening: Called with the real port once connections are accepted.
    public init(
        host: String, port: Int, store: any TraceStore, archive: (any TraceStore)? = nil, maximumClockSkew: UInt64 = 0,
        gate: LargeTraceGate = LargeTraceGate(), logger: Logger, onListening: @escaping @Sendable (Int) async -> Void = { _ in }
    ) {
        self.host = host
        self.port = port
        service = JaegerQueryService(
            traces: TraceSource(store: store, archive: archive, gate: gate), dependencies: DependencyCache(store: store, clock: WallClock.now),
            maximumClockSkew: maximumClockSkew, logger: logger, clock: WallClock.now
        )
        self.logger = logger
        self.onListening = onListening
    }

    /// Serves until a graceful shutdown or a cancellation; calls under way are answered first.
    public func run() async throws {
        let transport = HTTP2ServerTransport.Posix(
            address: address,
            transportSecurity: .plaintext,
            config: .defaults { config in
                config.rpc.maxRequestPayloadSize = Self.maximumRequestSize
                config.compression.enabledAlgorithms = [.none, .gzip, .deflate]
                config.http2.maxConcurrentStreams = Self.maximumConcurrentStreams
                config.connection.keepalive.clientBehavior.minPingIntervalWithoutCalls = .seconds(5)
                config.connection.keepalive.clientBehavior.allowWithoutCalls = true
            }
        )
        let server = GRPCServer(transport: transport, services: [service, HealthService()])
        try await withGracefulShutdownHandler {
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await server.serve() }
                group.addTask { [logger, onListening] in
                    let address = try await transport.listeningAddress
                    let port = address.ipv4?.port ?? address.ipv6?.port ?? 0
                    logger.info("Jaeger query gRPC server started and listening", metadata: ["port": "\(port)"])
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
