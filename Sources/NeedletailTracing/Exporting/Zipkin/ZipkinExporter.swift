internal import NIOCore
public import TraceModel
internal import TraceWire

/// Sends spans to Zipkin, or to anything that takes Zipkin's v2 JSON, optionally compressed.
///
/// The spans are written as the OpenTelemetry specification has it ("OpenTelemetry to Zipkin Transformation"). Any 2xx answer
/// is a success; answers 429, 502, 503 and 504, failed connects and connections closed without an answer are retried with
/// back-off, or after the time the receiver asks for. The requests themselves are not traced.
public struct ZipkinExporter: SpanExporter {
    private let client: HTTPExportClient
    private let options: ZipkinJSON.EncodingOptions
    private let encoding: ZipkinExporterConfiguration.Encoding

    /// - Throws: ``TracingConfigurationError`` when the endpoint is no http(s) URL, a header cannot be sent, a TLS file cannot
    ///   be used, or the local address is none.
    public init(configuration: ZipkinExporterConfiguration = ZipkinExporterConfiguration()) throws(TracingConfigurationError) {
        options = try Self.options(configuration)
        encoding = configuration.encoding
        client = try HTTPExportClient(
            HTTPExportClient.Settings(
                names: .zipkin,
                endpoint: configuration.endpoint,
                contentType: configuration.encoding == .json ? "application/json" : "application/x-protobuf",
                headers: configuration.headers,
                compression: configuration.compression,
                tls: configuration.tls,
                timeout: configuration.timeout,
                retry: configuration.retry
            )
        )
    }

    public func export(_ batch: SpanBatch) async throws -> SpanExportResult {
        let count = batch.spanCount
        guard count > 0 else { return .success }
        let body = encoding == .json ? ZipkinJSON.encode(batch, options: options) : ZipkinProtobuf.encode(batch, options: options)
        _ = try await client.send(body, spanCount: count)
        return .success
    }

    public func shutdown() async {
        await client.shutdown()
    }

    private static func options(_ configuration: ZipkinExporterConfiguration) throws(TracingConfigurationError) -> ZipkinJSON.EncodingOptions {
        var options = ZipkinJSON.EncodingOptions()
        if let text = configuration.localIPv4 {
            guard case .v4? = try? SocketAddress(ipAddress: text, port: 0) else {
                throw address("localIPv4", text, expected: "an IPv4 address like 192.0.2.1")
            }
            options.localIPv4 = text
        }
        if let text = configuration.localIPv6 {
            guard case .v6? = try? SocketAddress(ipAddress: text, port: 0) else {
                throw address("localIPv6", text, expected: "an IPv6 address like 2001:db8::1, without brackets")
            }
            options.localIPv6 = text
        }
        if let number = configuration.localPort {
            guard let port = UInt16(exactly: number), port > 0 else { throw address("localPort", String(number), expected: "1 to 65535") }
            options.localPort = port
        }
        // As in OpenTelemetry's exporter for Python, a bound that would leave nothing is none.
        if let length = configuration.maximumTagValueLength, length > 0 { options.maximumTagValueLength = length }
        return options
    }

    private static func address(_ name: String, _ value: String, expected: String) -> TracingConfigurationError {
        TracingConfigurationError(
            code: .invalidAddress,
            message: "Zipkin exporter: \(name) is \"\(value.prefix(100))\", expected \(expected) (it becomes the localEndpoint of each span)"
        )
    }
}
