import Logging
@testable import NeedletailTracing
import Testing
import TraceModel

@Suite("OpenTelemetry declarative configuration files")
struct DeclarativeConfigurationTests {
    private func configuration(
        _ text: String,
        attributes: [Attribute] = [],
        environment: [String: String] = [:],
        log: LogRecorder = LogRecorder()
    ) throws -> TracingConfiguration {
        try TracingConfiguration(
            declarative: try YAMLDocument(text: text, file: "otel.yaml"),
            attributes: attributes,
            environment: environment,
            logger: log.logger
        )
    }

    /// The lines of the error for a file with these lines after `file_format`.
    private func mistakes(_ text: String, environment: [String: String] = [:]) -> [String] {
        do {
            _ = try configuration(text, environment: environment)
            return []
        } catch let error as TracingConfigurationError {
            #expect(error.code == .invalidFile)
            return error.message.split(separator: "\n").map(String.init)
        } catch {
            return ["\(error)"]
        }
    }

    @Test("A whole file")
    func everything() throws {
        let log = LogRecorder()
        let configuration = try configuration(
            """
            file_format: "1.0"
            disabled: false
            log_level: warn
            attribute_limits:
              attribute_value_length_limit: 4096
              attribute_count_limit: 64
            resource:
              schema_url: https://opentelemetry.io/schemas/1.30.0
              attributes:
                - name: service.name
                  value: ${NAME:-shop}
                - name: shard
                  value: 7
                  type: int
                - name: zones
                  value: [a, b]
                  type: string_array
              attributes_list: "service.name=loser,team=a%2Cb"
            propagator:
              composite:
                - tracecontext:
                - b3multi:
              composite_list: "baggage, tracecontext"
            tracer_provider:
              processors:
                - batch:
                    schedule_delay: 500
                    export_timeout: 2000
                    max_queue_size: 100
                    max_export_batch_size: 10
                    exporter:
                      otlp_http:
                        endpoint: http://${HOST}:4318/v1/traces
                        compression: gzip
                        encoding: json
                        timeout: 3000
                        headers:
                          - name: Api-Key
                            value: ${KEY}
                        headers_list: "api-key=loser,x=1"
                - batch:
                    exporter:
                      otlp_grpc:
                        endpoint: collector:4317
                        tls:
                          insecure: true
                - batch:
                    exporter:
                      zipkin:
                        endpoint: http://zipkin:9411/api/v2/spans
                        timeout: 1
                - simple:
                    exporter:
                      console:
              limits:
                attribute_count_limit: 32
                event_count_limit: 5
              sampler:
                parent_based:
                  root:
                    trace_id_ratio_based:
                      ratio: 0.25
                  remote_parent_sampled:
                    always_off:
            meter_provider:
              readers: whatever
            """,
            environment: ["HOST": "collector", "KEY": "geheim", "OTEL_TRACES_EXPORTER": "none", "OTEL_SERVICE_NAME": "ignored"],
            log: log
        )
        #expect(configuration.isEnabled)
        #expect(configuration.logger.logLevel == .warning)
        #expect(configuration.resource.serviceName == "shop")
        #expect(configuration.resource.attributes["shard"] == 7)
        #expect(configuration.resource.attributes["zones"] == .array(["a", "b"]))
        #expect(configuration.resource.attributes["team"] == "a,b")
        #expect(configuration.resource.attributes["telemetry.sdk.language"] == "swift")
        #expect(configuration.resource.attributes["process.pid"] == nil)
        #expect(configuration.resourceSchemaURL == "https://opentelemetry.io/schemas/1.30.0")
        #expect(configuration.propagators.map { "\(type(of: $0))" } == ["W3CTraceContextPropagator", "B3Propagator", "W3CBaggagePropagator"])
        #expect(configuration.limits.attributeValueLength == 4096)
        #expect(configuration.limits.attributeCount == 32)
        #expect(configuration.limits.attributeCountPerEvent == 64)
        #expect(configuration.limits.eventCount == 5)
        #expect(configuration.sampler.description.contains("TraceIdRatioBased{0.25}"))
        #expect((configuration.sampler as? ParentBasedSampler)?.remoteParentSampled is AlwaysOffSampler)
        #expect(configuration.exporters.map(\.kind) == ["batched otlpHTTP", "batched otlpGRPC", "batched zipkin", "batched console"])
        guard case .batched(.otlpHTTP(let http), let batch) = configuration.exporters[0],
            case .batched(.otlpGRPC(let grpc), let usual) = configuration.exporters[1]
        else {
            Issue.record("other exporters")
            return
        }
        #expect(http.endpoint == "http://collector:4318/v1/traces")
        #expect(http.encoding == .json)
        #expect(http.compression == .gzip)
        #expect(http.timeout == .seconds(3))
        #expect(http.headers == ["api-key": "geheim", "x": "1"])
        #expect(batch.scheduleDelay == .milliseconds(500))
        #expect(batch.exportTimeout == .seconds(2))
        #expect(batch.maxQueueSize == 100)
        #expect(batch.maxExportBatchSize == 10)
        #expect(grpc.endpoint == "collector:4317")
        #expect(grpc.isInsecure)
        #expect(usual == BatchSpanProcessorConfiguration())
        #expect(log.messages.isEmpty)
        // Everything it names can be built, so that each part gets its spans.
        #expect(try configuration.makeSystem().processors.count == 4)
    }

