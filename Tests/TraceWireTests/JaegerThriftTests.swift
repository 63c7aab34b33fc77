import FuzzSupport
import Testing
import TraceModel
@testable import TraceWire

@Suite struct JaegerThriftTests {
    @Test("A datagram of Jaeger's own library for port 6831 is read")
    func compactGolden() throws {
        let decoded = try JaegerThrift.decodeCompactMessage(JaegerGolden.compactMessage)
        #expect(decoded.batch == JaegerGolden.batch)
        #expect(decoded.rejectedSpanCount == 0)
    }

    @Test("A datagram of Jaeger's own library for port 6832 is read, in the strict form and the one before it")
    func binaryGolden() throws {
        #expect(try JaegerThrift.decodeBinaryMessage(JaegerGolden.binaryMessage).batch == JaegerGolden.batch)
        #expect(try JaegerThrift.decodeBinaryMessage(JaegerGolden.oldBinaryMessage).batch == JaegerGolden.batch)
    }

    @Test("A request body of Jaeger's own library for port 14268 is read")
    func bareGolden() throws {
        #expect(try JaegerThrift.decodeBinaryBatch(JaegerGolden.binaryBatch).batch == JaegerGolden.batch)
    }

    @Test("A call is taken as a one-way call is")
    func calls() throws {
        var compact = JaegerGolden.compactMessage
        compact[1] = 0x21
        #expect(try JaegerThrift.decodeCompactMessage(compact).batch == JaegerGolden.batch)
        var binary = JaegerGolden.binaryMessage
        binary[3] = 1
        #expect(try JaegerThrift.decodeBinaryMessage(binary).batch == JaegerGolden.batch)
    }

