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

/// The protocols over HTTP whose answers are 202 or a text.
enum PlainHTTPProtocol: String, CaseIterable {
    case zipkin
    case jaeger

    var path: String { self == .zipkin ? "/api/v2/spans" : "/api/traces" }
    var type: String { self == .zipkin ? "application/json" : "application/x-thrift" }
    var spanProtocol: SpanProtocol { self == .zipkin ? .zipkin : .jaegerHTTP }

    func encode(_ batch: SpanBatch) -> [UInt8] {
        switch self {
        case .zipkin: ZipkinJSON.encode(batch)
        case .jaeger: JaegerThrift.encodeBinaryBatch(batch.resourceSpans[0])
        }
    }

    func withReceiver(
        store: any TraceStore,
        configuration: SpanIngestConfiguration = SpanIngestConfiguration(),
        limits: ReceiverLimits = ReceiverLimits(),
        _ body: @Sendable @escaping (HTTPReceiverFixture) async throws -> Void
    ) async throws {
        switch self {
        case .zipkin:
            try await withHTTPReceiver(store: store, configuration: configuration) { ingest in
                ZipkinReceiver(host: "127.0.0.1", port: 0, ingest: ingest, limits: limits, logger: quietLogger).server
            } _: { try await body($0) }
        case .jaeger:
            try await withHTTPReceiver(store: store, configuration: configuration) { ingest in
                JaegerHTTPReceiver(host: "127.0.0.1", port: 0, ingest: ingest, limits: limits, logger: quietLogger).server
            } _: { try await body($0) }
        }
    }
}

extension HTTPReceiverFixture {
    fileprivate func post(_ body: [UInt8], over http: PlainHTTPProtocol, headers: HTTPFields = [:]) async throws -> TestResponse {
        try await post(body, to: http.path, type: http.type, headers: headers)
    }
}

@Suite("Zipkin and Jaeger over HTTP", .timeLimit(.minutes(20)))
struct SpanHTTPReceiverTests {
    @Test("spans, plain and compressed, are stored before the answer 202", arguments: PlainHTTPProtocol.allCases, ["", "gzip", "deflate", "zstd", "snappy"])
    func stored(http: PlainHTTPProtocol, encoding: String) async throws {
        let store = InMemoryTraceStore()
        try await http.withReceiver(store: store) { (receiver) async throws in
            let plain = http.encode(batch(spans: 4))
            let body =
                switch encoding {
                case "gzip": Gzip.compress(plain)
                case "deflate": Zlib.compress(plain)
                case "zstd": Zstd.compress(plain)
                case "snappy": Snappy.compress(plain)
                default: plain
                }
            let response = try await receiver.post(body, over: http, headers: encoding.isEmpty ? [:] : [.contentEncoding: encoding])
            #expect(response.status == .accepted)
            #expect(response.body.readableBytes == 0)
            let stored = try #require(try await store.trace(TraceID(high: 0, low: 7))).batch
            #expect(stored.spanCount == 4)
            #expect(stored.resourceSpans.first?.resource.serviceName == "sender")
            #expect(stored.resourceSpans.first?.scopeSpans.first?.spans.map(\.name) == (0..<4).map { "step \($0)" })
            #expect(receiver.ingest.counters.receivedByProtocol == [http.spanProtocol: 4])
        }
    }

    @Test("what cannot be read is 400 with the reason, and the next request is served", arguments: PlainHTTPProtocol.allCases)
    func malformed(http: PlainHTTPProtocol) async throws {
        try await http.withReceiver(store: InMemoryTraceStore()) { (receiver) async throws in
            let good = http.encode(batch(spans: 3))
            for body in [[0xff, 0xff, 0xff], Array(good.dropLast(5)), Array("{".utf8)] {
                let response = try await receiver.post(body, over: http)
                #expect(response.status == .badRequest)
                #expect(response.headers[.contentType] == "text/plain")
                #expect(response.text.count > 10, "\(response.text)")
            }
            let squeezed = try await receiver.post([1, 2, 3], over: http, headers: [.contentEncoding: "gzip"])
            #expect(squeezed.status == .badRequest)
            #expect(squeezed.text.contains("decompressed"))
            #expect(receiver.ingest.counters.malformedRequests == 4)
            #expect(receiver.ingest.counters.received == 0)
            #expect(try await receiver.post(good, over: http).status == .accepted)
        }
    }

