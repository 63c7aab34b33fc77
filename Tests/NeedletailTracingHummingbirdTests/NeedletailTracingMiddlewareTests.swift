import HTTPTypes
import Hummingbird
import HummingbirdTesting
import NIOCore
import NeedletailTracing
import NeedletailTracingHummingbird
import Testing
import TraceModel

@Suite("Server spans of Hummingbird", .timeLimit(.minutes(20)))
struct NeedletailTracingMiddlewareTests {
    private static let traceparent = HTTPField.Name("traceparent")!
    private static let parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

    @Test("A request is one span, named by its route, with the handler's spans within")
    func request() async throws {
        let shop = Shop()
        try await shop.open { client in
            try await client.execute(uri: "/items/7?color=red&sig=secret", method: .get, headers: [.userAgent: "test/1"]) { response in
                #expect(String(buffer: response.body) == "item 7")
            }
            let span = try #require(try await shop.span(named: "GET /items/{id}"))
            #expect(span.kind == .server)
            #expect(span.parentSpanID == nil)
            #expect(span.status.code == .unset)
            #expect(span.attributes["http.request.method"] == "GET")
            #expect(span.attributes["url.scheme"] == "http")
            #expect(span.attributes["url.path"] == "/items/7")
            #expect(span.attributes["url.query"] == "color=red&sig=REDACTED")
            #expect(span.attributes["http.route"] == "/items/{id}")
            #expect(span.attributes["http.response.status_code"] == 200)
            #expect(span.attributes["user_agent.original"] == "test/1")
            #expect(span.attributes["client.address"] == "127.0.0.1")
            #expect(span.attributes["network.peer.address"] == "127.0.0.1")
            #expect(span.attributes["error.type"] == nil)
            let child = try #require(shop.memory.span(named: "look up"))
            #expect(child.traceID == span.traceID)
            #expect(child.parentSpanID == span.spanID)
            #expect(!span.attributes.contains { $0.key.hasPrefix("http.request.header") || $0.key.hasPrefix("http.response.header") })
        }
    }

    @Test("A request continues the trace of its caller")
    func continuation() async throws {
        let shop = Shop()
        try await shop.open { client in
            try await client.execute(uri: "/items/7", method: .get, headers: [Self.traceparent: Self.parent]) { _ in }
            let span = try #require(try await shop.span(named: "GET /items/{id}"))
            #expect(span.traceID.description == "0af7651916cd43dd8448eb211c80319c")
            #expect(span.parentSpanID?.description == "b7ad6b7169203331")
        }
    }

