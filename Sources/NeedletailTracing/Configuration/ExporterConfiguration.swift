/// Where spans go: the settings of one exporter.
public indirect enum ExporterConfiguration: Sendable {
    case otlpHTTP(OTLPHTTPExporterConfiguration)
    case otlpGRPC(OTLPGRPCExporterConfiguration)
    case zipkin(ZipkinExporterConfiguration)
    /// Thrift compact over UDP, to an agent or a collector.
    case jaegerUDP(JaegerUDPExporterConfiguration)
    /// Thrift binary over HTTP, to a collector.
    case jaegerHTTP(JaegerHTTPExporterConfiguration)
    case jaegerGRPC(JaegerGRPCExporterConfiguration)
    case console(ConsoleExporterConfiguration)
    case file(FileExporterConfiguration)
    /// An exporter of the program's own.
    case custom(any SpanExporter)
    /// An exporter with a queue and batches of its own measure.
    case batched(ExporterConfiguration, BatchSpanProcessorConfiguration)

    /// Each span leaves as soon as it has ended, one after the other: the specification's "simple" processor.
    public static func simple(_ exporter: ExporterConfiguration) -> ExporterConfiguration {
        .batched(exporter, BatchSpanProcessorConfiguration(maxExportBatchSize: 1, maxConcurrentExports: 1))
    }

    /// How the spans are collected; to a console each goes at once.
    func batch(otherwise shared: BatchSpanProcessorConfiguration) -> BatchSpanProcessorConfiguration {
        switch self {
        case .batched(_, let own): return own
        case .console:
            var batch = shared
            batch.maxExportBatchSize = 1
            batch.maxConcurrentExports = 1
            return batch
        default: return shared
        }
    }

    /// - Throws: ``TracingConfigurationError`` for a setting that cannot be used.
    func makeExporter() throws(TracingConfigurationError) -> any SpanExporter {
        switch self {
        case .otlpHTTP(let configuration): try OTLPHTTPExporter(configuration: configuration)
        case .otlpGRPC(let configuration): try OTLPGRPCExporter(configuration: configuration)
        case .zipkin(let configuration): try ZipkinExporter(configuration: configuration)
        case .jaegerUDP(let configuration): try JaegerUDPExporter(configuration: configuration)
        case .jaegerHTTP(let configuration): try JaegerHTTPExporter(configuration: configuration)
        case .jaegerGRPC(let configuration): try JaegerGRPCExporter(configuration: configuration)
        case .console(let configuration): ConsoleSpanExporter(configuration: configuration)
        case .file(let configuration): try FileSpanExporter(configuration: configuration)
        case .custom(let exporter): exporter
        case .batched(let exporter, _): try exporter.makeExporter()
        }
    }
}
