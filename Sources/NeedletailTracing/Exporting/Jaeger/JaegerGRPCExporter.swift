internal import GRPCCore
public import TraceModel
internal import TraceWire

/// Sends spans to a Jaeger collector over gRPC: `jaeger.api_v2.CollectorService/PostSpans`, one call for each resource.
///
/// Failures are retried as ``OTLPGRPCExporter`` does. The calls themselves are not traced.
public struct JaegerGRPCExporter: SpanExporter {
    private let channel: GRPCExportChannel
    private let maximumTagValueLength: Int?

    /// - Throws: ``TracingConfigurationError`` when the endpoint cannot be used over gRPC, a header cannot be sent or a TLS
    ///   file cannot be used.
    public init(
        configuration: JaegerGRPCExporterConfiguration = JaegerGRPCExporterConfiguration()
    ) throws(TracingConfigurationError) {
        maximumTagValueLength = configuration.maximumTagValueLength
        channel = try GRPCExportChannel(
            GRPCExportChannel.Settings(
                names: .jaegerGRPC,
                method: Self.method,
                endpoint: configuration.endpoint,
                defaultPort: DefaultPort.jaegerGRPC,
                isInsecure: configuration.isInsecure,
                headers: configuration.headers,
                tls: configuration.tls,
                timeout: configuration.timeout,
                retry: configuration.retry
            )
        )
    }

    private static let method = MethodDescriptor(
        service: ServiceDescriptor(fullyQualifiedService: "jaeger.api_v2.CollectorService"),
        method: "PostSpans"
    )

    public func export(_ batch: SpanBatch) async throws -> SpanExportResult {
        var result = SpanExportResult.success
        var accepted = 0
        var lastError: (any Error)?
        for group in batch.resourceSpans {
            let spanCount = group.scopeSpans.reduce(0) { $0 + $1.spans.count }
            if spanCount == 0 { continue }
            do {
                let request = JaegerProtobuf.encodePostSpansRequest(group, maximumTagValueLength: maximumTagValueLength)
                _ = try await channel.send(request, spanCount: spanCount)
                accepted += 1
            } catch let error as SpanExportError {
                lastError = error
                result.rejectedSpanCount += spanCount
                result.message = error.message
            }
        }
        // The other resources' spans are there all the same.
        if accepted == 0, let lastError { throw lastError }
        return result
    }

    public func shutdown() async {
        await channel.shutdown()
    }
}
