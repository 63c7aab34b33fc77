import Compression
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import NIOCore
import Testing
import TraceModel
import TraceStore
import TraceWire

@testable import TraceCollector

@Suite("OTLP over HTTP", .timeLimit(.minutes(20)))
struct OTLPHTTPReceiverTests {
    private struct Fixture: Sendable {
        var receiver: HTTPReceiverFixture
        var client: any TestClientProtocol { receiver.client }
        var ingest: SpanIngest { receiver.ingest }

        func post(
            _ body: [UInt8],
            type: String? = "application/x-protobuf",
            path: String = "/v1/traces",
            headers: HTTPFields = [:]
        ) async throws -> TestResponse {
            try await receiver.post(body, to: path, type: type, headers: headers)
        }
    }

    private func withReceiver(
        store: any TraceStore,
        configuration: SpanIngestConfiguration = SpanIngestConfiguration(),
        limits: ReceiverLimits = ReceiverLimits(),
        cors: CORSPolicy = CORSPolicy(),
        _ body: @Sendable @escaping (Fixture) async throws -> Void
    ) async throws {
        try await withHTTPReceiver(store: store, configuration: configuration) { ingest in
            OTLPHTTPReceiver(host: "127.0.0.1", port: 0, ingest: ingest, limits: limits, cors: cors, logger: quietLogger).server
        } _: { receiver in
            try await body(Fixture(receiver: receiver))
        }
    }

    private func text(_ response: TestResponse) -> String { response.text }

    @Test(
        "both encodings, plain and compressed, are stored before the answer, which has the encoding of the request",
        arguments: ["application/x-protobuf", "application/json", "application/json; charset=utf-8", "Application/X-Protobuf"],
        ["", "identity", "gzip", "zstd"]
    )
    func stored(type: String, encoding: String) async throws {
        let store = InMemoryTraceStore()
        try await withReceiver(store: store) { (receiver) async throws in
            let plain = type.lowercased().contains("json") ? OTLPJSON.encode(batch(spans: 4)) : OTLPProtobuf.encode(batch(spans: 4))
            let body =
                switch encoding {
                case "gzip": Gzip.compress(plain)
                case "zstd": Zstd.compress(plain)
                default: plain
                }
            let headers: HTTPFields = encoding.isEmpty ? [:] : [.contentEncoding: encoding]
            let response = try await receiver.post(body, type: type, headers: headers)
            #expect(response.status == .ok)
            #expect(response.headers[.contentType] == (type.lowercased().contains("json") ? "application/json" : "application/x-protobuf"))
            let answer = response.body.readableBytesView
            #expect(type.lowercased().contains("json") ? Array(answer).first == UInt8(ascii: "{") : answer.isEmpty)
            let stored = try #require(try await store.trace(TraceID(high: 0, low: 7)))
            #expect(stored.batch == batch(spans: 4))
            #expect(receiver.ingest.counters.committed == 4)
            #expect(receiver.ingest.counters.receivedByProtocol == [.otlpHTTP: 4])
        }
    }

    @Test("an empty request is a success")
    func empty() async throws {
        try await withReceiver(store: InMemoryTraceStore()) { (receiver) async throws in
            #expect(try await receiver.post([]).status == .ok)
            let response = try await receiver.post(Array("{}".utf8), type: "application/json")
            #expect(response.status == .ok)
            #expect(receiver.ingest.counters.received == 0)
        }
    }

    @Test("spans with broken ids are rejected one by one, the others are stored")
    func partialSuccess() async throws {
        let store = InMemoryTraceStore()
        try await withReceiver(store: store) { (receiver) async throws in
            var spans = batch(spans: 3)
            spans.resourceSpans[0].scopeSpans[0].spans[1].spanID = SpanID(0)
            let response = try await receiver.post(OTLPProtobuf.encode(spans))
            #expect(response.status == .ok)
            let answer = try OTLPProtobuf.decodeExportResponse(Array(response.body.readableBytesView))
            #expect(answer.rejectedSpans == 1)
            #expect(!answer.message.isEmpty)
            #expect(receiver.ingest.counters.rejected == 1)
            #expect(try await store.trace(TraceID(high: 0, low: 7))?.batch.spanCount == 2)
            let json = try await receiver.post(OTLPJSON.encode(spans), type: "application/json")
            #expect(text(json).contains("\"rejectedSpans\":\"1\""))
        }
    }

    @Test("an undecodable body is answered 400 with a status in the encoding of the request")
    func malformed() async throws {
        try await withReceiver(store: InMemoryTraceStore()) { (receiver) async throws in
            let protobuf = try await receiver.post([0xff, 0xff, 0xff])
            #expect(protobuf.status == .badRequest)
            #expect(protobuf.headers[.contentType] == "application/x-protobuf")
            // google.rpc.Status: field 1, code 3; field 2, the message.
            #expect(Array(protobuf.body.readableBytesView.prefix(3)) == [0x08, 3, 0x12])
            let json = try await receiver.post(Array("{\"resourceSpans\":[".utf8), type: "application/json")
            #expect(json.status == .badRequest)
            #expect(text(json).hasPrefix("{\"code\":3,\"message\":\""))
            let squeezed = try await receiver.post([1, 2, 3], headers: [.contentEncoding: "gzip"])
            #expect(squeezed.status == .badRequest)
            #expect(receiver.ingest.counters.malformedRequests == 3)
        }
    }

