/// A way in which spans come in; the raw value is its name in the back end's counters.
public enum SpanProtocol: String, Hashable, Sendable, CaseIterable {
    case otlpHTTP = "otlp-http"
    case otlpGRPC = "otlp-grpc"
    case zipkin
    case jaegerCompact = "jaeger-compact"
    case jaegerBinary = "jaeger-binary"
    case jaegerHTTP = "jaeger-http"
    case jaegerGRPC = "jaeger-grpc"
    /// Files, over the page or by the terminal's `import`.
    case file

    /// An answer can say that some spans of a request were refused and the others stored.
    var reportsPartialSuccess: Bool {
        switch self {
        case .otlpHTTP, .otlpGRPC, .file: true
        case .zipkin, .jaegerCompact, .jaegerBinary, .jaegerHTTP, .jaegerGRPC: false
        }
    }

    /// The labels `receiver` and `transport` of the OpenTelemetry Collector's metrics.
    var collectorLabels: (receiver: String, transport: String) {
        switch self {
        case .otlpHTTP: ("otlp", "http")
        case .otlpGRPC: ("otlp", "grpc")
        case .zipkin: ("zipkin", "http")
        case .jaegerCompact: ("jaeger", "udp_thrift_compact")
        case .jaegerBinary: ("jaeger", "udp_thrift_binary")
        case .jaegerHTTP: ("jaeger", "collector_http_trace")
        case .jaegerGRPC: ("jaeger", "grpc")
        case .file: ("file", "file")
        }
    }

    /// The labels `format` and `transport` of Jaeger's metrics; `nil` for what its collector does not take itself.
    var jaegerLabels: (format: String, transport: String)? {
        switch self {
        case .otlpHTTP: ("otlp", "http")
        case .otlpGRPC: ("otlp", "grpc")
        case .zipkin: ("zipkin", "http")
        case .jaegerHTTP: ("jaeger", "http")
        case .jaegerGRPC: ("proto", "grpc")
        case .jaegerCompact, .jaegerBinary, .file: nil
        }
    }
}
