import Logging
import NeedletailTracing
import Testing
import TraceModel

/// One variable: what a good value does, and values that cannot be used.
struct VariableCase: Sendable, CustomTestStringConvertible {
    var name: String
    var good: String
    /// What is read from the configuration with the good value.
    var expected: String
    var bad: [String]
    /// Variables without which this one is not looked at.
    var others: [String: String] = [:]
    var isSecret = false
    var read: @Sendable (TracingConfiguration) -> String

    var testDescription: String { name }
}

private let grpc = ["OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"]
private let zipkin = ["OTEL_TRACES_EXPORTER": "zipkin"]
private func jaeger(_ transport: String) -> [String: String] {
    ["OTEL_TRACES_EXPORTER": "jaeger", "OTEL_EXPORTER_JAEGER_PROTOCOL": transport]
}

/// Numbers of the usual kinds that are none.
private let noNumbers = ["-1", "1.5", "ten", "5 s", "5ms", "0x10", "99999999999999999999", "1,000"]
private let noMilliseconds = noNumbers + ["10s"]
private let noEndpoints = ["ftp://x", "http://", "http://host:port", "http://host:99999", "http://a b/", "http://user:geheim@host:1/"]

private let generalCases: [VariableCase] = [
    VariableCase(name: "OTEL_SDK_DISABLED", good: " True ", expected: "false", bad: ["yes", "1", "truee"]) { "\($0.isEnabled)" },
    VariableCase(name: "OTEL_LOG_LEVEL", good: "ERROR", expected: "error", bad: ["loud", "5"]) { "\($0.logger.logLevel)" },
    VariableCase(name: "OTEL_SERVICE_NAME", good: "shop", expected: "shop", bad: []) { $0.resource.serviceName },
    VariableCase(
        name: "OTEL_RESOURCE_ATTRIBUTES", good: "team=a%2Cb", expected: "string(\"a,b\")", bad: ["team", "team=a,=b", "team=%zz"], isSecret: true
    ) { "\($0.resource.attributes["team"].text)" },
    VariableCase(
        name: "OTEL_SWIFT_RESOURCE_DETECTORS", good: "none", expected: "nil nil", bad: ["cloud"]
    ) { "\($0.resource.attributes["process.pid"].map { _ in 1 }.text) \($0.resource.attributes["service.instance.id"].map { _ in 1 }.text)" },
    VariableCase(
        name: "OTEL_PROPAGATORS", good: "b3multi, Jaeger,b3multi,xray,ottrace,b3,tracecontext,baggage",
        expected: "B3Propagator JaegerPropagator XRayPropagator OTTracePropagator B3Propagator W3CTraceContextPropagator W3CBaggagePropagator",
        bad: ["w3c", ",", "datadog,w3c"]
    ) { $0.propagators.map { "\(type(of: $0))" }.joined(separator: " ") },
    VariableCase(
        name: "OTEL_TRACES_SAMPLER", good: "ALWAYS_OFF", expected: "AlwaysOffSampler", bad: ["sometimes", "0.5", "xray"]
    ) { $0.sampler.description },
    VariableCase(
        name: "OTEL_TRACES_SAMPLER_ARG", good: " 0.25 ", expected: "TraceIdRatioBased{0.25}", bad: ["1.1", "-0.1", "nan", "0x0.8", "25%", "half"],
        others: ["OTEL_TRACES_SAMPLER": "traceidratio"]
    ) { $0.sampler.description },
    VariableCase(name: "OTEL_SWIFT_EXCLUDED_URLS", good: "livez, /docs$", expected: "livez|/docs$", bad: ["(", "a*"]) {
        $0.excludedURLs.patterns.joined(separator: "|")
    },
    VariableCase(name: "OTEL_BSP_SCHEDULE_DELAY", good: " 250 ", expected: "0.25 seconds", bad: noMilliseconds) { "\($0.batch.scheduleDelay)" },
    VariableCase(name: "OTEL_BSP_EXPORT_TIMEOUT", good: "0", expected: "0.0 seconds", bad: noMilliseconds) { "\($0.batch.exportTimeout)" },
    VariableCase(name: "OTEL_BSP_MAX_QUEUE_SIZE", good: "5000", expected: "5000", bad: noNumbers + ["0"]) { "\($0.batch.maxQueueSize)" },
    VariableCase(name: "OTEL_BSP_MAX_EXPORT_BATCH_SIZE", good: "100", expected: "100", bad: noNumbers + ["0", "2049"]) {
        "\($0.batch.maxExportBatchSize)"
    },
    VariableCase(name: "OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT", good: "10", expected: "10", bad: noNumbers) { $0.limits.attributeValueLength.text },
    VariableCase(name: "OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT", good: "0", expected: "0", bad: noNumbers) {
        $0.limits.attributeValueLength.text
    },
    VariableCase(name: "OTEL_ATTRIBUTE_COUNT_LIMIT", good: "7", expected: "7 7 7", bad: noNumbers) {
        "\($0.limits.attributeCount) \($0.limits.attributeCountPerEvent) \($0.limits.attributeCountPerLink)"
    },
    VariableCase(name: "OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT", good: "7", expected: "7", bad: noNumbers) { "\($0.limits.attributeCount)" },
    VariableCase(name: "OTEL_SPAN_EVENT_COUNT_LIMIT", good: "7", expected: "7", bad: noNumbers) { "\($0.limits.eventCount)" },
    VariableCase(name: "OTEL_SPAN_LINK_COUNT_LIMIT", good: "7", expected: "7", bad: noNumbers) { "\($0.limits.linkCount)" },
    VariableCase(name: "OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT", good: "7", expected: "7", bad: noNumbers) { "\($0.limits.attributeCountPerEvent)" },
    VariableCase(name: "OTEL_LINK_ATTRIBUTE_COUNT_LIMIT", good: "7", expected: "7", bad: noNumbers) { "\($0.limits.attributeCountPerLink)" },
    VariableCase(name: "OTEL_TRACES_EXPORTER", good: "Zipkin, otlp,zipkin", expected: "zipkin otlpHTTP", bad: ["otel", "prometheus,otel", " , "]) {
        $0.exporters.map(\.kind).joined(separator: " ")
    },
]

