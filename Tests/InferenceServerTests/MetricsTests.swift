import Inference
import Logging
import NIOHTTP1
import NeedletailTracing
import PrometheusMetrics
import ServiceLifecycle
import Synchronization
import Testing

@testable import InferenceServer

@Suite struct MetricsTests {
    /// A metrics server on a port that the system chose.
    private struct Served: Sendable {
        let core: InferenceCore
        let http: TestServer

        /// The value of a sample; `nil` when it is not told.
        func value(_ sample: String) async throws -> Double? {
            let lines = try await http.get("/metrics").text.split(separator: "\n")
            return lines.first { $0.hasPrefix(sample + " ") }.flatMap { Double($0.dropFirst(sample.count + 1)) }
        }

        /// One request, traced or not.
        @discardableResult
        func infer(_ model: String, _ inputs: NamedTensors, isTraced: Bool = false) async throws -> ModelScheduler.Completion {
            var timestamps = RequestTimestamps.now()
            let headers = HeaderPairs([("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")])
            let decision = isTraced ? core.tracer?.decide(model: model, headers: headers) : nil
            return try await core.stream(
                UncheckedRequest(inputs: inputs), model: try core.registry.model(named: model, version: nil), decision: decision, timestamps: &timestamps
            ) { _ in }
        }
    }

