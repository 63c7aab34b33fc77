/// A way in which spans come in; the raw value is its name in the back end's counters.
public enum SpanProtocol: String, Hashable, Sendable, CaseIterable {
    case otlpHTTP = "otlp-http"
    case otlpGRPC = "otlp-grpc"
    case zipkin
    case jaegerCompact = "jaeger-compact"
    case jaegerBinary = "jaeger-binary"
    case jaegerHTTP = "jaeger-http"
    case jaegerGRPC = "jaeger-grpc"

    /// An answer can say that some spans of a request were refused and the others stored.
    var reportsPartialSuccess: Bool {
        switch self {
        case .otlpHTTP, .otlpGRPC: true
        case .zipkin, .jaegerCompact, .jaegerBinary, .jaegerHTTP, .jaegerGRPC: false
        }
    }
}
