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

@Suite("Long answers", .timeLimit(.minutes(2)))
struct LongAnswerTests {
    static let count: UInt64 = 4_000
    static let batch = SpanBatch(
        resource: Resource(attributes: [Attribute("service.name", "many")]), scope: InstrumentationScope(name: "test"),
        spans: (1...count).map { number in
            Span(
                traceID: TraceID(high: 0, low: 9), spanID: SpanID(number), parentSpanID: number == 1 ? nil : SpanID(1), name: "step \(number)", kind: .server,
                startTime: Studio.now + number, endTime: Studio.now + number + 1000, attributes: [Attribute("number", .int(Int64(number)))]
            )
        }
    )

    private static func spans(_ batch: SpanBatch) -> Set<Span> { Set(batch.resourceSpans.flatMap { $0.scopeSpans.flatMap(\.spans) }) }

    @Test("come in chunks, whole, also with gzip and indented")
    func chunks() async throws {
        try await Studio.run([Self.batch]) { studio in
            for path in ["/api/traces/9", "/api/v3/traces/9", "/api/ui/trace/9/export", "/api/traces?traceID=9", "/api/traces/9?prettyPrint=true"] {
                let plain = try await studio.get(path)
                #expect(plain.status == .ok && plain.headers[.contentLength] == nil && plain.headers[.contentEncoding] == nil, "\(path)")
                #expect(plain.body.readableBytes > Answer.pieceSize)
                let text = Array(plain.body.readableBytesView)
                _ = try JSONValue.parse(text)
                let packed = try await studio.get(path, headers: [.acceptEncoding: "gzip"])
                #expect(packed.headers[.contentEncoding] == "gzip" && packed.headers[.vary] == "Accept-Encoding")
                #expect(try Gzip.decompress(Array(packed.body.readableBytesView), maximumSize: text.count) == text, "\(path)")
            }
            let exported = try await studio.get("/api/ui/trace/9/export")
            #expect(try Self.spans(OTLPJSON.decode(Array(exported.body.readableBytesView)).batch) == Self.spans(Self.batch))
            let head = try await studio.get("/api/v3/traces/9", method: .head)
            #expect(head.status == .ok && head.body.readableBytes == 0)
        }
    }

    @Test("of Tempo and Zipkin are whole, too")
    func otherDialects() async throws {
        try await Studio.runTempo([Self.batch]) { studio in
            let first = try await studio.get("/api/traces/9", headers: [.accept: "application/protobuf"])
            #expect(try Self.spans(OTLPProtobuf.decode(Array(first.body.readableBytesView)).batch) == Self.spans(Self.batch))
            let second = try await studio.get("/api/v2/traces/9", headers: [.accept: "application/protobuf"])
            // The trace is the first field, and its length stands before it.
            #expect(second.headers[.contentLength] == "\(second.body.readableBytes)")
            #expect(second.body.readableBytes > first.body.readableBytes)
            for path in ["/api/traces/9", "/api/v2/traces/9"] { #expect(try await studio.get(path).body.readableBytes > Answer.pieceSize) }
        }
        try await Studio.runZipkin([Self.batch]) { studio in
            for path in ["/api/v2/trace/9", "/api/v2/traces?endTs=\(Studio.now / 1_000_000 + 1_000)"] {
                let json = try await studio.json(path)
                let list = path.contains("?") ? try #require(json[0]) : json
                #expect(list.arrayValue?.count == Int(Self.count), "\(path)")
            }
        }
    }

    @Test("short ones have a length")
    func short() async throws {
        try await Studio.run(shop) { studio in
            for path in ["/api/traces/10", "/api/v3/traces/10", "/api/ui/trace/10", "/api/ui/trace/10/export"] {
                let answer = try await studio.get(path)
                #expect(answer.headers[.contentLength] == "\(answer.body.readableBytes)", "\(path)")
            }
        }
    }

    @Test("a page that has the newest version costs no reading")
    func unchanged() async throws {
        let store = CountingStore()
        try await store.append([Self.batch])
        try await Studio.run(store: store) { studio in
            let first = try await studio.get("/api/ui/trace/9")
            let tag = try #require(first.headers[.eTag])
            let version = try #require(try JSONValue.parse(Array(first.body.readableBytesView))["version"]?.stringValue)
            #expect(store.reads == 1)
            #expect(try await studio.get("/api/ui/trace/9", headers: [.ifNoneMatch: tag]).status == .notModified)
            #expect(try await studio.json("/api/ui/trace/9?since=\(version)")["changed"]?.boolValue == false)
            #expect(store.reads == 1)
            var late = Self.batch
            late.resourceSpans[0].scopeSpans[0].spans = [Span(traceID: TraceID(high: 0, low: 9), spanID: SpanID(77_777), name: "late", startTime: Studio.now, endTime: Studio.now)]
            try await store.append([late])
            let changed = try await studio.json("/api/ui/trace/9?since=\(version)")
            #expect(changed["changed"]?.boolValue == true && changed["newSpans"]?.intValue == 1)
            #expect(try await studio.get("/api/ui/trace/9", headers: [.ifNoneMatch: tag]).status == .ok)
        }
    }

    @Test("a large trace that finds no place is refused, small ones are not")
    func gate() async throws {
        let gate = LargeTraceGate(capacity: 1, patience: .zero)
        let store = InMemoryTraceStore()
        try await store.append(shop)
        try await store.append([
            SpanBatch(
                resource: Resource(), scope: InstrumentationScope(),
                spans: (1...UInt64(LargeTraceGate.smallSize / 200 + 1)).map { Span(traceID: TraceID(high: 0, low: 9), spanID: SpanID($0), name: "s", startTime: 1, endTime: 2) }
            )
        ])
        let held = try await gate.enter(size: LargeTraceGate.smallSize + 1)
        try await Studio.run(store: store, gate: gate) { studio in
            for path in ["/api/traces/9", "/api/v3/traces/9", "/api/ui/trace/9"] {
                let refused = try await studio.get(path)
                #expect(refused.status == .serviceUnavailable && refused.headers[.retryAfter] == "1", "\(path)")
                #expect(String(buffer: refused.body).contains("large traces"))
            }
            #expect(try await studio.get("/api/traces/10").status == .ok)
        }
        #expect(held != nil)
    }
}
