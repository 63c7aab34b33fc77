public import TraceModel

public struct OTLPGRPCExporter: SpanExporter {
    public init(configuration: OTLPGRPCExporterConfiguration = OTLPGRPCExporterConfiguration()) throws(TracingConfigurationError) {}
    public func export(_ batch: SpanBatch) async throws -> SpanExportResult { throw SpanExportError(code: .refused, message: "not built yet") }
    public func shutdown() async {}
}
