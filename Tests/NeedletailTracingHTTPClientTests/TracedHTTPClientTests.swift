import AsyncHTTPClient
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import NIOCore
import NIOHTTP1
import NeedletailTracing
import NeedletailTracingHTTPClient
import NeedletailTracingHummingbird
import Testing
import TraceModel
import Tracing

@Suite("Client spans of AsyncHTTPClient", .timeLimit(.minutes(20)))
struct TracedHTTPClientTests {
    private let memory = InMemorySpanExporter()

    /// A service on a socket, traced by the same tracer, and a client for it.
    private func withService(
        tracer: NeedletailTracer,
        ownTracer: (any Tracer)? = nil,
        configuration: HTTPClientTracingConfiguration = HTTPClientTracingConfiguration(),
        _ body: @escaping @Sendable (_ http: TracedHTTPClient, _ base: String) async throws -> Void
    ) async throws {
        let router = Router()
        router.add(middleware: NeedletailTracingMiddleware(tracer: tracer))
        router.get("hello") { _, _ in tracer.withSpan("work") { _ in "hello" } }
        router.get("headers") { request, _ in request.headers.map { "\($0.name): \($0.value)" }.joined(separator: "\n") }
        router.get("missing") { _, _ -> String in throw HTTPError(.notFound) }
        router.get("moved") { _, _ in Response(status: .found, headers: [.location: "/hello"]) }
        router.get("empty") { _, _ in Response(status: .noContent) }
        router.get("torn") { _, _ in
            Response(
                status: .ok,
                body: ResponseBody { writer in
                    try await writer.write(ByteBuffer(string: "begun"))
                    throw CancellationError()
                })
        }
        let application = Application(router: router, configuration: .init(address: .hostname("127.0.0.1", port: 0)))
        try await application.test(.live) { client in
            let port = try #require(client.port)
            var settings = HTTPClient.Configuration()
            settings.tracing.tracer = ownTracer
            // A refused connection is told at once, not tried again until the time is up.
            settings.connectionPool.retryConnectionEstablishment = false
            let http = HTTPClient(eventLoopGroupProvider: .singleton, configuration: settings)
            do {
                try await body(http.traced(tracer: tracer, configuration: configuration), "http://127.0.0.1:\(port)")
            } catch {
                try await http.shutdown()
                throw error
            }
            try await http.shutdown()
        }
    }

    /// The client spans, once there are so many.
    private func clientSpans(_ count: Int) async throws -> [TraceModel.Span] {
        let deadline = ContinuousClock.now + .seconds(600)
        while memory.spans.filter({ $0.kind == .client }).count < count, ContinuousClock.now < deadline {
            try await Task.sleep(for: .milliseconds(2))
        }
        return memory.spans.filter { $0.kind == .client }
    }

    private func server() async throws -> TraceModel.Span? {
        let deadline = ContinuousClock.now + .seconds(600)
        while !memory.spans.contains(where: { $0.kind == .server }), ContinuousClock.now < deadline {
            try await Task.sleep(for: .milliseconds(2))
        }
        return memory.spans.first { $0.kind == .server }
    }

    private static func int(_ value: AttributeValue?) -> Int64? {
        if case .int(let number)? = value { number } else { nil }
    }