    @Test("a span with a broken id is left out alone; a request of nothing else is 400", arguments: PlainHTTPProtocol.allCases)
    func brokenIDs(http: PlainHTTPProtocol) async throws {
        let store = InMemoryTraceStore()
        try await http.withReceiver(store: store) { (receiver) async throws in
            var spans = batch(spans: 3)
            spans.resourceSpans[0].scopeSpans[0].spans[1].spanID = SpanID(0)
            let response = try await receiver.post(http.encode(spans), over: http)
            #expect(response.status == .accepted)
            #expect(response.text.contains("span id"), "\(response.text)")
            #expect(receiver.ingest.counters.rejected == 1)
            #expect(try await store.trace(TraceID(high: 0, low: 7))?.batch.spanCount == 2)
            spans.resourceSpans[0].scopeSpans[0].spans = [spans.resourceSpans[0].scopeSpans[0].spans[1]]
            let nothing = try await receiver.post(http.encode(spans), over: http)
            #expect(nothing.status == .badRequest)
            #expect(nothing.text.contains("span id"), "\(nothing.text)")
        }
    }

    @Test("other methods, encodings and paths say what is expected", arguments: PlainHTTPProtocol.allCases)
    func wrongRequests(http: PlainHTTPProtocol) async throws {
        try await http.withReceiver(store: InMemoryTraceStore()) { (receiver) async throws in
            let get = try await receiver.client.execute(uri: http.path, method: .get)
            #expect(get.status == .methodNotAllowed)
            #expect(get.headers[.allow] == "POST")
            let brotli = try await receiver.post([], over: http, headers: [.contentEncoding: "br"])
            #expect(brotli.status == .unsupportedMediaType)
            #expect(brotli.headers[.acceptEncoding] == "gzip, deflate, zstd, snappy, identity")
            #expect(brotli.text.contains("\"br\" is not supported"))
            let elsewhere = try await receiver.post([], to: "/v1/traces", type: http.type)
            #expect(elsewhere.status == .notFound)
            #expect(elsewhere.text.contains("POST \(http.path)"))
        }
    }

    @Test("a body over the limit, also after decompression, gets 413", arguments: PlainHTTPProtocol.allCases)
    func tooLarge(http: PlainHTTPProtocol) async throws {
        try await http.withReceiver(store: InMemoryTraceStore(), limits: ReceiverLimits(maximumRequestSize: 2000)) { (receiver) async throws in
            let large = http.encode(batch(spans: 60))
            let plain = try await receiver.post(large, over: http)
            #expect(plain.status == .contentTooLarge)
            #expect(plain.text.contains("larger than 2000 bytes"))
            let squeezed = Gzip.compress(large)
            #expect(squeezed.count < 2000)
            #expect(try await receiver.post(squeezed, over: http, headers: [.contentEncoding: "gzip"]).status == .contentTooLarge)
            #expect(try await receiver.post(http.encode(batch(spans: 2)), over: http).status == .accepted)
        }
    }

