import AsyncHTTPClient
import Logging
import NIOCore
import NIOHTTP1
import NeedletailServing
import NeedletailTracing
import ServiceLifecycle
import Testing
import TraceModel
import Tracing

@Suite struct ServerTests {
    private static let quiet: Logger = {
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        return logger
    }()

    /// A client that makes no spans and sends no context of its own, whatever the process's instrumentation is.
    private static let client: HTTPClient = {
        var configuration = HTTPClient.Configuration()
        configuration.tracing.tracer = nil
        return HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
    }()

    private func post(_ port: Int, _ path: String, _ body: String, headers: [(String, String)] = []) async throws -> (status: UInt, text: String) {
        var request = HTTPClientRequest(url: "http://127.0.0.1:\(port)\(path)")
        request.method = .POST
        for (name, value) in headers { request.headers.add(name: name, value: value) }
        request.body = .bytes(ByteBuffer(string: body))
        let response = try await Self.client.execute(request, timeout: .seconds(120))
        return (response.status.code, String(buffer: try await response.body.collect(upTo: 1 << 20)))
    }

    /// Runs the server as a service; afterwards it has ended gracefully.
    private func run(_ server: Server, _ body: @Sendable (Int) async throws -> Void) async throws {
        let group = ServiceGroup(configuration: .init(services: [server], logger: Self.quiet))
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await group.run() }
            let port = try await server.boundPort
            do {
                try await body(port)
            } catch {
                tasks.cancelAll()
                throw error
            }
            await group.triggerGracefulShutdown()
            try await tasks.waitForAll()
        }
    }

    @Test func aClosureBoundByNameAnswers() async throws {
        let server = try Server(configuration: .init(http: .init(port: 0), grpc: nil), logger: Self.quiet)
        try server.bind(
            name: "double",
            inputs: [TensorSpecification("x", Float.self, shape: [-1])],
            outputs: [TensorSpecification("y", Float.self, shape: [-1])],
            maxBatchSize: 16
        ) { requests in
            requests.map { request in
                InferenceResult {
                    let x = try request.inputs.require("x")
                    let y = try request.withSpan("double") { _ in try x.values(as: Float.self).map { $0 * 2 } }
                    return ["y": try Tensor(y, shape: x.shape)]
                }
            }
        }
        try await run(server) { port in
            let answer = try await post(port, "/v2/models/double/generate", #"{"x":[1,2.5]}"#)
            #expect(answer.text == #"{"model_name":"double","model_version":"1","y":[2.0,5.0]}"#)
        }
    }

    @Test func wrongTraceWordsStopTheStart() {
        #expect(throws: TraceSettingsError.self) {
            try Server(configuration: .init(tracing: .init(traceConfig: ["rate=many"])), logger: Self.quiet)
        }
        #expect(throws: (any Error).self) {
            let words = ["level=TIMESTAMPS", "opentelemetry,url=ftp://nowhere"]
            _ = try Server(configuration: .init(tracing: .init(traceConfig: words)), logger: Self.quiet)
        }
    }

    @Test func spansAreFlushedOnShutdown() async throws {
        // Nobody listens there; what counts is that no span stays behind uncounted.
        let words = [
            "level=TIMESTAMPS", "rate=1", "mode=opentelemetry", "opentelemetry,url=http://127.0.0.1:1/v1/traces",
            "opentelemetry,bsp_schedule_delay=60000",
        ]
        let spans = InMemorySpanExporter()
        let processor = BatchSpanProcessor(
            exporter: spans, resource: Resource(), configuration: .init(scheduleDelay: .seconds(60)), logger: Self.quiet)
        let server = try Server(
            configuration: .init(http: .init(port: 0), grpc: nil, tracing: .init(traceConfig: words), models: [.passthrough]),
            spanProcessor: processor,
            logger: Self.quiet
        )
        let group = ServiceGroup(configuration: .init(services: [processor, server], logger: Self.quiet))
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await group.run() }
            let port = try await server.boundPort
            for _ in 0..<5 { _ = try await post(port, "/v2/models/passthrough/generate", #"{"sleep":0}"#) }
            await group.triggerGracefulShutdown()
            try await tasks.waitForAll()
        }
        #expect(spans.spans.count { $0.name == "InferRequest" } == 5)
    }

    @Test func aDeadCollectorDoesNotFailRequests() async throws {
        let words = [
            "level=TIMESTAMPS", "rate=1", "opentelemetry,url=127.0.0.1:1/v1/traces", "opentelemetry,bsp_max_queue_size=8",
            "opentelemetry,bsp_max_export_batch_size=4", "opentelemetry,bsp_schedule_delay=10",
        ]
        let server = try Server(
            configuration: .init(http: .init(port: 0), grpc: nil, tracing: .init(traceConfig: words), models: [.passthrough]), logger: Self.quiet)
        let group = ServiceGroup(configuration: .init(services: [server], logger: Self.quiet))
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await group.run() }
            let port = try await server.boundPort
            for _ in 0..<50 {
                let answer = try await post(port, "/v2/models/passthrough/generate", #"{"sleep":0}"#)
                #expect(answer.status == 200)
            }
            // A shutdown would go on trying to export for a while: the collector may come back.
            tasks.cancelAll()
            _ = try? await tasks.waitForAll()
        }
        let counters = try #require(server.exportCounters)
        #expect(counters.enqueued + counters.droppedQueueFull > 0)
    }

    /// The only test that touches the process's instrumentation system.
    @Test func plainWithSpanJoinsTheRequestsTraceAndOnlyIfSampled() async throws {
        let spans = InMemorySpanExporter()
        let server = try Server(
            configuration: .init(http: .init(port: 0), grpc: nil, tracing: .init(traceConfig: ["level=TIMESTAMPS", "rate=2"])),
            spanProcessor: spans,
            logger: Self.quiet
        )
        #expect(server.bootstrapInstrumentation())
        #expect(!server.bootstrapInstrumentation())
        try server.bind(
            name: "m",
            inputs: [TensorSpecification("x", Float.self, shape: [1])],
            outputs: [TensorSpecification("x", Float.self, shape: [1])]
        ) { requests in
            try withSpan("outer") { _ in
                try requests.map { request in try withSpan("inner") { _ in ["x": try request.inputs.require("x")] } }
            }
        }
        try await run(server) { port in
            for _ in 0..<10 { _ = try await post(port, "/v2/models/m/generate", #"{"x":1}"#) }
            _ = try await post(
                port, "/v2/models/m/generate", #"{"x":1}"#,
                headers: [("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00")])
        }
        let all = spans.spans
        #expect(all.count { $0.name == "InferRequest" } == 5)
        // Defect 9: a request that is not sampled leaves no orphans of user code behind.
        #expect(all.count { $0.name == "outer" } == 5)
        #expect(all.count { $0.name == "inner" } == 5)
        for compute in all where compute.name == "compute" {
            let outer = try #require(all.first { $0.parentSpanID == compute.spanID })
            #expect(outer.name == "outer")
            #expect(outer.traceID == compute.traceID)
            let inner = try #require(all.first { $0.parentSpanID == outer.spanID })
            #expect(inner.name == "inner")
            #expect(compute.startTime <= outer.startTime && outer.endTime <= compute.endTime)
        }
    }
}