    @Test("Caller, client, server and handler are one trace, and the client's span ends with the body", arguments: [false, true])
    func oneTrace(clientTracesItself: Bool) async throws {
        let tracer = NeedletailTracer(processor: memory)
        try await withService(tracer: tracer, ownTracer: clientTracesItself ? tracer : nil) { http, base in
            try await tracer.withSpan("caller") { _ in
                let response = try await http.execute(HTTPClientRequest(url: base + "/hello?token=t"), timeout: .seconds(120))
                #expect(memory.spans.allSatisfy { $0.kind != .client })
                #expect(try await String(buffer: response.body.collect(upTo: 100)) == "hello")
            }
            let client = try #require(try await clientSpans(1).first)
            let server = try #require(try await server())
            let caller = try #require(memory.span(named: "caller"))
            let work = try #require(memory.span(named: "work"))
            #expect(memory.spans.count == 4)
            #expect(client.name == "GET")
            #expect(client.parentSpanID == caller.spanID)
            #expect(server.parentSpanID == client.spanID)
            #expect(work.parentSpanID == server.spanID)
            #expect(Set(memory.spans.map(\.traceID)).count == 1)
            #expect(client.attributes["url.full"] == .string(base + "/hello?token=REDACTED"))
            #expect(client.attributes["http.request.method"] == "GET")
            #expect(client.attributes["http.response.status_code"] == 200)
            #expect(client.attributes["server.address"] == "127.0.0.1")
            let port = try #require(Self.int(client.attributes["server.port"]))
            #expect(base.hasSuffix(":\(port)"))
            #expect(server.attributes["server.port"] == client.attributes["server.port"])
            #expect(client.attributes["network.protocol.version"] == "1.1")
            #expect(client.attributes["http.request.resend_count"] == nil)
            #expect(client.status.code == .unset)
        }
    }

    @Test("The context is sent once, in place of one that was copied from elsewhere", arguments: [false, true])
    func headers(clientTracesItself: Bool) async throws {
        let tracer = NeedletailTracer(processor: memory)
        try await withService(tracer: tracer, ownTracer: clientTracesItself ? tracer : nil) { http, base in
            var request = HTTPClientRequest(url: base + "/headers")
            request.headers.add(name: "traceparent", value: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
            let response = try await http.execute(request, timeout: .seconds(120))
            let lines = try await String(buffer: response.body.collect(upTo: 10_000)).split(separator: "\n").filter { $0.hasPrefix("traceparent") }
            let client = try #require(try await clientSpans(1).first)
            // 03: sampled, and the trace id is random.
            #expect(lines == ["traceparent: 00-\(client.traceID)-\(client.spanID)-03"])
        }
    }

    @Test("A status of 400 and above fails the client's span")
    func notFound() async throws {
        let tracer = NeedletailTracer(processor: memory)
        try await withService(tracer: tracer) { http, base in
            _ = try await http.execute(HTTPClientRequest(url: base + "/missing"), timeout: .seconds(120))
            let client = try #require(try await clientSpans(1).first)
            #expect(client.status == TraceModel.SpanStatus(code: .error))
            #expect(client.attributes["error.type"] == "404")
            #expect(client.attributes["http.response.status_code"] == 404)
            #expect(client.events.isEmpty)
        }
    }

    @Test("A refused connection is an exception with the type of the error")
    func refused() async throws {
        let tracer = NeedletailTracer(processor: memory)
        try await withService(tracer: tracer) { http, _ in
            // Port 1 is the privileged "tcpmux", which nobody has offered for decades.
            await #expect(throws: (any Error).self) {
                try await http.execute(HTTPClientRequest(url: "http://user:secret@127.0.0.1:1/"), timeout: .seconds(120))
            }
            let client = try #require(try await clientSpans(1).first)
            #expect(client.status.code == .error)
            #expect(client.events.map(\.name) == ["exception"])
            #expect(client.attributes["error.type"] != nil)
            #expect(client.attributes["http.response.status_code"] == nil)
            #expect(client.attributes["url.full"] == "http://REDACTED:REDACTED@127.0.0.1:1/")
        }
    }

    @Test("A body that breaks off fails the span after the status was received")
    func torn() async throws {
        let tracer = NeedletailTracer(processor: memory)
        try await withService(tracer: tracer) { http, base in
            let response = try await http.execute(HTTPClientRequest(url: base + "/torn"), timeout: .seconds(120))
            await #expect(throws: (any Error).self) { try await response.body.collect(upTo: 100) }
            let client = try #require(try await clientSpans(1).first)
            #expect(client.status.code == .error)
            #expect(client.attributes["http.response.status_code"] == 200)
            #expect(client.attributes["error.type"] != nil)
        }
    }