    @Test("A malformed traceparent starts a new trace", arguments: ["", "nonsense", "00-0-0-01", "00-00000000000000000000000000000000-b7ad6b7169203331-01", parent + ", " + parent])
    func malformed(header: String) async throws {
        let shop = Shop()
        try await shop.open { client in
            try await client.execute(uri: "/items/7", method: .get, headers: [Self.traceparent: header]) { #expect($0.status == .ok) }
            let span = try #require(try await shop.span(named: "GET /items/{id}"))
            #expect(span.parentSpanID == nil)
            #expect(span.traceID.description != "0af7651916cd43dd8448eb211c80319c")
        }
    }

    @Test("A path without a route has the bare name of the method and is no failure of the server")
    func notFound() async throws {
        let shop = Shop()
        try await shop.open { client in
            try await client.execute(uri: "/nowhere/8261", method: .get) { #expect($0.status == .notFound) }
            let span = try #require(try await shop.span(named: "GET"))
            #expect(span.attributes["http.route"] == nil)
            #expect(span.attributes["http.response.status_code"] == 404)
            #expect(span.status.code == .unset)
            #expect(span.events.isEmpty)
        }
    }

    @Test("Errors have the status that the caller gets; those of the server fail the span", arguments: [
        ("refused", 409, SpanStatus.Code.unset, nil as AttributeValue?, 0), ("overloaded", 503, .error, "503", 1), ("teapot", 500, .error, "500", 0),
    ])
    func errors(path: String, status: Int64, code: SpanStatus.Code, type: AttributeValue?, events: Int) async throws {
        let shop = Shop()
        try await shop.open { client in
            try await client.execute(uri: "/\(path)", method: .get) { #expect($0.status.code == Int(status)) }
            let span = try #require(try await shop.span(named: "GET /\(path)"))
            #expect(span.attributes["http.response.status_code"] == .int(status))
            #expect(span.status.code == code)
            #expect(span.attributes["error.type"] == type)
            #expect(span.events.count == events)
        }
    }

    @Test("An error that is no HTTP error is recorded as an exception and answered with 500")
    func exception() async throws {
        let shop = Shop()
        try await shop.open { client in
            try await client.execute(uri: "/broken", method: .get) { #expect($0.status == .internalServerError) }
            let span = try #require(try await shop.span(named: "GET /broken"))
            #expect(span.status == .error("the till is broken"))
            #expect(span.attributes["http.response.status_code"] == 500)
            let event = try #require(span.events.first)
            #expect(event.name == "exception")
            #expect(event.attributes["exception.message"] == "the till is broken")
            #expect(span.attributes["error.type"] == event.attributes["exception.type"])
        }
    }

    @Test("A streamed body is written within the span, and its last byte is the end")
    func streaming() async throws {
        let shop = Shop()
        try await shop.open { client in
            try await client.execute(uri: "/stream", method: .get) { #expect(String(buffer: $0.body) == "part 0\npart 1\npart 2\n") }
            let span = try #require(try await shop.span(named: "GET /stream"))
            let parts = shop.memory.spans.filter { $0.name.hasPrefix("part") }
            #expect(parts.count == 3)
            #expect(parts.allSatisfy { $0.parentSpanID == span.spanID && $0.traceID == span.traceID && $0.endTime <= span.endTime })
        }
    }

    @Test("A stream that fails half way fails the span, with the status that was sent")
    func tornStream() async throws {
        let shop = Shop()
        try await shop.open { client in
            _ = try? await client.execute(uri: "/torn", method: .get) { _ in }
            let span = try #require(try await shop.span(named: "GET /torn"))
            #expect(span.status == .error("the till is broken"))
            #expect(span.attributes["http.response.status_code"] == 200)
            #expect(span.events.map(\.name) == ["exception"])
            #expect(span.attributes["error.type"] == span.events.first?.attributes["exception.type"])
        }
    }

    @Test("An excluded URL has no span, and the handler's spans start a trace of their own")
    func excluded() async throws {
        var shop = Shop()
        shop.excludedURLs = try ExcludedURLs(["/items/8$"])
        try await shop.open { [shop] client in
            try await client.execute(uri: "/items/8?x", method: .get, headers: [Self.traceparent: Self.parent]) { #expect($0.status == .ok) }
            try await client.execute(uri: "/items/88", method: .get) { #expect($0.status == .ok) }
            #expect(try await shop.span(named: "GET /items/{id}") != nil)
            #expect(shop.memory.spans.filter { $0.kind == .server }.map { $0.attributes["url.path"] } == ["/items/88"])
            let lookUps = shop.memory.spans.filter { $0.name == "look up" }
            #expect(lookUps.first?.parentSpanID == nil)
            #expect(lookUps.first?.traceID.description != "0af7651916cd43dd8448eb211c80319c")
        }
    }

    @Test("What the caller did not sample leaves no span, in streams neither, and the trace id is told all the same")
    func unsampled() async throws {
        var shop = Shop()
        shop.configuration.traceIDResponseHeader = HTTPField.Name("x-trace-id")
        let header = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00"
        try await shop.open { [shop] client in
            for path in ["items/7", "stream", "refused", "nowhere"] {
                try await client.execute(uri: "/\(path)", method: .get, headers: [Self.traceparent: header]) { response in
                    #expect(response.headers[HTTPField.Name("x-trace-id")!] == "0af7651916cd43dd8448eb211c80319c")
                }
            }
            // A sampled request after them: when its span is there, theirs would be.
            try await client.execute(uri: "/items/9", method: .get) { _ in }
            let last = try #require(try await shop.span(named: "GET /items/{id}"))
            #expect(shop.memory.spans.allSatisfy { $0.traceID == last.traceID })
        }
    }

    @Test("Headers are recorded when named, sizes when asked for, and the proxy is believed when trusted")
    func optIn() async throws {
        var shop = Shop()
        shop.configuration.capturedRequestHeaders = ["X-Tenant"]
        shop.configuration.capturedResponseHeaders = ["Content-Type"]
        shop.configuration.recordsBodySizes = true
        shop.configuration.trustsForwardedHeaders = true
        let headers: HTTPFields = [
            HTTPField.Name("x-tenant")!: "blue", .authorization: "Bearer secret", HTTPField.Name("x-forwarded-for")!: "192.0.2.7",
            HTTPField.Name("x-forwarded-proto")!: "https",
        ]
        try await shop.open { [shop] client in
            try await client.execute(uri: "/items/7", method: .get, headers: headers) { _ in }
            let span = try #require(try await shop.span(named: "GET /items/{id}"))
            #expect(span.attributes["http.request.header.x-tenant"] == .array(["blue"]))
            #expect(span.attributes["http.response.header.content-type"] == .array(["text/plain; charset=utf-8"]))
            #expect(span.attributes["http.response.body.size"] == 6)
            #expect(span.attributes["client.address"] == "192.0.2.7")
            #expect(span.attributes["network.peer.address"] == "127.0.0.1")
            #expect(span.attributes["url.scheme"] == "https")
            #expect(!span.attributes.contains { "\($0)".contains("secret") })
        }
    }

    @Test("Nobody is believed about the client's address by default")
    func untrusted() async throws {
        let shop = Shop()
        try await shop.open { client in
            try await client.execute(uri: "/items/7", method: .get, headers: [HTTPField.Name("x-forwarded-for")!: "192.0.2.7"]) { _ in }
            #expect(try await shop.span(named: "GET /items/{id}")?.attributes["client.address"] == "127.0.0.1")
        }
    }

    @Test("Many requests at once keep to their own traces")
    func concurrency() async throws {
        let shop = Shop()
        try await shop.open { client in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for id in 0..<40 {
                    group.addTask { try await client.execute(uri: "/items/\(id)", method: .get) { #expect($0.status == .ok) } }
                }
                try await group.waitForAll()
            }
            let deadline = ContinuousClock.now + .seconds(600)
            while shop.memory.spans.count < 80, ContinuousClock.now < deadline { try await Task.sleep(for: .milliseconds(2)) }
            let servers = shop.memory.spans.filter { $0.kind == .server }
            #expect(servers.count == 40)
            #expect(Set(servers.map(\.traceID)).count == 40)
            let owners = Dictionary(uniqueKeysWithValues: servers.map { ($0.spanID, $0.traceID) })
            let children = shop.memory.spans.filter { $0.kind != .server }
            #expect(children.count == 40)
            #expect(children.allSatisfy { child in child.parentSpanID.map { owners[$0] == child.traceID } ?? false })
        }
    }
}
