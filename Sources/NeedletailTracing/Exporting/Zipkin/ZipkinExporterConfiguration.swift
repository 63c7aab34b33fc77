/// Settings of a ``ZipkinExporter``.
public struct ZipkinExporterConfiguration: Hashable, Sendable {
    /// The form of the request body.
    public enum Encoding: Hashable, Sendable {
        /// Version 2 as JSON.
        case json
        /// `zipkin.proto`.
        case protobuf
    }

    /// Zipkin's default.
    public static let defaultEndpoint = "http://localhost:9411/api/v2/spans"

    /// URL with the path.
    public var endpoint: String
    /// Additional request headers.
    public var headers: [String: String]
    /// Zipkin itself understands `none` and `gzip`.
    public var compression: ExportCompression
    public var tls: TLSClientConfiguration
    /// The longest time of one request; zero means no limit.
    public var timeout: Duration
    public var retry: RetryPolicy
    /// `localEndpoint.ipv4` of every span, as text.
    public var localIPv4: String?
    /// `localEndpoint.ipv6` of every span, as text.
    public var localIPv6: String?
    /// `localEndpoint.port` of every span.
    public var localPort: Int?
    /// Characters of a tag's value; longer ones are cut, numbers never. `nil`, zero and less: no limit.
    public var maximumTagValueLength: Int?
    public var encoding = Encoding.json

    public init(
        endpoint: String = Self.defaultEndpoint,
        headers: [String: String] = [:],
        compression: ExportCompression = .none,
        tls: TLSClientConfiguration = TLSClientConfiguration(),
        timeout: Duration = .seconds(10),
        retry: RetryPolicy = RetryPolicy(),
        localIPv4: String? = nil,
        localIPv6: String? = nil,
        localPort: Int? = nil,
        maximumTagValueLength: Int? = nil
    ) {
        self.endpoint = endpoint
        self.headers = headers
        self.compression = compression
        self.tls = tls
        self.timeout = timeout
        self.retry = retry
        self.localIPv4 = localIPv4
        self.localIPv6 = localIPv6
        self.localPort = localPort
        self.maximumTagValueLength = maximumTagValueLength
    }
}
