/// What an exporter and its settings are called in messages to people.
struct ExporterNames: Hashable, Sendable {
    /// `OTLP`, `Zipkin`, `Jaeger`.
    let protocolName: String
    /// An endpoint as it should look.
    let endpointExample: String
    let endpoint: String
    let headers: String
    let timeout: String
    let certificate: String
    let clientCertificate: String
    let clientKey: String
    /// The setting that turns TLS off for an endpoint without scheme; `nil` over HTTP.
    let insecure: String?
    /// Where a user name and a password belong, which an endpoint cannot carry.
    let credentials: String
    /// What to look at when the receiver does not speak the protocol.
    let otherProtocol: String

    var isGRPC: Bool { insecure != nil }

    /// The exporter's `User-Agent` (OTLP specification, "User Agent").
    var userAgent: String { "OTel-\(protocolName)-Exporter-Swift/\(NeedletailTracingVersion.current)" }

    static let otlpHTTP = otlp(
        endpointExample: "http://localhost:4318/v1/traces",
        otherProtocol: "port 4317 usually speaks gRPC: use port 4318, or OTEL_EXPORTER_OTLP_PROTOCOL=grpc"
    )

    static let otlpGRPC = otlp(
        endpointExample: "http://localhost:4317",
        insecure: "OTEL_EXPORTER_OTLP_INSECURE=true",
        otherProtocol: "port 4318 usually speaks HTTP: use port 4317, or OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf"
    )

    static let zipkin = ExporterNames(
        protocolName: "Zipkin",
        endpointExample: ZipkinExporterConfiguration.defaultEndpoint,
        endpoint: "OTEL_EXPORTER_ZIPKIN_ENDPOINT",
        headers: "headers",
        timeout: "OTEL_EXPORTER_ZIPKIN_TIMEOUT",
        certificate: "tls.certificateFile",
        clientCertificate: "tls.clientCertificateFile",
        clientKey: "tls.clientKeyFile",
        insecure: nil,
        credentials: "an Authorization header (headers)",
        otherProtocol: "Zipkin's spans go to a path that ends in /api/v2/spans"
    )

    static let jaegerHTTP = jaeger(
        endpointExample: JaegerHTTPExporterConfiguration.defaultEndpoint,
        otherProtocol: "Jaeger takes Thrift over HTTP on port 14268, gRPC on port 14250"
    )

    static let jaegerGRPC = jaeger(
        endpointExample: JaegerGRPCExporterConfiguration.defaultEndpoint,
        insecure: "isInsecure",
        otherProtocol: "Jaeger takes gRPC on port 14250, Thrift over HTTP on port 14268"
    )

    /// Not of an exporter: of ``JaegerRemoteSampler``.
    static let jaegerSampling = jaeger(
        endpointExample: JaegerRemoteSamplerConfiguration.defaultEndpoint,
        endpoint: "endpoint= in OTEL_TRACES_SAMPLER_ARG",
        otherProtocol: "Jaeger answers sampling over HTTP on port 5778"
    )

    private static func otlp(endpointExample: String, insecure: String? = nil, otherProtocol: String) -> ExporterNames {
        ExporterNames(
            protocolName: "OTLP",
            endpointExample: endpointExample,
            endpoint: "OTEL_EXPORTER_OTLP_ENDPOINT",
            headers: "OTEL_EXPORTER_OTLP_HEADERS",
            timeout: "OTEL_EXPORTER_OTLP_TIMEOUT",
            certificate: "OTEL_EXPORTER_OTLP_CERTIFICATE",
            clientCertificate: "OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE",
            clientKey: "OTEL_EXPORTER_OTLP_CLIENT_KEY",
            insecure: insecure,
            credentials: "an Authorization header (OTEL_EXPORTER_OTLP_HEADERS)",
            otherProtocol: otherProtocol
        )
    }

    private static func jaeger(
        endpointExample: String,
        endpoint: String = "OTEL_EXPORTER_JAEGER_ENDPOINT",
        insecure: String? = nil,
        otherProtocol: String
    ) -> ExporterNames {
        ExporterNames(
            protocolName: "Jaeger",
            endpointExample: endpointExample,
            endpoint: endpoint,
            headers: "headers",
            timeout: "OTEL_EXPORTER_JAEGER_TIMEOUT",
            certificate: "OTEL_EXPORTER_JAEGER_CERTIFICATE",
            clientCertificate: "tls.clientCertificateFile",
            clientKey: "tls.clientKeyFile",
            insecure: insecure,
            credentials: "OTEL_EXPORTER_JAEGER_USER and OTEL_EXPORTER_JAEGER_PASSWORD",
            otherProtocol: otherProtocol
        )
    }
}
