internal import GRPCCore
public import TraceModel
internal import TraceWire

/// Sends spans over OTLP/gRPC (OpenTelemetry Protocol 1, "OTLP/gRPC").
///
/// The codes CANCELLED, DEADLINE_EXCEEDED, ABORTED, OUT_OF_RANGE, UNAVAILABLE and DATA_LOSS, RESOURCE_EXHAUSTED with
/// `RetryInfo`, failed connects and broken connections are retried with back-off, or after the time the receiver asks for; all
/// other failures lose the batch. A partial success is reported, never retried. The calls themselves are not traced.
public struct OTLPGRPCExporter: SpanExporter {
    private let channel: GRPCExportChannel

    /// - Throws: ``TracingConfigurationError`` when the endpoint cannot be used over gRPC, a header cannot be sent, the
    ///   compression does not exist over gRPC, or a TLS file cannot be used.
    public init(
        configuration: OTLPGRPCExporterConfiguration = OTLPGRPCExporterConfiguration()
    ) throws(TracingConfigurationError) {
        channel = try GRPCExportChannel(
            GRPCExportChannel.Settings(
                names: .otlpGRPC,
                method: Self.method,
                endpoint: configuration.endpoint,
                defaultPort: DefaultPort.otlpGRPC,
                isInsecure: configuration.isInsecure,
                headers: configuration.headers,
                compression: configuration.compression,
                tls: configuration.tls,
                timeout: configuration.timeout,
                retry: configuration.retry,
                maximumRequestSize: configuration.maximumRequestSize
            )
        )
    }

    private static let method = MethodDescriptor(
        service: ServiceDescriptor(fullyQualifiedService: "opentelemetry.proto.collector.trace.v1.TraceService"),
        method: "Export"
    )

    public func export(_ batch: SpanBatch) async throws -> SpanExportResult {
        guard batch.spanCount > 0 else { return .success }
        let answer = try await channel.send(OTLPProtobuf.encode(batch), spanCount: batch.spanCount)
        // An accepted batch is not sent again because its receipt cannot be read.
        guard let decoded = try? OTLPProtobuf.decodeExportResponse(answer) else { return .success }
        return SpanExportResult(rejectedSpanCount: Int(clamping: decoded.rejectedSpans), message: decoded.message)
    }

    public func shutdown() async {
        await channel.shutdown()
    }
}
