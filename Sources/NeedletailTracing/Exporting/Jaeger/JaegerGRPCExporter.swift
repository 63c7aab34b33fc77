public import TraceModel

public struct JaegerGRPCExporter: SpanExporter {
    public init(configuration: JaegerGRPCExporterConfiguration = JaegerGRPCExporterConfiguration()) throws(TracingConfigurationError) {}
    public func export(_ batch: SpanBatch) async throws -> SpanExportResult { throw SpanExportError(code: .refused, message: "not built yet") }
    public func shutdown() async {}
}
