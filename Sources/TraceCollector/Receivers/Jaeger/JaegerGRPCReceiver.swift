internal import GRPCCore
public import Logging
public import ServiceLifecycle
internal import TraceWire

/// Receives spans as Jaeger's collector does over gRPC: `jaeger.api_v2.CollectorService/PostSpans`, clear-text HTTP/2, plain or
/// gzip messages.
///
/// The status OK is sent after the spans are durable.
public struct JaegerGRPCReceiver: Service {
    private let server: SpanGRPCServer

    /// - Parameters:
    ///   - host: IPv4 or IPv6 address to listen on, or `localhost`.
    ///   - port: TCP port; 0 lets the system choose one.
    ///   - ingest: Where decoded spans go.
    ///   - strategies: What `jaeger.api_v2.SamplingManager/GetSamplingStrategy` on the same port tells.
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
        let service = SpanGRPCService(
            method: MethodDescriptor(
                service: ServiceDescriptor(fullyQualifiedService: "jaeger.api_v2.CollectorService"),
                method: "PostSpans"
            ),
            decode: { bytes throws(WireError) in try JaegerProtobuf.decodePostSpansRequest(Array(bytes)) },
            // `message PostSpansResponse {}`
            response: { _ in [] },
            reception: SpanReception(
                ingest: ingest, spanProtocol: .jaegerGRPC, maximumSpans: limits.maximumSpansPerRequest, logger: logger
            ),
            maximumMessageSize: limits.maximumRequestSize
        )
        server = SpanGRPCServer(
            name: "Jaeger gRPC", host: host, port: port, services: [service, SamplingGRPCService(strategies: strategies)], limits: limits,
            logger: logger, onListening: onListening
        )
    }

    /// Serves until a graceful shutdown or a cancellation; calls under way are answered first.
    public func run() async throws {
        try await server.run()
    }
}
