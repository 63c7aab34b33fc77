public import Logging

extension ExporterConfiguration {
    /// Where spans go when nothing is said: OTLP over HTTP to this machine.
    static var defaultList: [ExporterConfiguration] { [.otlpHTTP(OTLPHTTPExporterConfiguration())] }

    /// What `OTEL_TRACES_EXPORTER` names (a comma list of `otlp`, `zipkin`, `jaeger`, `console`, `otlp/stdout`, `file`, or `none`),
    /// each with its own variables; `otlp` when it is not set.
    ///
    /// A value that cannot be used is named in one warning and counts as not set.
    public static func list(
        environment: [String: String] = ProcessEnvironment.current,
        logger: Logger = Logger(label: "needletail.tracing")
    ) -> [ExporterConfiguration] {
        list(EnvironmentReader(environment, logger: logger))
    }

    static func list(_ reader: EnvironmentReader) -> [ExporterConfiguration] {
        let makers: KeyValuePairs<String, () -> ExporterConfiguration> = [
            "otlp": { otlp(reader) },
            "zipkin": { .zipkin(ZipkinExporterConfiguration(reader)) },
            "jaeger": { jaeger(reader) },
            "console": { .console(ConsoleExporterConfiguration()) },
            // The name that the console exporter had before.
            "logging": { .console(ConsoleExporterConfiguration()) },
            "otlp/stdout": { .console(ConsoleExporterConfiguration(format: .jsonLines)) },
            "file": { file(reader) },
        ]
        return reader.choices(
            "OTEL_TRACES_EXPORTER",
            known: makers.map(\.key).filter { $0 != "logging" },
            default: [otlp(reader)],
            shownAs: "otlp"
        ) { word in makers.first { $0.key == word }?.value() }
    }

    /// OTLP by `OTEL_EXPORTER_OTLP_[TRACES_]PROTOCOL`.
    private static func otlp(_ reader: EnvironmentReader) -> ExporterConfiguration {
        let dialect = OTLPEnvironment.dialect(reader)
        return dialect == .grpc
            ? .otlpGRPC(OTLPGRPCExporterConfiguration(reader))
            : .otlpHTTP(OTLPHTTPExporterConfiguration(reader, dialect: dialect))
    }

    /// A file that cannot be opened must not keep the program from starting.
    private static func file(_ reader: EnvironmentReader) -> ExporterConfiguration {
        let configuration = FileExporterConfiguration(reader)
        do throws(TracingConfigurationError) {
            _ = try FileSpanExporter(configuration: configuration)
            return .file(configuration)
        } catch {
            reader.warn(FileExporterConfiguration.pathVariable, error.message, instead: "standard output is used")
            return .console(ConsoleExporterConfiguration(format: .jsonLines))
        }
    }

    /// Jaeger by `OTEL_EXPORTER_JAEGER_PROTOCOL`.
    private static func jaeger(_ reader: EnvironmentReader) -> ExporterConfiguration {
        switch JaegerEnvironment.dialect(reader) {
        case .grpc: .jaegerGRPC(JaegerGRPCExporterConfiguration(reader))
        case .thriftHTTP: .jaegerHTTP(JaegerHTTPExporterConfiguration(reader))
        case .thriftUDPCompact: .jaegerUDP(JaegerUDPExporterConfiguration(reader))
        }
    }
}
