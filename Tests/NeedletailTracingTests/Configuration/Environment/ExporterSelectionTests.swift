import NeedletailTracing
import Testing
import TraceModel

@Suite("Exporters, samplers and propagators by the environment")
struct ExporterSelectionTests {
    @Test(
        "OTEL_TRACES_EXPORTER is a list, each exporter counted once",
        arguments: [
            ("otlp", "otlpHTTP"), ("console", "console"), ("logging", "console"), ("otlp/stdout", "console"), ("none", ""),
            ("jaeger", "jaegerHTTP"), (" OTLP , console,, otlp", "otlpHTTP console"), ("zipkin,jaeger,otlp", "zipkin jaegerHTTP otlpHTTP"),
        ]
    )
    func list(value: String, expected: String) {
        let log = LogRecorder()
        let exporters = ExporterConfiguration.list(environment: ["OTEL_TRACES_EXPORTER": value], logger: log.logger)
        #expect(exporters.map(\.kind).joined(separator: " ") == expected)
        #expect(log.messages.isEmpty)
    }

    @Test("What is not known in a list is left out, with one warning", arguments: ["otlp,promtheus", "none,otlp", "x,otlp,y,none"])
    func partlyUnknown(value: String) {
        let log = LogRecorder()
        let exporters = ExporterConfiguration.list(environment: ["OTEL_TRACES_EXPORTER": value], logger: log.logger)
        #expect(exporters.map(\.kind) == ["otlpHTTP"])
        #expect(log.messages.count == 1)
        #expect(log.messages[0].hasPrefix("OTEL_TRACES_EXPORTER is ignored in part: "))
    }

    @Test("The form for traces wins; where it is bad the general one is used, and that is said")
    func precedence() {
        let log = LogRecorder()
        let general = ["OTEL_EXPORTER_OTLP_TIMEOUT": "1000", "OTEL_EXPORTER_OTLP_HEADERS": "a=1", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://general:1"]
        var special = general.merging(["OTEL_EXPORTER_OTLP_TRACES_TIMEOUT": "2000", "OTEL_EXPORTER_OTLP_TRACES_HEADERS": "b=2"]) { $1 }
        #expect(TracingConfiguration(environment: special, logger: log.logger).otlp?.timeout == .seconds(2))
        #expect(TracingConfiguration(environment: special, logger: log.logger).otlp?.headers == ["b": "2"])
        #expect(log.messages.isEmpty)
        special["OTEL_EXPORTER_OTLP_TRACES_TIMEOUT"] = "soon"
        #expect(TracingConfiguration(environment: special, logger: log.logger).otlp?.timeout == .seconds(1))
        #expect(log.messages.count == 1)
        #expect(log.messages[0].contains("OTEL_EXPORTER_OTLP_TIMEOUT is used"))
    }

    @Test(
        "The general endpoint is a base, whether it ends in a slash or not",
        arguments: [("http://h:1", "http://h:1/v1/traces"), ("http://h:1/", "http://h:1/v1/traces"), ("h:1/a", "http://h:1/a/v1/traces")]
    )
    func base(value: String, expected: String) {
        #expect(TracingConfiguration(environment: ["OTEL_EXPORTER_OTLP_ENDPOINT": value]).otlp?.endpoint == expected)
    }

    @Test("A Jaeger agent without a protocol means UDP, an endpoint means HTTP")
    func jaegerDefaults() {
        func kind(_ environment: [String: String]) -> [String] {
            ExporterConfiguration.list(environment: environment.merging(["OTEL_TRACES_EXPORTER": "jaeger"]) { $1 }).map(\.kind)
        }
        #expect(kind(["OTEL_EXPORTER_JAEGER_AGENT_HOST": "agent"]) == ["jaegerUDP"])
        #expect(kind(["OTEL_EXPORTER_JAEGER_AGENT_HOST": "agent", "OTEL_EXPORTER_JAEGER_ENDPOINT": "http://j"]) == ["jaegerHTTP"])
    }

    @Test("A file goes where the variable says; one that cannot be opened does not keep the program from starting")
    func file() {
        let log = LogRecorder()
        let folder = TemporaryFolder()
        var environment = ["OTEL_TRACES_EXPORTER": "file", "OTEL_SWIFT_EXPORTER_FILE_PATH": folder.path + "/spans.jsonl"]
        guard case .file(let configuration) = TracingConfiguration(environment: environment, logger: log.logger).exporters[0] else {
            Issue.record("no file exporter")
            return
        }
        #expect(configuration.path == folder.path + "/spans.jsonl")
        #expect(log.messages.isEmpty)
        environment["OTEL_SWIFT_EXPORTER_FILE_PATH"] = folder.path + "/missing/spans.jsonl"
        #expect(TracingConfiguration(environment: environment, logger: log.logger).exporters.map(\.kind) == ["console"])
        #expect(log.messages.count == 1)
    }

    @Test("A general limit that is bad is complained of once, though three settings look at it")
    func oneComplaint() {
        let log = LogRecorder()
        _ = TracingConfiguration(environment: ["OTEL_ATTRIBUTE_COUNT_LIMIT": "many"], logger: log.logger)
        #expect(log.messages.count == 1)
    }

    @Test("A small queue makes small batches without complaint")
    func smallQueue() {
        let log = LogRecorder()
        let configuration = TracingConfiguration(environment: ["OTEL_BSP_MAX_QUEUE_SIZE": "100"], logger: log.logger)
        #expect(configuration.batch.maxExportBatchSize == 100)
        #expect(log.messages.isEmpty)
    }

    @Test("No propagators, no exporters: none")
    func none() {
        let configuration = TracingConfiguration(environment: ["OTEL_PROPAGATORS": "none", "OTEL_TRACES_EXPORTER": "None"])
        #expect(configuration.propagators.isEmpty)
        #expect(configuration.exporters.isEmpty)
    }

    @Test("OTEL_LOG_LEVEL=none silences also the warnings about other variables")
    func silent() {
        let log = LogRecorder()
        _ = TracingConfiguration(environment: ["OTEL_LOG_LEVEL": "none", "OTEL_TRACES_SAMPLER": "x"], logger: log.logger)
        #expect(log.messages.isEmpty)
    }
}
