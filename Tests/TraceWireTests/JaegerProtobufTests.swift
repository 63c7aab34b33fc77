import FuzzSupport
import Testing
import TraceModel
@testable import TraceWire

@Suite struct JaegerProtobufTests {
    @Test("What is written is read as the same spans, but for what Jaeger's messages have no room for")
    func roundTrip() throws {
        var random = RandomBatch(seed: 32)
        for _ in 0..<300 {
            for group in random.batch().resourceSpans where !group.scopeSpans.allSatisfy(\.spans.isEmpty) {
                let read = try JaegerProtobuf.decodePostSpansRequest(JaegerProtobuf.encodePostSpansRequest(group))
                #expect(read.rejectedSpanCount == 0)
                #expect(read.batch == JaegerRoundTrip.expected(group, 1))
            }
        }
    }

    @Test("The parent is the first reference, links follow")
    func bytes() {
        let span = Span(
            traceID: TraceID(high: 1, low: 2), spanID: SpanID(3), parentSpanID: SpanID(4), flags: 1, name: "op", startTime: 1_000_000_002, endTime: 3_000_000_002,
            attributes: [
                Attribute("s", "x"), Attribute("b", true), Attribute("i", -1), Attribute("d", 0.5), Attribute("y", .bytes([9])),
            ],
            links: [SpanLink(traceID: TraceID(high: 5, low: 6), spanID: SpanID(7))])
        let group = ResourceSpans(
            resource: Resource(attributes: [Attribute("service.name", "svc")]), scopeSpans: [ScopeSpans(spans: [span])])
        // Written by hand after jaeger-idl's model.proto.
        let expected = FullSpan.bytes(
            """
            0ac801
              0abe01
                0a10 0000000000000001 0000000000000002 1208 0000000000000003 1a02 6f70
                221c 0a10 0000000000000001 0000000000000002 1208 0000000000000004
                221e 0a10 0000000000000005 0000000000000006 1208 0000000000000007 1801
                2801 3204 0801 1002 3a02 0802
                4206 0a0173 1a0178
                4207 0a0162 1001 2001
                4210 0a0169 1002 28ffffffffffffffffff01
                420e 0a0164 1003 31000000000000e03f
                4208 0a0179 1004 3a0109
                4215 0a09 7370616e2e6b696e64 1a08 696e7465726e616c
              1205 0a03 737663
            """)
        #expect(JaegerProtobuf.encodePostSpansRequest(group) == expected)
    }

    @Test("A span's own process counts before the batch's")
    func processes() throws {
        let process = JaegerProtobufTests.message(10, Self.text(1, "own") + Self.message(2, Self.text(1, "k") + Self.text(3, "v")))
        let spans = [Self.span(1), Self.span(2, process), Self.span(3), Self.span(4, process)].flatMap { Self.message(1, $0) }
        let request = Self.message(1, spans + Self.message(2, Self.text(1, "shared")))
        let groups = try JaegerProtobuf.decodePostSpansRequest(request).batch.resourceSpans
        #expect(groups.map(\.resource.serviceName) == ["shared", "own"])
        #expect(groups.map { $0.scopeSpans[0].spans.map(\.spanID.value) } == [[1, 3], [2, 4]])
        #expect(groups[1].resource.attributes["k"] == "v")
    }

    @Test("Trace ids of eight bytes are padded, ids of other lengths cost the span")
    func ids() throws {
        let short = Self.message(1, Self.bytes(1, [0, 0, 0, 0, 0, 0, 0, 5]) + Self.bytes(2, [0, 0, 0, 0, 0, 0, 0, 6]))
        let wrong = Self.message(1, Self.bytes(1, [1, 2, 3]) + Self.bytes(2, [0, 0, 0, 0, 0, 0, 0, 6]) + Self.text(3, "odd"))
        let decoded = try JaegerProtobuf.decodePostSpansRequest(Self.message(1, short + wrong))
        #expect(decoded.batch.resourceSpans[0].scopeSpans[0].spans[0].traceID == TraceID(high: 0, low: 5))
        #expect(decoded.rejectedSpanCount == 1)
        #expect(decoded.rejectionMessage.contains("span 'odd' has trace id of 3 bytes"))
    }

    @Test("No bytes are no spans")
    func empty() throws {
        #expect(try JaegerProtobuf.decodePostSpansRequest([]).batch == SpanBatch())
    }

    @Test("Broken bytes are named as Jaeger's")
    func malformed() throws {
        let error = try #require(throws: WireError.self) { try JaegerProtobuf.decodePostSpansRequest([0x0a, 0x05, 0x0a]) }
        #expect(error.message == "malformed Jaeger protobuf at byte 1: found a field of 5 bytes where 1 are left; expected a PostSpansRequest of jaeger.api_v2")
    }

    // MARK: Messages by hand; all are short

    private static func span(_ id: UInt8, _ more: [UInt8] = []) -> [UInt8] {
        bytes(1, [UInt8](repeating: 7, count: 16)) + bytes(2, [0, 0, 0, 0, 0, 0, 0, id]) + more
    }

    private static func message(_ number: UInt8, _ body: [UInt8]) -> [UInt8] { bytes(number, body) }
    private static func text(_ number: UInt8, _ text: String) -> [UInt8] { bytes(number, Array(text.utf8)) }

    private static func bytes(_ number: UInt8, _ body: [UInt8]) -> [UInt8] {
        let length = body.count < 128 ? [UInt8(body.count)] : [UInt8(body.count & 0x7f) | 0x80, UInt8(body.count >> 7)]
        return [number << 3 | 2] + length + body
    }
}