    @Test("a full queue is answered 429 with Retry-After, a failing store 503 or 500", arguments: PlainHTTPProtocol.allCases)
    func refusals(http: PlainHTTPProtocol) async throws {
        let store = GatedStore()
        store.fail(1)
        let configuration = SpanIngestConfiguration(maximumPendingSpans: 4, retryAfterSeconds: 2)
        try await http.withReceiver(store: store, configuration: configuration) { (receiver) async throws in
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await receiver.ingest.accept(batch(spans: 4)) }
                await store.begun(1)
                let refused = try await receiver.post(http.encode(batch(spans: 1)), over: http)
                #expect(refused.status == .tooManyRequests)
                #expect(refused.headers[.retryAfter] == "2")
                store.open(forever: true)
                try await group.waitForAll()
            }
            let failed = try await receiver.post(http.encode(batch(spans: 1)), over: http)
            // Jaeger's collector has one answer for a batch that it cannot hand on.
            #expect(failed.status == (http == .jaeger ? .internalServerError : .serviceUnavailable))
            if http == .jaeger { #expect(failed.text.hasPrefix("Cannot submit Jaeger batch: ")) }
            #expect(failed.headers[.retryAfter] == "2")
            #expect(try await receiver.post(http.encode(batch(spans: 1)), over: http).status == .accepted)
        }
    }

    @Test("the bytes under way are bounded over all receivers together")
    func bytesUnderWay() async throws {
        let store = GatedStore()
        let body = ZipkinJSON.encode(batch(spans: 4))
        let configuration = SpanIngestConfiguration(maximumRequestBytes: body.count + 10)
        try await PlainHTTPProtocol.zipkin.withReceiver(store: store, configuration: configuration) { (zipkin) async throws in
            let jaeger = JaegerHTTPReceiver(host: "127.0.0.1", port: 0, ingest: zipkin.ingest, logger: quietLogger)
            try await jaeger.server.makeApplication().test(.live) { client in
                try await withThrowingTaskGroup(of: Void.self) { group in
                    group.addTask {
                        let first = try await zipkin.post(body, over: .zipkin)
                        #expect(first.status == .accepted)
                    }
                    await store.begun(1)
                    let other = HTTPReceiverFixture(client: client, ingest: zipkin.ingest)
                    let refused = try await other.post(PlainHTTPProtocol.jaeger.encode(batch(spans: 4)), over: .jaeger)
                    #expect(refused.status == .tooManyRequests)
                    #expect(refused.headers[.retryAfter] == "1")
                    store.open(forever: true)
                    try await group.waitForAll()
                    #expect(try await other.post(PlainHTTPProtocol.jaeger.encode(batch(spans: 4)), over: .jaeger).status == .accepted)
                }
            }
        }
    }

    @Test("Zipkin's JSON comes under any media type but that of another format", arguments: ["application/json; charset=utf-8", "text/plain", nil])
    func zipkinTypes(type: String?) async throws {
        try await PlainHTTPProtocol.zipkin.withReceiver(store: InMemoryTraceStore()) { (receiver) async throws in
            #expect(try await receiver.post(ZipkinJSON.encode(batch(spans: 1)), to: "/api/v2/spans", type: type).status == .accepted)
            #expect(try await receiver.post(Array("[]".utf8), to: "/api/v2/spans", type: type).status == .accepted)
            let old = """
                [{"traceId":"000000000000002a","id":"000000000000002b","name":"old","timestamp":1700000000000000,"duration":10,
                "annotations":[{"timestamp":1700000000000000,"value":"sr","endpoint":{"serviceName":"elder"}}]}]
                """
            #expect(try await receiver.post(Array(old.utf8), to: "/api/v1/spans", type: type).status == .accepted)
            let refused = try await receiver.post([], to: "/api/v2/spans", type: "application/x-thrift")
            #expect(refused.status == .unsupportedMediaType)
            #expect(refused.text.contains("application/json"))
            // No bytes are no spans.
            #expect(try await receiver.post([], to: "/api/v2/spans", type: type).status == .accepted)
        }
    }

    @Test("Zipkin's protobuf is told by its media type")
    func zipkinProtobuf() async throws {
        let store = InMemoryTraceStore()
        try await PlainHTTPProtocol.zipkin.withReceiver(store: store) { (receiver) async throws in
            // ListOfSpans { 1: Span { 1: trace id, 3: id, 5: name, 6: timestamp, 7: duration, 8: { 1: service } } }
            let span: [UInt8] =
                [0x0a, 8, 0, 0, 0, 0, 0, 0, 0, 42, 0x1a, 8, 0, 0, 0, 0, 0, 0, 0, 43, 0x2a, 3] + Array("new".utf8)
                + [0x31, 0, 0, 0, 0, 1, 0, 0, 0, 0x38, 10, 0x42, 3, 0x0a, 1, 0x73]
            let body = [0x0a, UInt8(span.count)] + span
            let response = try await receiver.post(body, to: "/api/v2/spans", type: "application/x-protobuf")
            #expect(response.status == .accepted, "\(response.text)")
            let stored = try #require(try await store.trace(TraceID(high: 0, low: 42))).batch
            #expect(stored.resourceSpans.first?.scopeSpans.first?.spans.map(\.name) == ["new"])
            let wrong = try await receiver.post(body, to: "/api/v1/spans", type: "application/x-protobuf")
            #expect(wrong.status == .unsupportedMediaType)
        }
    }

    @Test("Zipkin's first version comes as Thrift, too")
    func zipkinThrift() async throws {
        let store = InMemoryTraceStore()
        try await PlainHTTPProtocol.zipkin.withReceiver(store: store) { (receiver) async throws in
            // list<Span { 1: trace id, 3: name, 4: id, 10: timestamp, 11: duration }>
            let span: [UInt8] =
                [10, 0, 1, 0, 0, 0, 0, 0, 0, 0, 42, 11, 0, 3, 0, 0, 0, 3] + Array("old".utf8) + [10, 0, 4, 0, 0, 0, 0, 0, 0, 0, 43]
                + [10, 0, 10, 0, 0, 0, 0, 0, 0, 4, 0, 10, 0, 11, 0, 0, 0, 0, 0, 0, 0, 9, 0]
            let response = try await receiver.post([12, 0, 0, 0, 1] + span, to: "/api/v1/spans", type: "application/x-thrift")
            #expect(response.status == .accepted, "\(response.text)")
            let stored = try #require(try await store.trace(TraceID(high: 0, low: 42))).batch
            #expect(stored.resourceSpans.first?.scopeSpans.first?.spans.map(\.name) == ["old"])
            let broken = try await receiver.post([12, 0, 0, 0, 9], to: "/api/v1/spans", type: "application/x-thrift")
            #expect(broken.status == .badRequest)
            #expect(broken.text.contains("expected a list of Zipkin spans"), "\(broken.text)")
        }
    }

    @Test("more spans than a request may have are 413", arguments: PlainHTTPProtocol.allCases)
    func tooManySpans(http: PlainHTTPProtocol) async throws {
        try await http.withReceiver(store: InMemoryTraceStore(), limits: ReceiverLimits(maximumSpansPerRequest: 3)) { (receiver) async throws in
            let refused = try await receiver.post(http.encode(batch(spans: 4)), over: http)
            #expect(refused.status == .contentTooLarge)
            #expect(refused.text.contains("of 4 spans is larger than 3 spans"))
            #expect(try await receiver.post(http.encode(batch(spans: 3)), over: http).status == .accepted)
        }
    }

    @Test("Jaeger's Thrift needs its media type; the format may be named")
    func jaegerTypes() async throws {
        try await PlainHTTPProtocol.jaeger.withReceiver(store: InMemoryTraceStore()) { (receiver) async throws in
            let body = PlainHTTPProtocol.jaeger.encode(batch(spans: 1))
            for type in ["application/x-thrift", "application/vnd.apache.thrift.binary", "application/X-Thrift; charset=utf-8"] {
                #expect(try await receiver.post(body, to: "/api/traces?format=jaeger.thrift", type: type).status == .accepted)
            }
            for type in ["application/json", nil] {
                let refused = try await receiver.post(body, to: "/api/traces", type: type)
                #expect(refused.status == .badRequest)
                #expect(refused.text.hasPrefix("Unsupported content type: \(type ?? "")"))
                #expect(refused.text.contains("application/x-thrift, application/vnd.apache.thrift.binary"))
            }
            let format = try await receiver.post(body, to: "/api/traces?format=zipkin.thrift", type: "application/x-thrift")
            #expect(format.status == .badRequest)
            #expect(format.text.contains("zipkin.thrift"))
        }
    }
}
