/// Names for metrics: `otel.component.type` of the semantic conventions where they have one.
extension SpanExporter {
    public var componentType: String { String(describing: type(of: self)) }
}

extension OTLPHTTPExporter {
    public var componentType: String { "otlp_http_span_exporter" }
}

extension OTLPGRPCExporter {
    public var componentType: String { "otlp_grpc_span_exporter" }
}

extension ZipkinExporter {
    public var componentType: String { "zipkin_http_span_exporter" }
}
