public import TraceModel
internal import TraceWire

/// Sends spans over OTLP/HTTP (OpenTelemetry Protocol 1, "OTLP/HTTP"), as protobuf or JSON, optionally compressed.
///
/// Answers 429, 502, 503 and 504, failed connects and connections closed without an answer are retried with back-off, or
/// after the time the receiver asks for; all other failures lose the batch. A partial success is reported, never retried.
/// The requests themselves are not traced.
public struct OTLPHTTPExporter: SpanExporter {
    private let client: HTTPExportClient
    private let encoding: OTLPHTTPExporterConfiguration.Encoding

    /// - Throws: ``TracingConfigurationError`` when the endpoint is no http(s) URL, a header cannot be sent or a TLS file
    ///   cannot be used.
    public init(
        configuration: OTLPHTTPExporterConfiguration = OTLPHTTPExporterConfiguration()
    ) throws(TracingConfigurationError) {
        encoding = configuration.encoding
        client = try HTTPExportClient(
            HTTPExportClient.Settings(
                names: .otlpHTTP,
                endpoint: configuration.endpoint,
                contentType: configuration.encoding == .json ? "application/json" : "application/x-protobuf",
                headers: configuration.headers,
                compression: configuration.compression,
                tls: configuration.tls,
                timeout: configuration.timeout,
                retry: configuration.retry,
                maximumRequestSize: configuration.maximumRequestSize
            )
        )
    }

    public func export(_ batch: SpanBatch) async throws -> SpanExportResult {
        guard batch.spanCount > 0 else { return .success }
        let body = encoding == .json ? OTLPJSON.encode(batch) : OTLPProtobuf.encode(batch)
        let answer = try await client.send(body, spanCount: batch.spanCount)
        guard !answer.body.isEmpty else { return .success }
        let isJSON = answer.contentType?.lowercased().hasPrefix("application/json") ?? (encoding == .json)
        // An accepted batch is not sent again because its receipt cannot be read.
        let decoded = isJSON ? try? OTLPJSON.decodeExportResponse(answer.body) : try? OTLPProtobuf.decodeExportResponse(answer.body)
        guard let decoded else { return .success }
        return SpanExportResult(rejectedSpanCount: Int(clamping: decoded.rejectedSpans), message: decoded.message)
    }

    public func shutdown() async {
        await client.shutdown()
    }
}
