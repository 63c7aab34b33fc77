public import Logging

extension OTLPHTTPExporterConfiguration {
    /// Reads `OTEL_EXPORTER_OTLP_TRACES_…` and `OTEL_EXPORTER_OTLP_…`: `ENDPOINT`, `PROTOCOL`, `HEADERS`, `TIMEOUT`, `COMPRESSION`,
    /// `CERTIFICATE`, `CLIENT_KEY`, `CLIENT_CERTIFICATE`.
    ///
    /// The general endpoint is a base, to which `v1/traces` is added; the one for traces is taken as it is.
    /// A value that cannot be used is named in one warning and counts as not set.
    public init(environment: [String: String], logger: Logger = Logger(label: "needletail.tracing")) {
        let reader = EnvironmentReader(environment, logger: logger)
        self.init(reader, dialect: OTLPEnvironment.dialect(reader))
    }

    init(_ reader: EnvironmentReader, dialect: OTLPEnvironment.Dialect) {
        self.init()
        encoding = dialect == .httpJSON ? .json : .protobuf
        compression = reader.choice(
            OTLPEnvironment.names("COMPRESSION"),
            among: ["none": .none, "gzip": .gzip, "deflate": .deflate, "zstd": .zstd],
            default: compression
        )
        headers = OTLPEnvironment.headers(reader, .otlpHTTP)
        timeout = OTLPEnvironment.timeout(reader, default: timeout)
        tls = OTLPEnvironment.tls(reader, .otlpHTTP)
        endpoint = reader.httpEndpoint(OTLPEnvironment.names("ENDPOINT"), .otlpHTTP, default: endpoint) { url, variable in
            variable == OTLPEnvironment.generalName("ENDPOINT") ? Self.tracesEndpoint(base: url) : url
        }
    }

    /// Appends `v1/traces` to the path of a base URL; a query stays behind it.
    static func tracesEndpoint(base: String) -> String {
        let end = base.firstIndex (of: "?") ?? base.endIndex
        let path = base[..<end]
        return path + (path.hasSuffix("/") ? "" : "/") + "v1/traces" + base[end...]
    }
}