private let otlpCases: [VariableCase] = ["OTEL_EXPORTER_OTLP_", "OTEL_EXPORTER_OTLP_TRACES_"].flatMap { prefix -> [VariableCase] in
    let isGeneral = !prefix.hasSuffix("TRACES_")
    return [
        VariableCase(name: prefix + "PROTOCOL", good: "GRPC", expected: "otlpGRPC", bad: ["http", "protobuf", "morse"]) { $0.exporters[0].kind },
        VariableCase(
            name: prefix + "ENDPOINT", good: "https://collector:4318/base?a=b",
            expected: isGeneral ? "https://collector:4318/base/v1/traces?a=b" : "https://collector:4318/base?a=b", bad: noEndpoints
        ) { $0.otlp?.endpoint ?? "" },
        VariableCase(
            name: prefix + "ENDPOINT", good: "collector:4317", expected: "collector:4317", bad: noEndpoints, others: grpc
        ) { $0.otlpGRPC?.endpoint ?? "" },
        VariableCase(name: prefix + "INSECURE", good: "true", expected: "true", bad: ["yes"], others: grpc) { "\(($0.otlpGRPC?.isInsecure).text)" },
        VariableCase(
            name: prefix + "HEADERS", good: "Api-Key=a%20b,x=", expected: "api-key=a b x=", bad: ["geheim", "a=geheim,=b", "a b=geheim", "a=geheim%0A"],
            isSecret: true
        ) { ($0.otlp?.headers ?? [:]).sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }.joined(separator: " ") },
        VariableCase(name: prefix + "HEADERS", good: "a=b", expected: "b", bad: ["geheim"], others: grpc, isSecret: true) {
            ($0.otlpGRPC?.headers["a"]).text
        },
        VariableCase(name: prefix + "TIMEOUT", good: "0", expected: "0.0 seconds", bad: noMilliseconds) { ($0.otlp?.timeout).text },
        VariableCase(name: prefix + "COMPRESSION", good: "zstd", expected: "zstd", bad: ["brotli", "gzip;q=1"]) { ($0.otlp?.compression).text },
        VariableCase(name: prefix + "COMPRESSION", good: "gzip", expected: "gzip", bad: ["zstd"], others: grpc) { ($0.otlpGRPC?.compression).text },
        VariableCase(
            name: prefix + "CERTIFICATE", good: "", expected: "nil", bad: ["/nonexistent/ca.pem", "/etc", "/etc/passwd", "-----BEGIN CERTIFICATE-----"]
        ) { ($0.otlp?.tls.certificateFile).text },
        VariableCase(name: prefix + "CLIENT_KEY", good: "", expected: "nil", bad: ["/nonexistent/key.pem", "/etc/passwd"]) {
            ($0.otlp?.tls.clientKeyFile).text
        },
        VariableCase(name: prefix + "CLIENT_CERTIFICATE", good: "", expected: "nil", bad: ["/nonexistent/cert.pem"]) {
            ($0.otlp?.tls.clientCertificateFile).text
        },
    ]
}