    @Test("other methods, types, encodings and paths")
    func wrongRequests() async throws {
        try await withReceiver(store: InMemoryTraceStore()) { (receiver) async throws in
            let get = try await receiver.client.execute(uri: "/v1/traces", method: .get)
            #expect(get.status == .methodNotAllowed)
            #expect(text(get) == "405 method not allowed, supported: [POST]")
            #expect(get.headers[.contentType] == "text/plain")
            for type in ["text/plain", nil] {
                let response = try await receiver.post([], type: type)
                #expect(response.status == .unsupportedMediaType)
                #expect(text(response) == "415 unsupported media type, supported: [application/json, application/x-protobuf]")
            }
            let brotli = try await receiver.post([], type: "application/json", headers: [.contentEncoding: "br"])
            #expect(brotli.status == .unsupportedMediaType)
            #expect(brotli.headers[.acceptEncoding] == "gzip, deflate, zstd, snappy, identity")
            for path in ["/v1/metrics", "/v1/logs"] {
                let response = try await receiver.post([], type: "application/json", path: path)
                #expect(response.status == .notFound)
                #expect(text(response).contains("stores traces only"))
            }
            #expect(try await receiver.post([], path: "/elsewhere").status == .notFound)
        }
    }

    @Test("a body over the limit, also after decompression, gets 413")
    func tooLarge() async throws {
        try await withReceiver(store: InMemoryTraceStore(), limits: ReceiverLimits(maximumRequestSize: 2000)) { (receiver) async throws in
            let large = OTLPProtobuf.encode(batch(spans: 100))
            #expect(try await receiver.post(large).status == .contentTooLarge)
            let squeezed = Gzip.compress(large)
            #expect(squeezed.count < 2000)
            let response = try await receiver.post(squeezed, type: "application/x-protobuf", headers: [.contentEncoding: "gzip"])
            #expect(response.status == .contentTooLarge)
            #expect(try await receiver.post(OTLPProtobuf.encode(batch(spans: 2))).status == .ok)
        }
    }

    @Test("a full queue is answered 429 with Retry-After, a failing store 503")
    func refusals() async throws {
        let store = GatedStore()
        store.fail(0)
        try await withReceiver(store: store, configuration: SpanIngestConfiguration(maximumPendingSpans: 4, retryAfterSeconds: 2)) { (receiver) async throws in
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { _ = try? await receiver.ingest.accept(batch(spans: 4)) }
                await store.begun(1)
                let refused = try await receiver.post(OTLPJSON.encode(batch(spans: 1)), type: "application/json")
                #expect(refused.status == .tooManyRequests)
                #expect(refused.headers[.retryAfter] == "2")
                #expect(text(refused).hasPrefix("{\"code\":8,"))
                store.open(forever: true)
                try await group.waitForAll()
            }
            store.fail(1)
            let failed = try await receiver.post(OTLPJSON.encode(batch(spans: 1)), type: "application/json")
            #expect(failed.status == .serviceUnavailable)
            #expect(text(failed).hasPrefix("{\"code\":14,"))
            #expect(failed.headers[.retryAfter] == "2")
        }
    }

    @Test("browsers may send only from the origins of the setting")
    func browsers() async throws {
        let cors = CORSPolicy(allowedOrigins: ["https://shop.example", "http://localhost:*"])
        try await withReceiver(store: InMemoryTraceStore(), cors: cors) { (receiver) async throws in
            let origin = "http://localhost:3000"
            let preflight = try await receiver.client.execute(
                uri: "/v1/traces",
                method: .options,
                headers: [.origin: origin, .accessControlRequestMethod: "POST", .accessControlRequestHeaders: "content-type"]
            )
            #expect(preflight.status == .noContent)
            #expect(preflight.headers[.accessControlAllowOrigin] == origin)
            #expect(preflight.headers[.accessControlAllowMethods] == "POST")
            #expect(preflight.headers[.accessControlAllowHeaders] == "content-type")
            let post = try await receiver.post([], headers: [.origin: origin])
            #expect(post.headers[.accessControlAllowOrigin] == origin)
            let foreign = try await receiver.post([], headers: [.origin: "https://other.example"])
            #expect(foreign.headers[.accessControlAllowOrigin] == nil)
        }
        #expect(CORSPolicy(allowedOrigins: ["*"]).allows(origin: "https://any.example"))
        #expect(!CORSPolicy(allowedOrigins: ["http://a*a"]).allows(origin: "http://a"))
        try await withReceiver(store: InMemoryTraceStore()) { (receiver) async throws in
            #expect(try await receiver.client.execute(uri: "/v1/traces", method: .options).status == .methodNotAllowed)
        }
    }
}