    @Test("Redirects are counted in the one span, on top of what the caller counts")
    func redirects() async throws {
        let tracer = NeedletailTracer(processor: memory)
        try await withService(tracer: tracer) { http, base in
            let response = try await http.execute(HTTPClientRequest(url: base + "/moved"), timeout: .seconds(120), resendCount: 1)
            _ = try await response.body.collect(upTo: 100)
            let client = try #require(try await clientSpans(1).first)
            #expect(client.attributes["http.request.resend_count"] == 2)
            #expect(client.attributes["url.full"] == .string(base + "/moved"))
            #expect(client.attributes["http.response.status_code"] == 200)
        }
    }

    @Test("An answer without a body, or whose body nobody reads, ends the span too", arguments: ["empty", "hello"])
    func unread(path: String) async throws {
        let tracer = NeedletailTracer(processor: memory)
        try await withService(tracer: tracer) { http, base in
            _ = try await http.execute(HTTPClientRequest(url: "\(base)/\(path)"), timeout: .seconds(120))
            let spans = try await clientSpans(1)
            #expect(spans.count == 1)
            #expect(spans.first?.status.code == .unset)
        }
    }

    @Test("A request that is not sampled sends the decision and leaves no span", arguments: [false, true])
    func unsampled(clientTracesItself: Bool) async throws {
        let tracer = NeedletailTracer(processor: memory, sampler: AlwaysOffSampler())
        try await withService(tracer: tracer, ownTracer: clientTracesItself ? tracer : nil) { http, base in
            let response = try await http.execute(HTTPClientRequest(url: base + "/headers"), timeout: .seconds(120))
            let text = try await String(buffer: response.body.collect(upTo: 10_000))
            #expect(text.split(separator: "\n").filter { $0.hasPrefix("traceparent: 00-") && $0.hasSuffix("-02") }.count == 1)
        }
        #expect(memory.spans.isEmpty)
    }

    @Test("Headers and sizes are recorded when asked for")
    func optIn() async throws {
        let tracer = NeedletailTracer(processor: memory)
        var configuration = HTTPClientTracingConfiguration()
        configuration.capturedRequestHeaders = ["X-Tenant"]
        configuration.capturedResponseHeaders = ["Content-Type"]
        configuration.recordsBodySizes = true
        try await withService(tracer: tracer, configuration: configuration) { http, base in
            var request = HTTPClientRequest(url: base + "/hello")
            request.headers = ["X-Tenant": "blue", "Authorization": "secret"]
            _ = try await http.execute(request, timeout: .seconds(120)).body.collect(upTo: 100)
            let client = try #require(try await clientSpans(1).first)
            #expect(client.attributes["http.request.header.x-tenant"] == .array(["blue"]))
            #expect(client.attributes["http.response.header.content-type"] == .array(["text/plain; charset=utf-8"]))
            #expect(client.attributes["http.response.body.size"] == 5)
            #expect(!client.attributes.contains { "\($0)".contains("secret") })
        }
    }

    @Test("Requests at once are children of their own callers")
    func concurrency() async throws {
        let tracer = NeedletailTracer(processor: memory)
        try await withService(tracer: tracer) { http, base in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for index in 0..<20 {
                    group.addTask {
                        try await tracer.withSpan("caller \(index)") { _ in
                            _ = try await http.execute(HTTPClientRequest(url: base + "/hello"), timeout: .seconds(120)).body.collect(upTo: 100)
                        }
                    }
                }
                try await group.waitForAll()
            }
            let clients = try await clientSpans(20)
            let callers = Dictionary(uniqueKeysWithValues: memory.spans.filter { $0.name.hasPrefix("caller") }.map { ($0.spanID, $0.traceID) })
            #expect(clients.count == 20)
            #expect(callers.count == 20)
            #expect(Set(clients.compactMap(\.parentSpanID)).count == 20)
            #expect(clients.allSatisfy { client in client.parentSpanID.map { callers[$0] == client.traceID } ?? false })
        }
    }
}