    @Test("What is written has the bytes that Jaeger's own library writes")
    func goldenBytes() {
        // Written from Jaeger's side, because the sender of the golden bytes put `span.kind` before its own tags and gave no
        // `otel.status_code`, which the model's spans always have.
        let process = JaegerThriftEncoder<CompactThriftWriter>.encode(JaegerGolden.process)
        var compact = JaegerThriftEncoder<CompactThriftWriter>()
        compact.span(JaegerGolden.span)
        #expect(
            JaegerThriftEncoder<CompactThriftWriter>.message(process: process, spans: compact.writer.bytes, count: 1) == JaegerGolden.compactMessage)
        let binaryProcess = JaegerThriftEncoder<BinaryThriftWriter>.encode(JaegerGolden.process)
        var binary = JaegerThriftEncoder<BinaryThriftWriter>()
        binary.span(JaegerGolden.span)
        let spans = binary.writer.bytes
        #expect(JaegerThriftEncoder<BinaryThriftWriter>.message(process: binaryProcess, spans: spans, count: 1) == JaegerGolden.binaryMessage)
        #expect(JaegerThriftEncoder<BinaryThriftWriter>.batch(process: binaryProcess, spans: spans, count: 1) == JaegerGolden.binaryBatch)
    }

    @Test("What is written is read as the same spans, but for what Thrift has no room for", arguments: JaegerForm.thrift)
    func roundTrip(_ form: JaegerForm) throws {
        var random = RandomBatch(seed: 31)
        for _ in 0..<300 {
            for group in random.batch().resourceSpans where !group.scopeSpans.allSatisfy(\.spans.isEmpty) {
                let read = try form.decode(form.encode(group))
                #expect(read.rejectedSpanCount == 0)
                #expect(read.batch == JaegerRoundTrip.expected(group, form.precision))
            }
        }
        let full = FullSpan.batch.resourceSpans[0]
        #expect(try form.decode(form.encode(full)).batch == JaegerRoundTrip.expected(full, form.precision))
    }

    @Test("A span without valid ids is refused alone and named")
    func invalidIDs() throws {
        var group = FullSpan.batch.resourceSpans[0]
        group.scopeSpans[0].spans.append(contentsOf: [FullSpan.span, FullSpan.span])
        group.scopeSpans[0].spans[1].traceID = TraceID(high: 0, low: 0)
        group.scopeSpans[0].spans[2].spanID = SpanID(0)
        group.scopeSpans[0].spans[1].name = "lost"
        let decoded = try JaegerThrift.decodeBinaryBatch(JaegerThrift.encodeBinaryBatch(group))
        #expect(decoded.batch.spanCount == 1)
        #expect(decoded.rejectedSpanCount == 2)
        #expect(decoded.rejectionMessage == "2 spans rejected; the first: span 'lost' has trace id missing or all zero, expected 16 bytes that are not all zero")
    }

    @Test("Fields that the schema does not have are stepped over, whatever their type")
    func unknownFields() throws {
        // Batch {3: i64, 9: {every type}, 1: process, 2: spans}, put together by hand around the golden process and span.
        var writer = CompactThriftWriter()
        writer.oneway("emitBatch")
        let arguments = writer.beginStruct()
        writer.field(1, .structure)
        let batch = writer.beginStruct()
        writer.field(3, Int64(7))
        writer.field(40, .structure)
        let unknown = writer.beginStruct()
        writer.field(1, true)
        writer.field(2, Int32(-3))
        writer.field(3, "text")
        writer.field(4, .double)
        writer.double(1)
        writer.field(5, .list)
        // Three booleans.
        writer.bytes += [0x31, 1, 2, 1]
        writer.field(6, .map)
        // Two entries, string to list of i32.
        writer.bytes += [2, 0x89, 1, 0x61, 0x15, 2, 1, 0x62, 0x05]
        writer.field(7, .set)
        writer.bytes += [0x03]
        writer.field(8, .int16)
        writer.int64(1)
        writer.field(9, .byte)
        writer.bytes += [1]
        writer.field(10, .map)
        writer.bytes += [0]
        writer.endStruct(unknown)
        writer.field(1, .structure)
        writer.bytes += JaegerThriftEncoder<CompactThriftWriter>.encode(JaegerGolden.process)
        writer.field(2, .list)
        writer.structures(1)
        var span = JaegerThriftEncoder<CompactThriftWriter>()
        span.span(JaegerGolden.span)
        writer.bytes += span.writer.bytes
        writer.endStruct(batch)
        writer.endStruct(arguments)
        #expect(try JaegerThrift.decodeCompactMessage(writer.bytes).batch == JaegerGolden.batch)
    }

    @Test("A call of another method is refused by name")
    func otherMethods() throws {
        var writer = CompactThriftWriter()
        writer.oneway("submitBatches")
        writer.bytes += [0]
        let error = try #require(throws: WireError.self) { try JaegerThrift.decodeCompactMessage(writer.bytes) }
        #expect(error.message.contains("\"submitBatches\"; only emitBatch and emitZipkinBatch are understood"))
        var reply = JaegerGolden.compactMessage
        reply[1] = 0x41
        #expect(throws: WireError.self) { try JaegerThrift.decodeCompactMessage(reply) }
        #expect(throws: WireError.self) { try JaegerThrift.decodeCompactMessage(JaegerGolden.binaryMessage) }
        #expect(throws: WireError.self) { try JaegerThrift.decodeBinaryMessage(JaegerGolden.compactMessage) }
        #expect(throws: WireError.self) { try JaegerThrift.decodeBinaryBatch([]) }
    }

    @Test("A long text is cut at the limit of the exporter, other values are not")
    func tagValueLength() throws {
        var span = FullSpan.span
        span.attributes = [Attribute("long", "日本語テキスト"), Attribute("short", "日本"), Attribute("list", .array([1, 23])), Attribute("number", 123_456)]
        span.status = .error("a long explanation")
        let group = ResourceSpans(
            resource: Resource(attributes: [Attribute("service.name", "a-service"), Attribute("host.name", "a-host")]),
            scopeSpans: [ScopeSpans(spans: [span])])
        for bytes in [JaegerForm.compact, .bareBinary, .protobuf] {
            let read = try bytes.decode(bytes.encode(group, 3)).batch.resourceSpans[0]
            #expect(
                read.scopeSpans[0].spans[0].attributes == [
                    Attribute("long", "日本語"), Attribute("short", "日本"), Attribute("list", "[1]"), Attribute("number", 123_456),
                ])
            #expect(read.scopeSpans[0].spans[0].status == .error("a long explanation"))
            #expect(read.resource.attributes == [Attribute("service.name", "a-service"), Attribute("host.name", "a-h")])
        }
    }

    @Test("Start and end are cut to microseconds, so that a child stays within its parent")
    func microseconds() throws {
        var span = FullSpan.span
        span.startTime = 1_999
        span.endTime = 4_001
        let group = ResourceSpans(scopeSpans: [ScopeSpans(spans: [span])])
        let read = try JaegerThrift.decodeCompactMessage(JaegerThrift.encodeCompactMessage(group)).batch.resourceSpans[0].scopeSpans[0].spans[0]
        #expect(read.startTime == 1_000)
        #expect(read.endTime == 4_000)
    }
}