    @Test("Unknown keys, wrong types and impossible values are all told with their lines")
    func allMistakes() {
        let lines = mistakes(
            """
            file_format: "2.0"
            tracer_provider:
              processors:
                - batch:
                    schedule_dely: 5
                    max_queue_size: many
                    exporter:
                      otlp_http:
                        endpoint: ftp://x
                        headers: {a: b}
                - simple: {}
                - batch: {exporter: {otlp_http: {}, console: {}}}
              sampler:
                trace_id_ratio_based:
                  ratio: 2
            propagator:
              composite: [w3c]
            resource:
              attributes:
                - value: x
            """
        )
        let expected = [
            (1, "2.0"), (5, "schedule_dely"), (6, "max_queue_size"), (9, "ftp"), (10, "headers"), (11, "has no exporter"), (12, "2 keys"), (15, "ratio"),
            (17, "w3c"), (20, "has no name"),
        ]
        for (line, text) in expected {
            #expect(lines.contains { $0.hasPrefix("otel.yaml:\(line): ") && $0.contains(text) }, "line \(line): \(text)")
        }
        #expect(lines.count == expected.count, "\(lines.joined(separator: "\n"))")
    }

    @Test("A secret is not told, even where its place is wrong")
    func secret() {
        let lines = mistakes(
            """
            file_format: "1.0"
            tracer_provider:
              processors:
                - batch: {exporter: {otlp_http: {headers: [{name: "a b", value: geheim}], headers_list: geheim}}}
            """
        )
        #expect(!lines.isEmpty)
        #expect(!lines.joined().contains("geheim"))
    }

    @Test("An empty file and one without a format are named")
    func formats() {
        #expect(mistakes("").count == 1)
        #expect(mistakes("disabled: true").contains { $0.contains("file_format is missing") })
        for format in ["\"0.3\"", "0.4", "1.0", "\"1.0-rc.2\""] { #expect(mistakes("file_format: \(format)\ntracer_provider: {}").isEmpty) }
    }

    @Test("A file that names no tracer provider traces nothing, and that is said")
    func noProvider() throws {
        let log = LogRecorder()
        let configuration = try configuration("file_format: \"1.0\"", log: log)
        #expect(!configuration.isEnabled)
        #expect(configuration.exporters.isEmpty)
        #expect(log.messages.count == 1)
        #expect(try configuration.makeSystem().processors.isEmpty)
    }

    @Test("Code wins over the file, detectors are run when the file names them")
    func resource() throws {
        let configuration = try configuration(
            """
            file_format: "1.0"
            resource:
              attributes: [{name: service.name, value: file}]
              detection/development:
                attributes: {included: ["process.*", "service.*"], excluded: ["process.ow?er"]}
                detectors: [process: , host: , service: ]
            tracer_provider: {}
            """,
            attributes: [Attribute("service.name", "code")]
        )
        #expect(configuration.resource.serviceName == "code")
        #expect(configuration.resource.attributes["process.pid"] != nil)
        #expect(configuration.resource.attributes["process.owner"] == nil)
        #expect(configuration.resource.attributes["host.name"] == nil)
        #expect(configuration.resource.attributes["service.instance.id"] != nil)
    }

    @Test(
        "References to the environment are put in",
        arguments: [
            ("${SET}", "value"), ("${env:SET}", "value"), ("a ${SET} b ${SET}", "a value b value"), ("${UNSET:-fallback}", "fallback"),
            ("${EMPTY:-fallback}", "fallback"), ("[${UNSET}]", "[]"), ("$${SET}", "${SET}"), ("${NESTED}", "${SET}"), ("5 $ and $x", "5 $ and $x"),
            ("${UNSET:-}", ""), ("$$$$", "$$"),
        ]
    )
    func substitution(text: String, expected: String) {
        let substitution = EnvironmentSubstitution(environment: ["SET": "value", "EMPTY": "", "NESTED": "${SET}"])
        #expect(substitution.apply(to: text) { Issue.record("\($0)") } == expected)
    }

    @Test("A reference that is none is a mistake", arguments: ["${1X}", "${A B}", "${X:?no}", "${}", "${UNCLOSED"])
    func badReference(text: String) {
        let lines = mistakes("file_format: \"1.0\"\nresource: {schema_url: \"\(text)\"}\ntracer_provider: {}")
        #expect(lines.count == 1)
        #expect(lines.first?.hasPrefix("otel.yaml:2: ") == true)
    }

    @Test("OTEL_CONFIG_FILE replaces all other variables; a missing file is an error")
    func configFile() throws {
        let folder = TemporaryFolder()
        folder.store("file_format: \"1.0\"\ntracer_provider:\n  sampler: {always_off: }\n", to: "otel.yaml")
        let environment = ["OTEL_CONFIG_FILE": folder.path + "/otel.yaml", "OTEL_TRACES_SAMPLER": "always_on", "OTEL_SERVICE_NAME": "environment"]
        let configuration = try TracingConfiguration.load(serviceName: "shop", environment: environment, logger: LogRecorder().logger)
        #expect(configuration.sampler is AlwaysOffSampler)
        #expect(configuration.resource.serviceName == "shop")
        #expect(throws: TracingConfigurationError.self) {
            try TracingConfiguration.load(environment: ["OTEL_CONFIG_FILE": folder.path + "/missing.yaml"])
        }
        #expect(try TracingConfiguration.load(serviceName: "shop", environment: ["OTEL_SERVICE_NAME": "environment"]).resource.serviceName == "shop")
        #expect(try TracingConfiguration.load(environment: ["OTEL_SERVICE_NAME": "environment"]).resource.serviceName == "environment")
    }
}
