import Compression
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import JSONCoding
import NIOCore
import Testing
import TraceModel
import TraceStore
import TraceWire

@testable import TraceStudio

@Suite("Jaeger's query API", .timeLimit(.minutes(20)))
struct JaegerAPITests {
    private let old = "00000000000000000000000000000010"
    private let new = "00000000000000000000000000000020"

    private func names(_ value: JSONValue) -> [String] {
        (value["data"]?.arrayValue ?? []).compactMap(\.stringValue)
    }

    private func ids(_ value: JSONValue) -> [String] {
        (value["data"]?.arrayValue ?? []).compactMap { $0["traceID"]?.stringValue }
    }

    @Test("services and operations in the envelope")
    func services() async throws {
        try await Studio.run(shop) { (studio) async throws in
            let response = try await studio.get("/api/services")
            #expect(response.headers[.contentType] == "application/json")
            #expect(String(buffer: response.body) == #"{"data":["front","pay/ment"],"total":2,"limit":0,"offset":0,"errors":null}"#)
            #expect(names(try await studio.json("/api/services/pay%2Fment/operations")) == ["pay"])
            #expect(names(try await studio.json("/api/services/unknown/operations")) == [])
            let operations = try await studio.json("/api/operations?service=front&spanKind=server")
            #expect(operations["data"]?[0]?["name"]?.stringValue == "checkout")
            #expect(operations["data"]?[0]?["spanKind"]?.stringValue == "server")
            #expect(try await studio.json("/api/operations?service=front&spanKind=client")["total"]?.intValue == 0)
            for query in ["", "service=front&spanKind=sideways"] {
                _ = try await studio.json("/api/operations?\(query)", status: .badRequest)
            }
        }
    }

    @Test("a search finds complete traces, newest first")
    func search() async throws {
        try await Studio.run(shop) { (studio) async throws in
            #expect(ids(try await studio.json("/api/traces?service=front")) == [new, old])
            #expect(ids(try await studio.json("/api/traces?service=front&limit=1")) == [new])
            #expect(ids(try await studio.json("/api/traces?service=front&minDuration=50ms")) == [old])
            let found = try await studio.json("/api/traces?service=pay%2Fment&tags=%7B%22http.status_code%22%3A%22500%22%7D")
            #expect(ids(found) == [old])
            #expect(found["data"]?[0]?["spans"]?.arrayValue?.count == 2)
            let byID = try await studio.json("/api/traces?traceID=20&traceID=30")
            #expect(ids(byID) == [new])
            #expect(byID["errors"]?[0]?["code"]?.intValue == 404)
            #expect(byID["errors"]?[0]?["traceID"]?.stringValue == "00000000000000000000000000000030")
        }
    }

    @Test("one trace in Jaeger's shape")
    func trace() async throws {
        try await Studio.run(shop) { (studio) async throws in
            let answer = try await studio.json("/api/traces/10")
            #expect(answer["total"]?.intValue == 1)
            let trace = try #require(answer["data"]?[0])
            #expect(trace["traceID"]?.stringValue == old)
            let pay = try #require(trace["spans"]?.arrayValue?.first { $0["operationName"]?.stringValue == "pay" })
            #expect(pay["references"]?[0]?["refType"]?.stringValue == "CHILD_OF")
            #expect(pay["duration"]?.intValue == 40_000)
            let process = try #require(pay["processID"]?.stringValue)
            #expect(trace["processes"]?[process]?["serviceName"]?.stringValue == "pay/ment")
            let pretty = try await studio.get("/api/traces/10?prettyPrint=true")
            #expect(String(buffer: pretty.body).hasPrefix("{\n    \"data\": [\n        {\n            \"traceID\""))
            _ = try await studio.json("/api/traces/\(old)?raw=true")
        }
    }

