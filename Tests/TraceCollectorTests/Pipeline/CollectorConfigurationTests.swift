import NeedletailTracing
import Testing
import TraceModel

@testable import TraceCollector

@Suite("traces.yaml")
struct CollectorConfigurationTests {
    private func messages(_ text: String, environment: [String: String] = [:]) -> [String] {
        do {
            _ = try CollectorConfiguration(text: text, environment: environment)
            return []
        } catch {
            return "\(error)".split(separator: "\n").map(String.init)
        }
    }

    @Test("A whole file is read")
    func whole() throws {
        let configuration = try CollectorConfiguration(
            text: """
                receivers:
                  otlp: {protocols: {grpc: {endpoint: "0.0.0.0:4317"}, http: }}
                  zipkin:
                processors:
                  memory_limiter: {check_interval: 1s, limit_mib: 400}
                  batch: {timeout: 1m30s, send_batch_size: 100}
                  attributes/model:
                    actions: [{key: model, action: upsert, value: 7}]
                exporters:
                  otlp: {endpoint: "${env:HOST:-localhost}:4317", tls: {insecure: true}, sending_queue: {storage: file_storage, queue_size: 5}}
                  otlphttp/backup: {endpoint: "http://${HOST}:4318/", compression: none, headers: {api-key: "${env:KEY}"}}
                connectors: {spanmetrics: }
                extensions: {file_storage: {directory: /tmp/x}}
                service:
                  extensions: [file_storage]
                  pipelines:
                    traces: {receivers: [otlp], processors: [memory_limiter, batch, attributes/model], exporters: [trace_store, otlp, spanmetrics]}
                    traces/zipkin: {receivers: [zipkin], exporters: [otlphttp/backup]}
                """,
            environment: ["HOST": "far.example", "KEY": "secret"]
        )
        #expect(configuration.pipelines.count == 2)
        #expect(configuration.storesSpans)
        #expect(configuration.forwardingExporters == ["otlp", "otlphttp/backup"])
        #expect(configuration.pipelines[0].processors.map(\.id.description) == ["memory_limiter", "batch", "attributes/model"])
        #expect(configuration.notices.count == 1)
        let id = try #require(ComponentID("otlphttp/backup"))
        let backup = try #require(configuration.exporters[id])
        guard case .otlpHTTP(let settings) = backup.kind else { throw ConditionFailure(description: "another kind") }
        #expect(settings.endpoint == "http://far.example:4318/v1/traces")
        #expect(settings.headers == ["api-key": "secret"])
        #expect(configuration.metricsGenerator?.serviceGraphs == nil)
        #expect(configuration.metricsGenerator?.spanMetrics != nil)
    }

    @Test("All mistakes are told at once, with line, place and what is known")
    func mistakes() {
        let found = messages(
            """
            exporters:
              kafka: {}
              otlp: {endpoint: localhost:1, tls: {insecure: true}, sending_que: 1}
            processors:
              batch: {timeout: soon}
              tail_sampling: {policies: [{name: a, type: latancy}]}
              filter: {traces: {span: ['name = "x"']}}
            service:
              pipelines:
                traces: {exporters: [otlp, nowhere]}
                logs: {}
            """
        )
        #expect(found.contains { $0.hasPrefix("traces.yaml:2: exporters.kafka: unknown exporter \"kafka\"; expected one of trace_store, otlp, ") })
        #expect(found.contains { $0.hasPrefix("traces.yaml:3: exporters.otlp.sending_que: unknown key") && $0.hasSuffix("did you mean \"sending_queue\"?") })
        #expect(found.contains { $0.hasPrefix("traces.yaml:5: processors.batch.timeout: \"soon\" is no duration; expected") })
        #expect(found.contains { $0.contains("unknown policy \"latancy\"") && $0.hasSuffix("did you mean \"latency\"?") })
        #expect(found.contains { $0.contains("column 6 of `name = \"x\"`") })
        #expect(found.contains { $0.contains("exporter or connector \"nowhere\" is not defined; expected one of otlp, trace_store") })
        #expect(found.contains { $0.contains("unknown pipeline \"logs\"") })
        #expect(found.count == 7)
    }

    @Test("A file without a pipeline says what belongs into it", arguments: ["", "exporters: {}", "service: {pipelines: }", "service: {pipelines: {traces: {exporters: []}}}"])
    func empty(_ text: String) {
        #expect(!messages(text).isEmpty)
    }

    @Test("Secrets are not shown")
    func secrets() {
        let found = messages(
            """
            exporters: {otlphttp: {endpoint: "http://a:1", headers: {key: [hunter2]}, timeout: x}}
            service: {pipelines: {traces: {exporters: [otlphttp]}}}
            """
        )
        #expect(!found.isEmpty)
        #expect(!found.joined().contains("hunter2"))
    }

    @Test("A collector without the store says so")
    func forwarding() throws {
        let configuration = try CollectorConfiguration(text: "exporters: {debug: }\nservice: {pipelines: {traces: {exporters: [debug]}}}")
        #expect(!configuration.storesSpans)
        #expect(configuration.forwardingExporters == ["debug"])
    }
}
