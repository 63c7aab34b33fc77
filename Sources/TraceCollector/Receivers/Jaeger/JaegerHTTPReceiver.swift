public import Logging
public import ServiceLifecycle

/// Receives spans as Jaeger's collector does over HTTP: `POST /api/traces`, a Thrift `Batch` in the binary protocol;
/// and tells what to sample: `GET /api/sampling?service=` and `GET /api/baggageRestrictions?service=`.
///
/// The answer 202 is sent after the spans are durable.
public struct JaegerHTTPReceiver: Service {
    let server: SpanHTTPServer<JaegerHTTPDialect>

    /// - Parameters:
    ///   - host: Address or name to listen on.
    ///   - port: TCP port; 0 lets the system choose one.
    ///   - ingest: Where decoded spans go.
    ///   - strategies: What `GET /api/sampling` tells.
    ///   - limits: Bounds of sizes.
    ///   - logger: Where start and errors are told.
    ///   - onListening: Called with the real port once connections are accepted.
    public init(
        host: String,
        port: Int,
        ingest: SpanIngest,
        strategies: SamplingStrategies = .everything,
        limits: ReceiverLimits = ReceiverLimits(),
        logger: Logger,
        onListening: @escaping @Sendable (Int) async -> Void = { _ in }
    ) {
        server = SpanHTTPServer(
            dialect: JaegerHTTPDialect(sampling: SamplingHTTPAPI(strategies: strategies)), host: host, port: port, ingest: ingest, limits: limits, cors: CORSPolicy(), logger: logger,
            onListening: onListening
        )
    }

    /// Serves until a graceful shutdown or a cancellation; requests under way are answered first.
    public func run() async throws {
        try await server.run()
    }
}