    @Test("errors are the envelope as text/plain")
    func errors() async throws {
        try await Studio.run(shop) { (studio) async throws in
            let missing = try await studio.get("/api/traces/99")
            #expect(missing.status == .notFound)
            #expect(missing.headers[.contentType] == "text/plain; charset=utf-8")
            #expect(missing.headers[.xContentTypeOptions] == "nosniff")
            #expect(
                String(buffer: missing.body)
                    == #"{"data":null,"total":0,"limit":0,"offset":0,"errors":[{"code":404,"msg":"trace not found"}]}"#
            )
            #expect(try await studio.get("/api/traces/nohex").status == .badRequest)
            #expect(try await studio.get("/api/traces").status == .badRequest)
            #expect(try await studio.get("/api/elsewhere").status == .notFound)
            let wrongMethod = try await studio.get("/api/services", method: .post)
            #expect(wrongMethod.status == .methodNotAllowed)
            #expect(wrongMethod.headers[.allow] == "GET, HEAD")
            #expect(try await studio.get("/api/archive/10").headers[.allow] == "POST")
            #expect(try await studio.get("/api/services", headers: [.origin: "http://elsewhere"]).headers[.accessControlAllowOrigin] == nil)
            #expect(try await studio.get("/api/traces/10?start=soon").status == .badRequest)
            let head = try await studio.get("/api/services", method: .head)
            #expect(head.status == .ok)
            #expect(head.body.readableBytes == 0)
        }
    }

    @Test("calls between services")
    func dependencies() async throws {
        try await Studio.run(shop) { (studio) async throws in
            let all = try await studio.json("/api/dependencies?endTs=\(Studio.now / 1_000_000)&lookback=86400000")
            #expect(all["data"]?.arrayValue?.count == 1)
            #expect(all["data"]?[0]?["parent"]?.stringValue == "front")
            #expect(all["data"]?[0]?["child"]?.stringValue == "pay/ment")
            #expect(all["data"]?[0]?["callCount"]?.intValue == 1)
            #expect(try await studio.json("/api/dependencies?service=other")["total"]?.intValue == 0)
            #expect(try await studio.json("/api/dependencies?lookback=60")["total"]?.intValue == 0)
        }
    }

    @Test("large answers are compressed for those who can read it")
    func compression() async throws {
        let spans = (1...100).map { span(trace: 5, $0, "a rather long name of a step", secondsAgo: 1, milliseconds: 1) }
        let store = InMemoryTraceStore()
        for one in spans { try await store.append([batch("s", one)]) }
        try await Studio.run(store: store) { (studio) async throws in
            let plain = try await studio.get("/api/traces/5")
            #expect(plain.headers[.contentEncoding] == nil)
            #expect(plain.headers[.vary] == "Accept-Encoding")
            let squeezed = try await studio.get("/api/traces/5", headers: [.acceptEncoding: "br, gzip;q=0.5"])
            #expect(squeezed.headers[.contentEncoding] == "gzip")
            let unpacked = try Gzip.decompress(Array(squeezed.body.readableBytesView), maximumSize: 1 << 20)
            #expect(unpacked == Array(plain.body.readableBytesView))
            let small = try await studio.get("/api/services", headers: [.acceptEncoding: "gzip"])
            #expect(small.headers[.contentEncoding] == nil)
        }
        for (header, accepted) in [("gzip", true), ("*", true), ("gzip;q=0", false), ("br", false), ("identity, GZIP ; q=1", true)] {
            #expect(Answer.acceptsGzip([.acceptEncoding: header]) == accepted)
        }
        #expect(!Answer.acceptsGzip([:]))
    }

    @Test("a store that fails is told, with status 500")
    func storeFailure() async throws {
        let store = InMemoryTraceStore()
        await store.close()
        try await Studio.run(store: store) { (studio) async throws in
            let body = try await studio.json("/api/services", status: .internalServerError)
            #expect(body["errors"]?[0]?["msg"]?.stringValue == "the trace store could not answer: the trace store is closed")
        }
    }

    @Test("no services are null")
    func noServices() async throws {
        try await Studio.run([]) { (studio) async throws in
            #expect(try await studio.text("/api/services").body == #"{"data":null,"total":0,"limit":0,"offset":0,"errors":null}"#)
        }
    }

    @Test("an archived trace stays when the store has forgotten it")
    func archive() async throws {
        let store = InMemoryTraceStore()
        try await store.append(shop)
        let archive = InMemoryTraceStore()
        try await Studio.run(store: store, archive: archive) { (studio) async throws in
            let kept = try await studio.post("/api/archive/10", [])
            #expect(kept.status == .ok)
            #expect(String(buffer: kept.body) == #"{"data":[],"total":0,"limit":0,"offset":0,"errors":null}"#)
            // Again: nothing is kept twice.
            _ = try await studio.post("/api/archive/10", [])
            #expect(try await archive.statistics().spanCount == 2)
            #expect(try await studio.post("/api/archive/99", []).status == .notFound)
            #expect(try await studio.post("/api/archive/nohex", []).status == .badRequest)
            #expect(try await studio.json("/api/traces/10")["data"]?[0]?["spans"]?.arrayValue?.count == 2)
        }
        try await Studio.run(store: InMemoryTraceStore(), archive: archive) { (studio) async throws in
            #expect(ids(try await studio.json("/api/traces/10")) == [old])
            #expect(ids(try await studio.json("/api/traces?service=front")) == [])
        }
        try await Studio.run(store: store) { (studio) async throws in
            let refused = try await studio.post("/api/archive/10", [])
            #expect(refused.status == .internalServerError)
            #expect(String(buffer: refused.body).contains("archive span storage was not configured"))
        }
    }

    @Test("OTLP's JSON is turned into Jaeger's")
    func transform() async throws {
        try await Studio.run([]) { (studio) async throws in
            let response = try await studio.post("/api/transform", OTLPJSON.encode(SpanBatch(resourceSpans: shop.flatMap(\.resourceSpans))))
            let body = try JSONValue.parse(Array(response.body.readableBytesView))
            #expect(ids(body) == [old, new])
            #expect(body["data"]?[0]?["spans"]?.arrayValue?.count == 2)
            let refused = try await studio.post("/api/transform", Array("{".utf8))
            #expect(refused.status == .badRequest)
            #expect(String(buffer: refused.body).contains("cannot unmarshal OTLP : "))
        }
    }

    @Test("adjusters work unless raw is asked for")
    func adjusters() async throws {
        let skewed = [
            batch("a", span(trace: 7, 1, "parent", secondsAgo: 10, milliseconds: 100)),
            SpanBatch(
                resource: Resource(attributes: [Attribute("service.name", "b"), Attribute("host.name", "other")]), scope: InstrumentationScope(),
                spans: [span(trace: 7, 2, parent: 1, "child", secondsAgo: 11, milliseconds: 20)]
            ),
        ]
        let store = InMemoryTraceStore()
        try await store.append(skewed)
        @Sendable func child(_ answer: JSONValue) -> JSONValue? { answer["data"]?[0]?["spans"]?.arrayValue?.first { $0["operationName"]?.stringValue == "child" } }
        try await Studio.run(store: store) { (studio) async throws in
            let told = child(try await studio.json("/api/traces/7"))
            #expect(told?["warnings"]?[0]?.stringValue == "clock skew adjustment disabled; not applying calculated delta of 1.04s")
            #expect(child(try await studio.json("/api/traces/7?raw=true"))?["warnings"] == .null)
        }
        try await Studio.run(store: store, maximumClockSkew: 2_000_000_000) { (studio) async throws in
            let moved = child(try await studio.json("/api/traces/7"))
            #expect(moved?["warnings"]?[0]?.stringValue == "This span's timestamps were adjusted by 1.04s")
            #expect(moved?["startTime"]?.intValue == Int64(Studio.now / 1000) - 10_000_000 + 40_000)
        }
    }
}
