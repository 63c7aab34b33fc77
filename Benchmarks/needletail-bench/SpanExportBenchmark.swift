internal import Hummingbird
internal import Logging
internal import NIOCore
internal import NeedletailTracing
internal import ServiceLifecycle
internal import TraceModel

/// Steady load through the whole SDK to an OTLP/HTTP receiver in the same process: no span may be lost.
enum SpanExportBenchmark {
    static func run() async throws -> [BenchmarkRow] {
        [
            try await row(queue: 65_536, target: true),
            try await row(queue: 2_048, target: false),
        ]
    }

    private static let rate = 200_000
    private static let seconds = 3

    private static func row(queue: Int, target: Bool) async throws -> BenchmarkRow {
        let counters = try await withReceiver { port in
            var configuration = TracingConfiguration(resource: Resource(attributes: [Attribute("service.name", "bench")]), logger: silent)
            configuration.exporters = [.otlpHTTP(OTLPHTTPExporterConfiguration(endpoint: "http://127.0.0.1:\(port)/v1/traces"))]
            configuration.batch.maxQueueSize = queue
            let system = try configuration.makeSystem()
            return await withTaskGroup(of: Void.self) { group in
                group.addTask { try? await system.run() }
                await load(system.tracer)
                await system.shutdown()
                group.cancelAll()
                return system.processors[0].counters
            }
        }
        let name = "spans lost at 200,000/s for \(seconds) s, OTLP/HTTP, queue \(BenchmarkRow.text(Double(queue)))"
        let note = "\(counters.exported) exported in \(counters.exports) requests"
        return target
            ? .atMost(0, name, Double(counters.dropped), "spans", note: note)
            : BenchmarkRow(name, Double(counters.dropped), "spans", note: note + ", OpenTelemetry's default queue")
    }

    /// Portions of a millisecond; a late portion is made up for, so that the rate holds.
    private static func load(_ tracer: NeedletailTracer) async {
        let clock = ContinuousClock()
        let start = clock.now
        let portion = rate / 1000
        for step in 0..<(seconds * 1000) {
            for _ in 0..<portion {
                let span = tracer.startSpan("operation", parent: nil)
                span.setAttribute("http.request.method", "POST")
                span.setAttribute("url.path", "/v2/models/passthrough/infer")
                span.setAttribute("http.response.status_code", 200)
                span.setAttribute("http.request.body.size", 1234)
                span.setAttribute("cached", false)
                span.end()
            }
            // Sleeping at each step would drift; a step that is late is followed by the next at once.
            try? await clock.sleep(until: start + .milliseconds(step + 1), tolerance: .zero)
        }
    }

    private static let silent = Logger(label: "bench", factory: { _ in SwiftLogNoOpLogHandler() })

    private static func withReceiver<Result: Sendable>(_ body: @escaping @Sendable (_ port: Int) async throws -> Result) async throws -> Result {
        let router = Router()
        router.post("v1/traces") { request, _ in
            for try await _ in request.body {}
            return HTTPResponse.Status.ok
        }
        let (ports, port) = AsyncStream.makeStream(of: Int.self)
        let application = Application(
            router: router,
            configuration: .init(address: .hostname("127.0.0.1", port: 0)),
            onServerRunning: { channel in port.yield(channel.localAddress?.port ?? 0) },
            logger: silent
        )
        let services = ServiceGroup(configuration: .init(services: [application], logger: silent))
        return try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await services.run() }
            var iterator = ports.makeAsyncIterator()
            let result = try await body(await iterator.next() ?? 0)
            await services.triggerGracefulShutdown()
            try await group.waitForAll()
            return result
        }
    }
}
