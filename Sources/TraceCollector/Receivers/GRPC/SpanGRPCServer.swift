internal import GRPCCore
internal import GRPCNIOTransportHTTP2Posix
internal import Logging
internal import ServiceLifecycle

/// Listens for one protocol over gRPC: clear-text HTTP/2, plain or compressed messages.
struct SpanGRPCServer: Sendable {
    /// Bytes beyond the limit that are read to be refused properly.
    private static let transportMargin = 16 * 1024 * 1024

    /// The protocol, for people.
    let name: String
    let host: String
    let port: Int
    let services: [any RegistrableRPCService]
    let limits: ReceiverLimits
    let logger: Logger
    let onListening: @Sendable (Int) async -> Void

    /// Serves until a graceful shutdown or a cancellation; calls under way are answered first.
    func run() async throws {
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
        let server = GRPCServer(transport: transport, services: services)
        try await withGracefulShutdownHandler {
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await server.serve() }
                group.addTask { [name, logger, onListening] in
                    let address = try await transport.listeningAddress
                    let port = address.ipv4?.port ?? address.ipv6?.port ?? 0
                    logger.info("\(name) server started and listening", metadata: ["port": "\(port)"])
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
