public import TraceModel

/// Settings of a ``JaegerUDPExporter``.
public struct JaegerUDPExporterConfiguration: Hashable, Sendable {
    /// Host name or address of the agent.
    public var host: String
    public var port: Int
    /// Bytes of a datagram; Jaeger's agents and collectors read up to 65,000.
    public var maximumPacketSize: Int
    /// Characters of a tag's value; longer ones are cut. `nil`: no limit.
    public var maximumTagValueLength: Int?

    public init(
        host: String = "localhost",
        port: Int = DefaultPort.jaegerCompactUDP,
        maximumPacketSize: Int = 65_000,
        maximumTagValueLength: Int? = nil
    ) {
        self.host = host
        self.port = port
        self.maximumPacketSize = maximumPacketSize
        self.maximumTagValueLength = maximumTagValueLength
    }
}

/// Settings of a ``JaegerHTTPExporter``.
public struct JaegerHTTPExporterConfiguration: Hashable, Sendable {
    /// Jaeger's default.
    public static let defaultEndpoint = "http://localhost:14268/api/traces"

    /// URL with the path.
    public var endpoint: String
    /// For HTTP basic authentication, together with `password`.
    public var user: String?
    public var password: String?
    /// Additional request headers.
    public var headers: [String: String]
    public var tls: TLSClientConfiguration
    /// The longest time of one request; zero means no limit.
    public var timeout: Duration
    public var retry: RetryPolicy
    /// Characters of a tag's value; longer ones are cut. `nil`: no limit.
    public var maximumTagValueLength: Int?

    public init(
        endpoint: String = Self.defaultEndpoint,
        user: String? = nil,
        password: String? = nil,
        headers: [String: String] = [:],
        tls: TLSClientConfiguration = TLSClientConfiguration(),
        timeout: Duration = .seconds(10),
        retry: RetryPolicy = RetryPolicy(),
        maximumTagValueLength: Int? = nil
    ) {
        self.endpoint = endpoint
        self.user = user
        self.password = password
        self.headers = headers
        self.tls = tls
        self.timeout = timeout
        self.retry = retry
        self.maximumTagValueLength = maximumTagValueLength
    }
}

/// Settings of a ``JaegerGRPCExporter``.
public struct JaegerGRPCExporterConfiguration: Hashable, Sendable {
    /// Jaeger's default.
    public static let defaultEndpoint = "http://localhost:14250"

    /// As in ``OTLPGRPCExporterConfiguration/endpoint``.
    public var endpoint: String
    /// An endpoint without scheme is spoken to without TLS.
    public var isInsecure: Bool
    /// Additional metadata of each call.
    public var headers: [String: String]
    public var tls: TLSClientConfiguration
    /// The longest time of one call; zero means no limit.
    public var timeout: Duration
    public var retry: RetryPolicy
    /// Characters of a tag's value; longer ones are cut. `nil`: no limit.
    public var maximumTagValueLength: Int?

    public init(
        endpoint: String = Self.defaultEndpoint,
        isInsecure: Bool = false,
        headers: [String: String] = [:],
        tls: TLSClientConfiguration = TLSClientConfiguration(),
        timeout: Duration = .seconds(10),
        retry: RetryPolicy = RetryPolicy(),
        maximumTagValueLength: Int? = nil
    ) {
        self.endpoint = endpoint
        self.isInsecure = isInsecure
        self.headers = headers
        self.tls = tls
        self.timeout = timeout
        self.retry = retry
        self.maximumTagValueLength = maximumTagValueLength
    }
}
