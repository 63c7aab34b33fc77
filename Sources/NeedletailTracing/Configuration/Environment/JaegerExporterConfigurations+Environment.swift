public import Logging
internal import TraceModel

extension JaegerUDPExporterConfiguration {
    /// Reads `OTEL_EXPORTER_JAEGER_AGENT_HOST` and `OTEL_EXPORTER_JAEGER_AGENT_PORT`.
    ///
    /// A value that cannot be used is named in one warning and counts as not set.
    public init(environment: [String: String], logger: Logger = Logger(label: "needletail.tracing")) {
        self.init(EnvironmentReader(environment, logger: logger))
    }

    init(_ reader: EnvironmentReader) {
        self.init()
        let name = JaegerEnvironment.name
        host = reader.value([name("AGENT_HOST")], default: host) { text, _ throws(EnvironmentReader.Mistake) in
            guard text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f && $0 != UInt8(ascii: "/") }) else {
                throw EnvironmentReader.Mistake(reason: "is no host name or address, for instance localhost")
            }
            return text
        }
        port = reader.port(name("AGENT_PORT"), default: port)
    }
}

extension JaegerHTTPExporterConfiguration {
    /// Reads `OTEL_EXPORTER_JAEGER_…`: `ENDPOINT`, `USER`, `PASSWORD`, `TIMEOUT` (milliseconds), `CERTIFICATE`.
    ///
    /// A value that cannot be used is named in one warning and counts as not set.
    public init(environment: [String: String], logger: Logger = Logger(label: "needletail.tracing")) {
        self.init(EnvironmentReader(environment, logger: logger))
    }

    init(_ reader: EnvironmentReader) {
        self.init()
        let name = JaegerEnvironment.name
        timeout = JaegerEnvironment.timeout(reader, default: timeout)
        tls = reader.tls(.jaegerHTTP, certificate: [name("CERTIFICATE")])
        user = reader.rawText(name("USER"))
        password = reader.rawText(name("PASSWORD"))
        endpoint = reader.httpEndpoint([name("ENDPOINT")], .jaegerHTTP, default: endpoint)
    }
}

extension JaegerGRPCExporterConfiguration {
    /// Reads `OTEL_EXPORTER_JAEGER_…`: `ENDPOINT`, `INSECURE`, `TIMEOUT` (milliseconds), `CERTIFICATE`.
    ///
    /// A value that cannot be used is named in one warning and counts as not set.
    public init(environment: [String: String], logger: Logger = Logger(label: "needletail.tracing")) {
        self.init(EnvironmentReader(environment, logger: logger))
    }

    init(_ reader: EnvironmentReader) {
        self.init()
        let name = JaegerEnvironment.name
        timeout = JaegerEnvironment.timeout(reader, default: timeout)
        tls = reader.tls(.jaegerGRPC, certificate: [name("CERTIFICATE")])
        isInsecure = reader.flag([name("INSECURE")])
        endpoint = reader.grpcEndpoint([name("ENDPOINT")], .jaegerGRPC, default: endpoint)
    }
}
