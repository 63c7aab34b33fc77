public import Logging

extension OTLPGRPCExporterConfiguration {
    /// Reads `OTEL_EXPORTER_OTLP_TRACES_…` and `OTEL_EXPORTER_OTLP_…`: `ENDPOINT`, `INSECURE`, `HEADERS`, `TIMEOUT`, `COMPRESSION`,
    /// `CERTIFICATE`, `CLIENT_KEY`, `CLIENT_CERTIFICATE`.
    ///
    /// The scheme of the endpoint decides about TLS; `INSECURE` counts for an endpoint without one.
    /// A value that cannot be used is named in one warning and counts as not set.
    public init(environment: [String: String], logger: Logger = Logger(label: "needletail.tracing")) {
        self.init(EnvironmentReader(environment, logger: logger))
    }

    init(_ reader: EnvironmentReader) {
        self.init()
        compression = reader.choice(
            OTLPEnvironment.names("COMPRESSION"),
            among: ["none": .none, "gzip": .gzip, "deflate": .deflate],
            default: compression
        )
        headers = OTLPEnvironment.headers(reader, .otlpGRPC)
        timeout = OTLPEnvironment.timeout(reader, default: timeout)
        tls = OTLPEnvironment.tls(reader, .otlpGRPC)
        isInsecure = reader.flag(OTLPEnvironment.names("INSECURE"))
        endpoint = reader.grpcEndpoint(OTLPEnvironment.names("ENDPOINT"), .otlpGRPC, default: endpoint)
    }
}