private let otherCases: [VariableCase] = [
    VariableCase(
        name: "OTEL_EXPORTER_ZIPKIN_ENDPOINT", good: "http://z:1/api/v2/spans", expected: "http://z:1/api/v2/spans", bad: noEndpoints, others: zipkin
    ) { $0.exporters[0].zipkin?.endpoint ?? "" },
    VariableCase(name: "OTEL_EXPORTER_ZIPKIN_TIMEOUT", good: "5", expected: "0.005 seconds", bad: noMilliseconds, others: zipkin) {
        ($0.exporters[0].zipkin?.timeout).text
    },
    VariableCase(
        name: "OTEL_EXPORTER_JAEGER_PROTOCOL", good: "udp/thrift.compact", expected: "jaegerUDP", bad: ["thrift", "http/thrift.json"],
        others: ["OTEL_TRACES_EXPORTER": "jaeger"]
    ) { $0.exporters[0].kind },
    VariableCase(
        name: "OTEL_EXPORTER_JAEGER_AGENT_HOST", good: "agent", expected: "agent", bad: ["a b", "http://agent"], others: jaeger("udp/thrift.compact")
    ) { ($0.exporters[0].jaegerUDP?.host).text },
    VariableCase(
        name: "OTEL_EXPORTER_JAEGER_AGENT_PORT", good: "7", expected: "7", bad: ["0", "65536", "udp"], others: jaeger("udp/thrift.compact")
    ) { ($0.exporters[0].jaegerUDP?.port).text },
    VariableCase(
        name: "OTEL_EXPORTER_JAEGER_ENDPOINT", good: "https://j/api/traces", expected: "https://j/api/traces", bad: noEndpoints,
        others: jaeger("http/thrift.binary")
    ) { ($0.exporters[0].jaegerHTTP?.endpoint).text },
    VariableCase(
        name: "OTEL_EXPORTER_JAEGER_ENDPOINT", good: "j:1", expected: "j:1", bad: noEndpoints, others: jaeger("grpc")
    ) { ($0.exporters[0].jaegerGRPC?.endpoint).text },
    VariableCase(name: "OTEL_EXPORTER_JAEGER_INSECURE", good: "TRUE", expected: "true", bad: ["1"], others: jaeger("grpc")) {
        ($0.exporters[0].jaegerGRPC?.isInsecure).text
    },
    VariableCase(
        name: "OTEL_EXPORTER_JAEGER_TIMEOUT", good: "1", expected: "0.001 seconds", bad: noMilliseconds, others: jaeger("http/thrift.binary")
    ) { ($0.exporters[0].jaegerHTTP?.timeout).text },
    VariableCase(name: "OTEL_EXPORTER_JAEGER_USER", good: "me", expected: "me", bad: [], others: jaeger("http/thrift.binary")) {
        ($0.exporters[0].jaegerHTTP?.user).text
    },
    VariableCase(name: "OTEL_EXPORTER_JAEGER_PASSWORD", good: " x ", expected: " x ", bad: [], others: jaeger("http/thrift.binary")) {
        ($0.exporters[0].jaegerHTTP?.password).text
    },
    VariableCase(
        name: "OTEL_EXPORTER_JAEGER_CERTIFICATE", good: "", expected: "nil", bad: ["/nonexistent"], others: jaeger("grpc")
    ) { ($0.exporters[0].jaegerGRPC?.tls.certificateFile).text },
]

