internal import HTTPTypes
internal import HummingbirdCore
package import Inference
package import Logging
internal import NIOCore
internal import NIOPosix
package import PrometheusMetrics
public import ServiceLifecycle
public import TraceModel

/// Serves metrics for Prometheus: `/metrics` in its text format or as OpenMetrics.
public final class MetricsHTTPServer: Service {
    public struct Configuration: Sendable {
        public var host: String
        /// 0 lets the system choose; see ``MetricsHTTPServer/boundPort``.
        public var port: Int
        /// How long a CPU utilization counts before it is taken anew.
        public var intervalMilliseconds: Int
        public var settings: MetricsSettings
        /// What the machine and this process use is among the metrics.
        public var tellsHostUsage = true

        /// Triton's `--metrics-interval-ms`.
        public static let defaultIntervalMilliseconds = 2000

        public init(
            host: String = "127.0.0.1",
            port: Int = DefaultPort.inferenceMetrics,
            intervalMilliseconds: Int = Configuration.defaultIntervalMilliseconds,
            settings: MetricsSettings = MetricsSettings()
        ) {
            self.host = host
            self.port = port
            self.intervalMilliseconds = intervalMilliseconds
            self.settings = settings
        }
    }

    private let configuration: Configuration
    private let collector: InferenceMetricsCollector
    private let registry: PrometheusRegistry
    private let logger: Logger
    private let bound = BoundPort()

    /// - Parameters:
    ///   - metrics: the observer of the core.
    ///   - registry: what else is shown.
    package init(configuration: Configuration, core: InferenceCore, metrics: InferenceMetrics, registry: PrometheusRegistry, logger: Logger) {
        self.configuration = configuration
        self.registry = registry
        self.logger = logger
        collector = InferenceMetricsCollector(
            core: core,
            metrics: metrics,
            settings: configuration.settings,
            host: configuration.tellsHostUsage ? HostUsage(intervalMilliseconds: configuration.intervalMilliseconds) : nil
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
        let (bound, collector, registry) = (bound, collector, registry)
        let channel = InferenceChannel(
            http: HTTP1Channel(
                responder: { request, writer, _ in
                    try await Self.respond(to: request, writer: writer) { format in
                        ExpositionWriter.text(of: collector.families() + registry.families(), format: format)
                    }
                },
                configuration: .init(idleTimeout: .seconds(300))
            )
        )
        let server = HummingbirdCore.Server(
            childChannelSetup: channel,
            configuration: ServerConfiguration(address: .hostname(configuration.host, port: configuration.port)),
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

    /// As Triton's: every path answers, and only one says something.
    private static func respond(to request: Request, writer: consuming ResponseWriter, text: (ExpositionFormat) -> String) async throws {
        var reply = HTTPReply(contentType: HTTPReply.text)
        if request.method != .get, request.method != .head {
            reply = HTTPReply(status: .methodNotAllowed, message: "Method Not Allowed")
            reply.contentType = HTTPReply.text
            reply.fields.append(HTTPField(name: .allow, value: "GET"))
        } else if (request.head.path ?? "").prefix(while: { $0 != "?" }) == "/metrics" {
            let format = ExpositionFormat(accept: request.headers[.accept])
            reply = HTTPReply(contentType: format.contentType, body: ByteBuffer(string: text(format)))
            BodyCompression.compress(&reply, accepted: request.headers[.acceptEncoding])
        }
        let body = request.method == .head ? ResponseBody() : ResponseBody(byteBuffer: reply.body)
        try await writer.write(response: reply.head, body: body)
        if request.headers[.connection] == "close" {
            for try await _ in request.body {}
        }
    }
}
