import HTTPTypes
import Hummingbird
import HummingbirdTesting
import NIOCore
import Testing
import TraceStore
import TraceWire

@testable import TraceCollector

@Suite(.timeLimit(.minutes(20)))
struct CORSPolicyTests {
    @Test(arguments: [
        ("https://shop.example", "https://shop.example", true), ("https://shop.example", "https://shop.example:8443", false),
        ("https://*.example", "https://a.b.example", true), ("https://*.example", "https://example", false),
        ("http://localhost:*", "http://localhost:3000", true), ("http://localhost:*", "http://localhost.evil.example", false),
        ("*", "null", true), ("HTTPS://Shop.Example", "https://shop.example", true), ("https://a*a", "https://a", false),
    ])
    func origins(pattern: String, origin: String, isAllowed: Bool) {
        #expect(CORSPolicy(allowedOrigins: [pattern]).allows(origin: origin) == isAllowed)
    }

    private static func withReceiver(_ origins: [String], _ body: @Sendable @escaping (HTTPReceiverFixture) async throws -> Void) async throws {
        try await withHTTPReceiver(store: InMemoryTraceStore()) { ingest in
            OTLPHTTPReceiver(host: "127.0.0.1", port: 0, ingest: ingest, cors: CORSPolicy(allowedOrigins: origins), logger: quietLogger).server
        } _: { try await body($0) }
    }

    private static let preflight: HTTPFields = [
        .origin: "https://shop.example", .accessControlRequestMethod: "POST", .accessControlRequestHeaders: "content-type,traceparent",
    ]

    @Test func aPreflightIsAnswered() async throws {
        try await Self.withReceiver(["https://*.example"]) { (receiver) async throws in
            var headers = Self.preflight
            headers[try #require(HTTPField.Name("Access-Control-Request-Private-Network"))] = "true"
            let answer = try await receiver.client.execute(uri: "/v1/traces", method: .options, headers: headers)
            #expect(answer.status == .noContent)
            #expect(answer.headers[.accessControlAllowOrigin] == "https://shop.example")
            #expect(answer.headers[.accessControlAllowMethods] == "POST")
            #expect(answer.headers[.accessControlAllowHeaders] == "content-type,traceparent")
            #expect(answer.headers[.accessControlAllowCredentials] == "true")
            #expect(answer.headers[.accessControlMaxAge] == "7200")
            #expect(answer.headers[try #require(HTTPField.Name("Access-Control-Allow-Private-Network"))] == "true")
            #expect(answer.headers[.vary]?.contains("Origin") == true)
        }
    }

    @Test func answersCarryTheOriginAlsoErrors() async throws {
        try await Self.withReceiver(["https://shop.example"]) { (receiver) async throws in
            for body in [OTLPJSON.encode(batch(spans: 1)), Array("{".utf8)] {
                let answer = try await receiver.post(body, to: "/v1/traces", type: "application/json", headers: [.origin: "https://shop.example"])
                #expect(answer.headers[.accessControlAllowOrigin] == "https://shop.example")
                #expect(answer.headers[.vary] == "Origin")
            }
        }
    }

    @Test func aForeignPageIsToldNothing() async throws {
        try await Self.withReceiver(["https://other.example"]) { (receiver) async throws in
            let answer = try await receiver.client.execute(uri: "/v1/traces", method: .options, headers: Self.preflight)
            #expect(answer.status == .noContent)
            #expect(answer.headers[.accessControlAllowOrigin] == nil)
        }
        try await Self.withReceiver([]) { (receiver) async throws in
            #expect(try await receiver.client.execute(uri: "/v1/traces", method: .options, headers: Self.preflight).status == .methodNotAllowed)
        }
    }

    /// Zipkin's query API is on the port that takes its spans.
    @Test func pagesMayAskWhereThereIsSomethingToAsk() async throws {
        let answers: OtherRequests = { $0.uri.path == "/api/v2/services" ? Response(status: .ok) : nil }
        for (others, path, methods) in [(answers, "/api/v2/services", "GET"), (answers, "/api/v2/spans", "GET, POST"), (nil, "/api/v2/spans", "POST")] as [(OtherRequests?, String, String)] {
            try await withHTTPReceiver(store: InMemoryTraceStore()) { ingest in
                ZipkinReceiver(
                    host: "127.0.0.1", port: 0, ingest: ingest, cors: CORSPolicy(allowedOrigins: ["https://shop.example"]), logger: quietLogger, others: others
                ).server
            } _: { (receiver) async throws in
                let preflight = try await receiver.client.execute(
                    uri: path, method: .options, headers: [.origin: "https://shop.example", .accessControlRequestMethod: "GET", .accessControlRequestHeaders: "x-b3-traceid"])
                #expect(preflight.status == .noContent)
                #expect(preflight.headers[.accessControlAllowMethods] == methods)
                #expect(preflight.headers[.accessControlAllowHeaders] == "x-b3-traceid")
                guard path == "/api/v2/services" else { return }
                let answer = try await receiver.client.execute(uri: path, method: .get, headers: [.origin: "https://shop.example"])
                #expect(answer.status == .ok)
                #expect(answer.headers[.accessControlAllowOrigin] == "https://shop.example")
            }
        }
    }
}