@Suite("Every environment variable")
struct EnvironmentTableTests {
    static let cases = generalCases + otlpCases + otherCases

    @Test("A good value counts, an empty or blank one is not set", arguments: cases)
    func good(variable: VariableCase) {
        let log = LogRecorder()
        let usual = variable.read(TracingConfiguration(environment: variable.others, logger: log.logger))
        let set = TracingConfiguration(environment: variable.others.merging([variable.name: variable.good]) { $1 }, logger: log.logger)
        #expect(variable.read(set) == variable.expected)
        for empty in ["", " "] {
            let configuration = TracingConfiguration(environment: variable.others.merging([variable.name: empty]) { $1 }, logger: log.logger)
            #expect(variable.read(configuration) == usual)
        }
        #expect(log.messages.isEmpty)
    }

    @Test("A bad value is named in one warning, with what is expected and used instead, and counts as not set", arguments: cases)
    func bad(variable: VariableCase) {
        let usual = variable.read(TracingConfiguration(environment: variable.others, logger: LogRecorder().logger))
        for value in variable.bad {
            let log = LogRecorder()
            let configuration = TracingConfiguration(environment: variable.others.merging([variable.name: value]) { $1 }, logger: log.logger)
            #expect(variable.read(configuration) == usual, "\(value)")
            #expect(log.messages.count == 1, "\(value)")
            let message = log.messages.first ?? ""
            #expect(message.hasPrefix("\(variable.name) is ignored: "))
            // What happens now is the last clause.
            #expect(message.contains("; ") && message.contains(" used") || message.contains("excluded") || message.contains("no ") || message.contains("trusted"))
            #expect(!message.contains("geheim"), "a secret is told: \(message)")
            if variable.isSecret { #expect(!message.contains(value)) }
        }
    }
}

extension Optional {
    /// The value as text, or `nil`.
    var text: String { map { "\($0)" } ?? "nil" }
}

extension TracingConfiguration {
    /// The settings of the only exporter, if that is OTLP over gRPC.
    var otlpGRPC: OTLPGRPCExporterConfiguration? {
        if exporters.count == 1, case .otlpGRPC(let configuration) = exporters[0] { configuration } else { nil }
    }
}

extension ExporterConfiguration {
    var zipkin: ZipkinExporterConfiguration? { if case .zipkin(let configuration) = self { configuration } else { nil } }
    var jaegerUDP: JaegerUDPExporterConfiguration? { if case .jaegerUDP(let configuration) = self { configuration } else { nil } }
    var jaegerHTTP: JaegerHTTPExporterConfiguration? { if case .jaegerHTTP(let configuration) = self { configuration } else { nil } }
    var jaegerGRPC: JaegerGRPCExporterConfiguration? { if case .jaegerGRPC(let configuration) = self { configuration } else { nil } }

    /// The name of the case.
    var kind: String {
        switch self {
        case .otlpHTTP: "otlpHTTP"
        case .otlpGRPC: "otlpGRPC"
        case .zipkin: "zipkin"
        case .jaegerUDP: "jaegerUDP"
        case .jaegerHTTP: "jaegerHTTP"
        case .jaegerGRPC: "jaegerGRPC"
        case .console: "console"
        case .file: "file"
        case .custom: "custom"
        case .batched(let exporter, _): "batched \(exporter.kind)"
        }
    }
}
