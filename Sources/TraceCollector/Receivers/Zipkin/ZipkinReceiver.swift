public import Logging
public import ServiceLifecycle

/// Receives spans over Zipkin's HTTP API: `POST /api/v2/spans` in JSON and protobuf (zipkin.io/zipkin-api, "zipkin2-api.yaml",
/// "zipkin.proto"), and `POST /api/v1/spans` in JSON and Thrift.
///
/// The answer 202 is sent after the spans are durable.
public struct ZipkinReceiver: Service {
    let server: SpanHTTPServer<ZipkinDialect>

    /// - Parameters:
    ///   - host: Address or name to listen on.
    ///   - port: TCP port; 0 lets the system choose one.
    ///   - ingest: Where decoded spans go.
    ///   - limits: Bounds of sizes.
    ///   - cors: Which web pages may send; nobody by default.
    ///   - logger: Where start and errors are told.
    ///   - others: Answers what brings no spans: Zipkin's query API is on the same port.
    ///   - onListening: Called with the real port once connections are accepted.
    public init(
        host: String,
        port: Int,
        ingest: SpanIngest,
        limits: ReceiverLimits = ReceiverLimits(),
        cors: CORSPolicy = CORSPolicy(),
        logger: Logger,
        others: OtherRequests? = nil,
        onListening: @escaping @Sendable (Int) async -> Void = { _ in }
    ) {
        server = SpanHTTPServer(
            dialect: ZipkinDialect(), host: host, port: port, ingest: ingest, limits: limits, cors: cors, logger: logger,
            others: others, onListening: onListening
        )
    }

    /// Serves until a graceful shutdown or a cancellation; requests under way are answered first.
    public func run() async throws {
        try await server.run()
    }
}
