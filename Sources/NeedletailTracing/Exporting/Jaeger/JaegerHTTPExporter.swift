public import TraceModel

public struct JaegerHTTPExporter: SpanExporter {
    public init(configuration: JaegerHTTPExporterConfiguration = JaegerHTTPExporterConfiguration()) throws(TracingConfigurationError) {}
    public func export(_ batch: SpanBatch) async throws -> SpanExportResult { throw SpanExportError(code: .refused, message: "not built yet") }
    public func shutdown() async {}
}
