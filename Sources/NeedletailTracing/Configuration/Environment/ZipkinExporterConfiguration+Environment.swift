public import Logging

extension ZipkinExporterConfiguration {
    /// Reads `OTEL_EXPORTER_ZIPKIN_ENDPOINT` and `OTEL_EXPORTER_ZIPKIN_TIMEOUT` (milliseconds).
    ///
    /// A value that cannot be used is named in one warning and counts as not set.
    public init(environment: [String: String], logger: Logger = Logger(label: "needletail.tracing")) {
        self.init(EnvironmentReader(environment, logger: logger))
    }

    init(_ reader: EnvironmentReader) {
        self.init()
        timeout = reader.milliseconds(["OTEL_EXPORTER_ZIPKIN_TIMEOUT"], default: timeout)
        endpoint = reader.httpEndpoint(["OTEL_EXPORTER_ZIPKIN_ENDPOINT"], .zipkin, default: endpoint)
    }
}
