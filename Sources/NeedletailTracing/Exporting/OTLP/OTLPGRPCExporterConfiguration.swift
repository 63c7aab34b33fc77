/// Settings of an ``OTLPGRPCExporter``.
public struct OTLPGRPCExporterConfiguration: Hashable, Sendable {
    /// OTLP's default over gRPC.
    public static let defaultEndpoint = "http://localhost:4317"

    /// `http://host:port`, `https://host:port`, `grpc://host:port` or `host:port`. The scheme decides about TLS; without one
    /// (or with `grpc`) `isInsecure` does.
    public var endpoint: String
    /// An endpoint without scheme is spoken to without TLS.
    public var isInsecure: Bool
    public var compression: ExportCompression
    /// Additional metadata of each call, for instance an API key; names are sent in lower case.
    public var headers: [String: String]
    public var tls: TLSClientConfiguration
    /// The longest time of one call; zero means no limit.
    public var timeout: Duration
    public var retry: RetryPolicy
    /// Bytes of a message before compression; larger batches are lost with an error. 64 MiB, OTLP's recommendation.
    public var maximumRequestSize: Int

    public init(
        endpoint: String = Self.defaultEndpoint,
        isInsecure: Bool = false,
        compression: ExportCompression = .none,
        headers: [String: String] = [:],
        tls: TLSClientConfiguration = TLSClientConfiguration(),
        timeout: Duration = .seconds(10),
        retry: RetryPolicy = RetryPolicy(),
        maximumRequestSize: Int = 64 * 1024 * 1024
    ) {
        self.endpoint = endpoint
        self.isInsecure = isInsecure
        self.compression = compression
        self.headers = headers
        self.tls = tls
        self.timeout = timeout
        self.retry = retry
        self.maximumRequestSize = maximumRequestSize
    }
}
