internal import GRPCCore
public import Logging
public import ServiceLifecycle
internal import TraceModel
internal import TraceWire

/// Receives spans over OTLP/gRPC: `opentelemetry.proto.collector.trace.v1.TraceService/Export`
/// (opentelemetry.io/docs/specs/otlp, "OTLP/gRPC"), clear-text HTTP/2, plain or gzip messages.
///
/// The status OK is sent after the spans are durable.
public struct OTLPGRPCReceiver: Service {
    private let server: SpanGRPCServer

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
        limits: ReceiverLimits = ReceiverLimits(),
        logger: Logger,
        onListening: @escaping @Sendable (Int) async -> Void = { _ in }
    ) {
        let service = SpanGRPCService(
            method: MethodDescriptor(
                service: ServiceDescriptor(fullyQualifiedService: "opentelemetry.proto.collector.trace.v1.TraceService"),
                method: "Export"
            ),
            decode: { bytes throws(WireError) in try OTLPProtobuf.decode(bytes) },
            response: { OTLPProtobuf.encodeExportResponse(rejectedSpans: $0.rejectedSpanCount, message: $0.rejectionMessage) },
            reception: SpanReception(
                ingest: ingest, spanProtocol: .otlpGRPC, maximumSpans: limits.maximumSpansPerRequest, logger: logger
            ),
            maximumMessageSize: limits.maximumRequestSize
        )
        server = SpanGRPCServer(
            name: "OTLP/gRPC", host: host, port: port, services: [service], limits: limits, logger: logger, onListening: onListening
        )
    }

    /// Serves until a graceful shutdown or a cancellation; calls under way are answered first.
    public func run() async throws {
        try await server.run()
    }
}
