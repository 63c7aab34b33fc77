internal import GRPCCore
internal import GRPCNIOTransportHTTP2Posix
public import Inference
public import Logging
public import ServiceLifecycle

/// Serves the models of an ``InferenceCore`` over gRPC: KServe v2 with Triton's extensions, and `grpc.health.v1`.
///
/// On graceful shutdown it takes no more calls, and ends when those that are under way are answered; of an open stream no more
/// requests are read.
public final class InferenceGRPCServer: Service {
    private let configuration: Configuration
    private let service: GRPCInferenceService
    private let logger: Logger
    private let bound = BoundPort()

    /// - Throws: ``FrontEndSettingError`` for a setting that cannot be used.
    public init(configuration: Configuration, core: InferenceCore, logger: Logger) throws {
        try configuration.check()
        self.configuration = configuration
        self.logger = logger
        service = GRPCInferenceService(
            core: core,
            limits: GRPCInferenceService.Limits(
                maxMessageSize: configuration.maxMessageSize,
                maxStreamRequestsInFlight: configuration.maxStreamRequestsInFlight
            ),
            access: RestrictedProtocols(configuration.restrictedProtocols),
            forwarding: try MetadataForwarding(configuration.headerForwardPattern)
        )
    }

    /// The port that is served; waits until it is bound.
    ///
    /// - Throws: the error with which binding failed, or `CancellationError` when the server ended before.
    public var boundPort: Int {
        get async throws { try await bound.value }
    }

    /// Serves until graceful shutdown or cancellation.
    public func run() async throws {
        do {
            try await serve()
            bound.resolve(.failure(CancellationError()))
        } catch {
            let cause = (error as? RuntimeError)?.cause ?? error
            bound.resolve(.failure(cause))
            throw cause
        }
    }

    private func serve() async throws {
        let transport = HTTP2ServerTransport.Posix(
            address: configuration.address,
            transportSecurity: configuration.transportSecurity,
            config: .defaults { [configuration] in configuration.apply(to: &$0) }
        )
        let server = GRPCServer(transport: transport, services: [service, GRPCHealthService(service)])
        try await withGracefulShutdownHandler {
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await server.serve() }
                group.addTask { [bound, logger] in
                    // Waits for the listener; when there will be none the server says why.
                    guard let address = try? await transport.listeningAddress else { return }
                    let port = address.ipv4?.port ?? address.ipv6?.port ?? 0
                    logger.info("gRPC inference server started and listening", metadata: ["port": "\(port)"])
                    bound.resolve(.success(port))
                }
                try await group.waitForAll()
            }
        } onGracefulShutdown: { [service] in
            service.beginStopping()
            server.beginGracefulShutdown()
        }
    }
}