    private func run(models: [Model] = [.ident, .counter], settings: MetricsSettings = MetricsSettings(), _ body: @Sendable (Served) async throws -> Void) async throws {
        let metrics = InferenceMetrics(settings: settings)
        let spans = InMemorySpanExporter()
        let tracer = InferenceTracer(settings: TraceSettings(level: .timestamps, rate: 1), processor: spans)
        let core = InferenceCore(tracer: tracer, logging: LoggingSettings(), observer: metrics)
        for model in models { try core.load(model) }
        let registry = PrometheusRegistry()
        registry.counter("mine").increment(by: 5)
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        let server = MetricsHTTPServer(configuration: .init(port: 0, settings: settings), core: core, metrics: metrics, registry: registry, logger: logger)
        let services = ServiceGroup(configuration: .init(services: [server], logger: logger))
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await services.run() }
            let port = try await server.boundPort
            do {
                try await body(Served(core: core, http: TestServer(port: port, spans: spans, core: core)))
            } catch {
                group.cancelAll()
                throw error
            }
            await services.triggerGracefulShutdown()
            try await group.waitForAll()
        }
    }

    private static let ident = #"{model="ident",version="1"}"#
    private static func x(_ first: Float) throws -> NamedTensors { ["X": try Tensor([first, 2], shape: [1, 2])] }

    /// Names, types, labels and help texts of the real thing.
    @Test func everyMetricOfTritonIsThere() async throws {
        try await run { served in
            let text = try await served.http.get("/metrics").text
            for (name, type, help) in [
                ("nv_inference_request_success", "counter", "Number of successful inference requests, all batch sizes"),
                ("nv_inference_request_failure", "counter", "Number of failed inference requests, all batch sizes"),
                ("nv_inference_count", "counter", "Number of inferences performed (does not include cached requests)"),
                ("nv_inference_exec_count", "counter", "Number of model executions performed (does not include cached requests)"),
                ("nv_inference_request_duration_us", "counter", "Cumulative inference request duration in microseconds (includes cached requests)"),
                ("nv_inference_queue_duration_us", "counter", "Cumulative inference queuing duration in microseconds (includes cached requests)"),
                ("nv_inference_compute_input_duration_us", "counter", "Cumulative compute input duration in microseconds (does not include cached requests)"),
                ("nv_inference_compute_infer_duration_us", "counter", "Cumulative compute inference duration in microseconds (does not include cached requests)"),
                ("nv_inference_compute_output_duration_us", "counter", "Cumulative inference compute output duration in microseconds (does not include cached requests)"),
                ("nv_inference_pending_request_count", "gauge", "Instantaneous number of pending requests awaiting execution per-model."),
                ("nv_pinned_memory_pool_total_bytes", "gauge", "Pinned memory pool total memory size, in bytes"),
                ("nv_pinned_memory_pool_used_bytes", "gauge", "Pinned memory pool used memory size, in bytes"),
                ("nv_cpu_utilization", "gauge", "CPU utilization rate [0.0 - 1.0]"),
                ("nv_cpu_memory_total_bytes", "gauge", "CPU total memory (RAM), in bytes"),
                ("nv_cpu_memory_used_bytes", "gauge", "CPU used memory (RAM), in bytes"),
            ] {
                #expect(text.contains("# HELP \(name) \(help)\n# TYPE \(name) \(type)\n\(name)"), "\(name)")
            }
            for reason in ["BACKEND", "CANCELED", "OTHER", "REJECTED"] {
                #expect(text.contains(#"nv_inference_request_failure{model="ident",reason="\#(reason)",version="1"} 0"#))
            }
            let utilization = try #require(try await served.value("nv_cpu_utilization"))
            #expect((0...1).contains(utilization))
            let total = try #require(try await served.value("nv_cpu_memory_total_bytes"))
            let used = try #require(try await served.value("nv_cpu_memory_used_bytes"))
            #expect(0 < used && used < total)
            #expect(text.contains("\nmine_total 5\n"))
        }
    }

    @Test func requestsAreCounted() async throws {
        try await run { served in
            for first in [1, 3, -1, -2, -2] as [Float] { try await served.infer("ident", try Self.x(first)) }
            await #expect(throws: InferenceError.self) { try await served.infer("ident", NamedTensors()) }
            #expect(try await served.value("nv_inference_request_success" + Self.ident) == 2)
            #expect(try await served.value("nv_inference_count" + Self.ident) == 2)
            #expect(try await served.value("nv_inference_exec_count" + Self.ident) == 5)
            #expect(try await served.value(#"nv_inference_request_failure{model="ident",reason="BACKEND",version="1"}"#) == 3)
            // What never reached the model is not counted.
            for reason in ["CANCELED", "OTHER", "REJECTED"] {
                let value = try await served.value(#"nv_inference_request_failure{model="ident",reason="\#(reason)",version="1"}"#)
                #expect(value == 0)
            }
            #expect(try await served.value("nv_inference_request_histogram_ms_count" + Self.ident) == 2)
            #expect(try await served.value("nv_inference_queue_histogram_ms_count" + Self.ident) == 2)
            #expect(try await served.value("nv_inference_compute_infer_histogram_ms_count" + Self.ident) == 2)
            let sum = try #require(try await served.value("nv_inference_request_histogram_ms_sum" + Self.ident))
            let duration = try #require(try await served.value("nv_inference_request_duration_us" + Self.ident))
            #expect(sum > 0 && duration > 0)
        }
    }

    @Test func aRequestThatFindsTheQueueFullIsRejected() async throws {
        let gate = Mutex<[CheckedContinuation<Void, Never>]>([])
        var definition = ModelDefinition(name: "busy", inputs: [], outputs: [TensorSpecification("O", Int32.self, shape: [1])])
        definition.maxQueueSize = 1
        let model = Model(definition, executeEach: { _ in
            await withCheckedContinuation { continuation in gate.withLock { $0.append(continuation) } }
            return ["O": try Tensor([Int32(1)], shape: [1])]
        })
        try await run(models: [model]) { served in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<3 { group.addTask { try await served.infer("busy", NamedTensors()) } }
                let deadline = ContinuousClock.now + .seconds(600)
                let rejected = #"nv_inference_request_failure{model="busy",reason="REJECTED",version="1"}"#
                while try await served.value(rejected) != 1 {
                    try #require(ContinuousClock.now < deadline)
                    try await Task.sleep(for: .milliseconds(5))
                }
                #expect(try await served.value(#"nv_inference_pending_request_count{model="busy",version="1"}"#) == 1)
                while try await served.value(#"nv_inference_request_success{model="busy",version="1"}"#) != 2 {
                    try #require(ContinuousClock.now < deadline)
                    for continuation in gate.withLock({ waiting in defer { waiting = [] }; return waiting }) { continuation.resume() }
                    try await Task.sleep(for: .milliseconds(5))
                }
                try await group.waitForAll()
            }
        }
    }

    @Test func firstResponsesOfDecoupledModels() async throws {
        try await run { served in
            try await served.infer("counter", ["N": try Tensor([Int32(3)], shape: [1])])
            let text = try await served.http.get("/metrics").text
            let name = "nv_inference_first_response_histogram_ms"
            #expect(text.contains("\(name)_bucket{model=\"counter\",version=\"1\",le=\"+Inf\"} 1\n"))
            for bound in ["100", "500", "2000", "5000"] { #expect(text.contains("\(name)_bucket{model=\"counter\",version=\"1\",le=\"\(bound)\"}")) }
            #expect(text.contains("\(name)_count{model=\"counter\",version=\"1\"} 1\n"))
            #expect(!text.contains("\(name)_count{model=\"ident\""))
        }
    }

    @Test func openMetricsHasTheTraceOfARequest() async throws {
        try await run { served in
            try await served.infer("ident", try Self.x(1), isTraced: true)
            let answer = try await served.http.send(.GET, "/metrics", headers: [("accept", "application/openmetrics-text;version=1.0.0")])
            #expect(answer.headers.first(name: "content-type") == "application/openmetrics-text; version=1.0.0; charset=utf-8")
            #expect(answer.text.hasSuffix("# EOF\n"))
            #expect(answer.text.contains(##"# {trace_id="0af7651916cd43dd8448eb211c80319c"}"##))
            let plain = try await served.http.get("/metrics")
            #expect(plain.headers.first(name: "content-type") == "text/plain; version=0.0.4; charset=utf-8")
            #expect(!plain.text.contains("trace_id") && !plain.text.contains("# EOF"))
        }
    }

    @Test func settingsLeaveOut() async throws {
        try await run(settings: try MetricsSettings(["counter_latencies=false", "histogram_latencies=0"])) { served in
            try await served.infer("ident", try Self.x(-1))
            let text = try await served.http.get("/metrics").text
            #expect(!text.contains("duration_us") && !text.contains("histogram"))
            #expect(text.contains(#"nv_inference_request_failure{model="ident",reason="BACKEND",version="1"} 1"#))
        }
    }

    @Test func summariesAreNoticedAndOtherWordsExplained() throws {
        #expect(try MetricsSettings(["summary_latencies=true", "summary_quantiles=0.5:0.05"]).notices.count == 1)
        for (word, message) in [
            ("x", "--metrics-config option format is <setting>=<value>. Got x"), ("=1", "option format"), ("a,b=1", "option format"),
            ("latencies=true", "there is no setting 'latencies'; there are counter_latencies"), ("counter_latencies=maybe", "expected true or false, got 'maybe'"),
        ] {
            let error = #expect(throws: FrontEndSettingError.self) { try MetricsSettings([word]) }
            #expect(error?.description.contains(message) == true, "\(word)")
        }
    }

    @Test func everyPathAnswersAndGetAloneIsTaken() async throws {
        try await run { served in
            for path in ["/", "/x", "/metrics/"] {
                let answer = try await served.http.get(path)
                #expect(answer.status == 200)
                #expect(answer.body.isEmpty)
            }
            #expect(try await served.http.post("/metrics", "").status == 405)
            let head = try await served.http.send(.HEAD, "/metrics")
            #expect(head.status == 200)
            let packed = try await served.http.send(.GET, "/metrics", headers: [("accept-encoding", "gzip")])
            #expect(packed.headers.first(name: "content-encoding") == "gzip")
            #expect(String(decoding: try gunzip(packed.body), as: UTF8.self).contains("nv_inference_count"))
        }
    }
}
