import AsyncHTTPClient
import Logging
import NIOCore
import NIOHTTP1
import NeedletailServing
import NeedletailTracing
import ServiceLifecycle
import Testing
import TraceCollector
import TraceModel
import TraceStore

/// The server's own exporter against the real receiver.
@Suite struct ExportTests {
    private static let client: HTTPClient = {
        var configuration = HTTPClient.Configuration()
        configuration.tracing.tracer = nil
        return HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
    }()

    @Test func everySpanIsThereAfterAGracefulShutdown() async throws {
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        let store = InMemoryTraceStore()
        let ingest = SpanIngest(store: store, logger: logger)
        let (ports, arrived) = AsyncStream.makeStream(of: Int.self)
        let receiver = OTLPHTTPReceiver(host: "127.0.0.1", port: 0, ingest: ingest, logger: logger) { arrived.yield($0) }
        let backEnd = ServiceGroup(configuration: .init(services: [ingest, receiver], logger: logger))
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await backEnd.run() }
            var iterator = ports.makeAsyncIterator()
            let collector = try #require(await iterator.next())
            let server = try Server(
                configuration: .init(
                    http: .init(port: 0),
                    tracing: .init(traceConfig: [
                        "level=TIMESTAMPS", "rate=1", "mode=opentelemetry", "opentelemetry,url=127.0.0.1:\(collector)/v1/traces",
                        "opentelemetry,resource=service.name=my svc", "opentelemetry,resource=test.key=a=b",
                        // The timer does not come in time: only the flush on shutdown can bring the spans.
                        "opentelemetry,bsp_schedule_delay=600000",
                    ]),
                    models: [.passthrough]
                ),
                logger: logger
            )
            let front = ServiceGroup(configuration: .init(services: [server], logger: logger))
            tasks.addTask { try await front.run() }
            let port = try await server.boundPort
            for _ in 0..<20 {
                var request = HTTPClientRequest(url: "http://127.0.0.1:\(port)/v2/models/passthrough/generate")
                request.method = .POST
                request.body = .bytes(ByteBuffer(string: #"{"sleep":0}"#))
                let response = try await Self.client.execute(request, timeout: .seconds(120))
                #expect(response.status == .ok)
                _ = try await response.body.collect(upTo: 1 << 20)
            }
            await front.triggerGracefulShutdown()
            _ = try await tasks.next()
            #expect(server.exportCounters?.exported == 120)

            #expect(try await store.services() == ["my svc"])
            let search = TraceSearch(service: "my svc", startTime: 0...UInt64.max, limit: 100)
            let traces = try await store.findTraces(search)
            #expect(traces.count == 20)
            for trace in traces {
                #expect(trace.batch.spanCount == 6)
                #expect(trace.batch.resourceSpans.allSatisfy { $0.resource.attributes["test.key"] == "a=b" })
            }
            await backEnd.triggerGracefulShutdown()
            try await tasks.waitForAll()
        }
    }
}
