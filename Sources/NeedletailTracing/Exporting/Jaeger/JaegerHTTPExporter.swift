public import TraceModel
internal import TraceWire

/// Sends spans to a Jaeger collector as Thrift over HTTP (binary protocol, port 14268).
///
/// Each resource of a batch is a request of its own, because Jaeger's batch has one process. Retries are those of
/// ``OTLPHTTPExporter``.
public struct JaegerHTTPExporter: SpanExporter {
    private let client: HTTPExportClient
    private let maximumTagValueLength: Int?

    /// - Throws: ``TracingConfigurationError`` when the endpoint is no http(s) URL, a header cannot be sent, a TLS file cannot be
    ///   used, or there is a password without user.
    public init(configuration: JaegerHTTPExporterConfiguration = JaegerHTTPExporterConfiguration()) throws(TracingConfigurationError) {
        client = try HTTPExportClient(
            HTTPExportClient.Settings(
                names: .jaegerHTTP,
                endpoint: configuration.endpoint,
                contentType: "application/x-thrift",
                headers: try configuration.allHeaders(),
                tls: configuration.tls,
                timeout: configuration.timeout,
                retry: configuration.retry
            )
        )
        maximumTagValueLength = configuration.maximumTagValueLength
    }

    public func export(_ batch: SpanBatch) async throws -> SpanExportResult {
        var sent = 0
        var failure: SpanExportError?
        for group in batch.resourceSpans {
            let spanCount = group.scopeSpans.reduce(0) { $0 + $1.spans.count }
            if spanCount == 0 { continue }
            do {
                let body = JaegerThrift.encodeBinaryBatch(group, maximumTagValueLength: maximumTagValueLength)
                _ = try await client.send(body, spanCount: spanCount)
                sent += spanCount
            } catch let error as SpanExportError {
                // The next resource's spans may be taken; a collector that is away for one is away for all.
                failure = error
                if error.code != .refused, error.code != .tooLarge { break }
            }
        }
        guard let failure else { return .success }
        if sent == 0 { throw failure }
        return SpanExportResult(rejectedSpanCount: batch.spanCount - sent, message: failure.message)
    }

    public func shutdown() async {
        await client.shutdown()
    }
}

extension JaegerHTTPExporterConfiguration {
    /// The headers with HTTP basic authentication (RFC 7617).
    fileprivate func allHeaders() throws(TracingConfigurationError) -> [String: String] {
        guard user != nil || password != nil else { return headers }
        guard let user, !user.isEmpty, !user.contains(":") else {
            throw TracingConfigurationError(
                code: .invalidHeader,
                message: "Jaeger exporter: a password needs a user name without colon (OTEL_EXPORTER_JAEGER_USER, OTEL_EXPORTER_JAEGER_PASSWORD)"
            )
        }
        var headers = headers
        // A header that the user wrote out counts more.
        if !headers.keys.contains(where: { $0.lowercased() == "authorization" }) {
            headers["Authorization"] = "Basic " + Base64.encode(Array("\(user):\(password ?? "")".utf8))
        }
        return headers
    }
}
