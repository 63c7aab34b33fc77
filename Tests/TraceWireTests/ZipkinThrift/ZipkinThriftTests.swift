import Testing
import TraceModel

@testable import TraceWire

@Suite struct ZipkinThriftTests {
    /// Writes the structs of zipkincore in either protocol.
    private struct Bytes<Writer: ThriftWriter> {
        var writer = Writer()

        mutating func endpoint(_ id: Int16, name: String, ipv4: Int32, ipv6: [UInt8] = []) {
            writer.field(id, .structure)
            let outer = writer.beginStruct()
            writer.field(1, ipv4)
            writer.field(3, name)
            if !ipv6.isEmpty { writer.field(4, ipv6) }
            writer.endStruct(outer)
        }

        mutating func annotation(_ time: Int64, _ value: String, service: String) {
            let outer = writer.beginStruct()
            writer.field(1, time)
            writer.field(2, value)
            endpoint(3, name: service, ipv4: 0x7f00_0001)
            writer.endStruct(outer)
        }

        mutating func binary(_ key: String, _ value: [UInt8], _ type: Int32) {
            let outer = writer.beginStruct()
            writer.field(1, key)
            writer.field(2, value)
            writer.field(3, type)
            endpoint(4, name: "svc", ipv4: 0x7f00_0001)
            writer.endStruct(outer)
        }

        mutating func span(id: Int64 = 43, timestamp: Int64 = 1_700_000_000_000_000) {
            let outer = writer.beginStruct()
            writer.field(1, Int64(42))
            writer.field(3, "get")
            writer.field(4, id)
            writer.field(5, Int64(7))
            writer.field(6, .list)
            writer.structures(3)
            annotation(1_700_000_000_000_000, "sr", service: "svc")
            annotation(1_700_000_000_000_400, "note", service: "svc")
            annotation(1_700_000_000_001_000, "ss", service: "svc")
            writer.field(8, .list)
            writer.structures(7)
            binary("text", Array("words".utf8), 6)
            binary("flag", [1], 0)
            binary("bytes", [0, 255], 1)
            binary("short", [0xff, 0xfe], 2)
            binary("int", [0, 0, 1, 0], 3)
            binary("long", [0, 0, 0, 1, 0, 0, 0, 0], 4)
            binary("double", [0x3f, 0xf8, 0, 0, 0, 0, 0, 0], 5)
            writer.field(9, true)
            writer.field(10, timestamp)
            writer.field(11, Int64(1000))
            writer.field(12, Int64(1))
            writer.endStruct(outer)
        }
    }

    private static func list(_ body: (inout Bytes<BinaryThriftWriter>) -> Void, count: Int) -> [UInt8] {
        var bytes = Bytes<BinaryThriftWriter>()
        bytes.writer.structures(count)
        body(&bytes)
        return bytes.writer.bytes
    }

    private static func expectWhole(_ decoded: DecodedSpans) throws {
        let group = try #require(decoded.batch.resourceSpans.first)
        let span = try #require(group.scopeSpans.first?.spans.first)
        #expect(group.resource.serviceName == "svc")
        #expect(span.traceID == TraceID(high: 1, low: 42))
        #expect(span.spanID == SpanID(43))
        #expect(span.parentSpanID == SpanID(7))
        #expect(span.name == "get")
        #expect(span.kind == .server)
        #expect(span.startTime == 1_700_000_000_000_000_000)
        #expect(span.duration == 1_000_000)
        #expect(span.events.map(\.name) == ["note"])
        for (key, value) in [
            ("text", .string("words")), ("flag", .bool(true)), ("bytes", .bytes([0, 255])), ("short", .int(-2)), ("int", .int(256)),
            ("long", .int(1 << 32)), ("double", .double(1.5)), ("zipkin.debug", .bool(true)),
        ] as [(String, AttributeValue)] { #expect(span.attributes[key] == value, "\(key)") }
    }

    @Test func aListOfSpans() throws {
        try Self.expectWhole(try ZipkinThrift.decode(Self.list({ $0.span() }, count: 1)))
        #expect(try ZipkinThrift.decode([12, 0, 0, 0, 0]).batch.spanCount == 0)
    }

    @Test func theAgentsCallInEitherProtocol() throws {
        func call<Writer: ThriftWriter>(_: Writer.Type) -> [UInt8] {
            var bytes = Bytes<Writer>()
            bytes.writer.oneway("emitZipkinBatch")
            let outer = bytes.writer.beginStruct()
            bytes.writer.field(1, .list)
            bytes.writer.structures(1)
            bytes.span()
            bytes.writer.endStruct(outer)
            return bytes.writer.bytes
        }
        try Self.expectWhole(try JaegerThrift.decodeCompactMessage(call(CompactThriftWriter.self)))
        try Self.expectWhole(try JaegerThrift.decodeBinaryMessage(call(BinaryThriftWriter.self)))
    }

    @Test func aBadSpanCostsNoOther() throws {
        let decoded = try ZipkinThrift.decode(
            Self.list({ bytes in
                bytes.span(id: 0)
                bytes.span(id: 8)
                bytes.span(id: 9, timestamp: -1)
            }, count: 3))
        #expect(decoded.batch.spanCount == 1)
        #expect(decoded.rejectedSpanCount == 2)
        #expect(decoded.rejectionMessage.contains("span 'get' has no span id"))
    }

    @Test func brokenBytesAreRefused() throws {
        let good = Self.list({ $0.span() }, count: 1)
        for end in 0..<good.count { #expect(throws: WireError.self) { try ZipkinThrift.decode(Array(good[..<end])) } }
        #expect(try #require(throws: WireError.self) { try ZipkinThrift.decode(good, maximumElements: 5) }.code == .tooLarge)
        for index in 0..<good.count * 8 {
            var bytes = good
            bytes[index / 8] ^= 1 << UInt8(index % 8)
            _ = try? ZipkinThrift.decode(bytes)
        }
    }
}
