/// Settings of an ``OTLPHTTPExporter``.
public struct OTLPHTTPExporterConfiguration: Hashable, Sendable {
    /// The form of the request body.
    public enum Encoding: Hashable, Sendable {
        /// `http/protobuf`.
        case protobuf
        /// `http/json`.
        case json
    }

    /// OTLP's default over HTTP.
    public static let defaultEndpoint = "http://localhost:4318/v1/traces"

    /// URL with or without scheme; the path is kept as given.
    public var endpoint: String
    public var encoding: Encoding
    public var compression: ExportCompression
    /// Additional request headers, for instance an API key.
    public var headers: [String: String]
    public var tls: TLSClientConfiguration
    /// The longest time of one request.
    public var timeout: Duration
    public var retry: RetryPolicy
    /// Bytes of a request body after compression; larger batches are lost with an error. 64 MiB, OTLP's recommendation.
    public var maximumRequestSize: Int

    public init(
        endpoint: String = Self.defaultEndpoint,
        encoding: Encoding = .protobuf,
        compression: ExportCompression = .none,
        headers: [String: String] = [:],
        tls: TLSClientConfiguration = TLSClientConfiguration(),
        timeout: Duration = .seconds(10),
        retry: RetryPolicy = RetryPolicy(),
        maximumRequestSize: Int = 64 * 1024 * 1024
    ) {
        self.endpoint = endpoint
        self.encoding = encoding
        self.compression = compression
        self.headers = headers
        self.tls = tls
        self.timeout = timeout
        self.retry = retry
        self.maximumRequestSize = maximumRequestSize
    }
}
