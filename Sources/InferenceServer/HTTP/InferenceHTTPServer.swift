internal import HTTPTypes
internal import HummingbirdCore
public import Inference
public import Logging
internal import NIOCore
internal import NIOPosix
public import ServiceLifecycle
public import TraceModel

/// Serves the models of an ``InferenceCore`` over HTTP/1.1: KServe v2 and Triton's generate extension.
///
/// On graceful shutdown it takes no more connections, and ends when the requests that are under way are answered.
public final class InferenceHTTPServer: Service {
    /// Where and within which limits to serve.
    public struct Configuration: Sendable {
        public var host: String
        /// 0 lets the system choose; see ``InferenceHTTPServer/boundPort``.
        public var port: Int
        /// Bytes of a request's body, also after decompression; a larger one is answered with 413.
        public var maxBodySize: Int
        /// Connections that may wait to be accepted.
        public var backlog: Int
        /// How long a connection may be silent between two requests, or in the middle of one, before it is closed; a request that
        /// is being computed may take as long as it needs.
        public var idleTimeout: Duration
        /// Parts of the protocol that need a header with a secret.
        public var restrictedAPIs = RestrictedAPIs()
        /// Headers in whose name this regular expression is found become parameters of the request; `nil`: none does.
        public var headerForwardPattern: String?

        /// 64 MiB.
        public static let defaultMaxBodySize = 64 << 20

        public init(
            host: String = "127.0.0.1",
            port: Int = DefaultPort.inferenceHTTP,
            maxBodySize: Int = Configuration.defaultMaxBodySize,
            backlog: Int = 1024,
            idleTimeout: Duration = .seconds(120)
        ) {
            self.host = host
            self.port = port
            self.maxBodySize = maxBodySize
            self.backlog = backlog
            self.idleTimeout = idleTimeout
        }
    }

    private let configuration: Configuration
    private let handler: InferenceHTTPHandler
    private let logger: Logger
    private let bound = BoundPort()

    /// - Throws: ``FrontEndSettingError`` for a setting that cannot be used.
    public init(configuration: Configuration, core: InferenceCore, logger: Logger) throws {
        self.configuration = configuration
        self.logger = logger
        handler = try InferenceHTTPHandler(core: core, configuration: configuration, logger: logger)
    }

    /// The port that is served; waits until it is bound.
    ///
    /// - Throws: the error with which binding failed, or `CancellationError` when the server ended before.
    public var boundPort: Int {
        get async throws { try await bound.value }
    }

    /// Serves until graceful shutdown or cancellation.
    public func run() async throws {
        let handler = handler
        let channel = InferenceChannel(
            http: HTTP1Channel(
                responder: { request, writer, _ in try await handler.respond(to: request, writer: writer) },
                configuration: .init(idleTimeout: TimeAmount(configuration.idleTimeout))
            )
        )
        let bound = bound
        let server = HummingbirdCore.Server(
            childChannelSetup: channel,
            configuration: ServerConfiguration(
                address: .hostname(configuration.host, port: configuration.port),
                backlog: configuration.backlog
            ),
            onServerRunning: { channel in bound.resolve(.success(channel.localAddress?.port ?? 0)) },
            eventLoopGroup: MultiThreadedEventLoopGroup.singleton,
            logger: logger
        )
        do {
            try await server.run()
            bound.resolve(.failure(CancellationError()))
        } catch {
            bound.resolve(.failure(error))
            throw error
        }
    }
}
