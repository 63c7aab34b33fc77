import Testing
import TraceModel
import TraceWire

@Suite struct ZipkinProtobufTests {
    /// A span with every field, written by protobuf's own library for Python.
    private static let bytes = FullSpan.bytes(
        """
        0aaa010a10463ac35c9f6413ad48485a3953bb6124120805e3ac9a4f6e3b901a08000000000000000120022a08676574202f6170693100241201c756
        050038f0930942220a0566726f6e741204c0a863011a1020010db800000000000000000000000120ea194a1e0a066d6f62696c651a10000000000000
        0000ffff0000000000012098ca03520d0901241201c7560500120277725a120a0b687474702e6d6574686f64120347455460016801
        """)

    @Test("A span with every field is the one that JSON would have been")
    func everyField() throws {
        let decoded = try ZipkinProtobuf.decode(Self.bytes)
        let json = """
            [{"traceId":"463ac35c9f6413ad48485a3953bb6124","parentId":"05e3ac9a4f6e3b90","id":"0000000000000001","kind":"SERVER","name":"get /api",
            "timestamp":1502787600000000,"duration":150000,"localEndpoint":{"serviceName":"front","ipv4":"192.168.99.1","ipv6":"2001:db8::1","port":3306},
            "remoteEndpoint":{"serviceName":"mobile","ipv6":"::ffff:0:0:1","port":58648},
            "annotations":[{"timestamp":1502787600000001,"value":"wr"}],"tags":{"http.method":"GET"},"debug":true,"shared":true}]
            """
        #expect(decoded.batch == (try ZipkinJSON.decode(Array(json.utf8)).batch))
        #expect(decoded.batch.spanCount == 1 && decoded.rejectedSpanCount == 0)
    }

    @Test("A trace id of eight bytes is extended, ids of other lengths cost their span only")
    func ids() throws {
        func span(_ traceID: [UInt8], _ id: [UInt8]) -> [UInt8] {
            let fields = [0x0a, UInt8(traceID.count)] + traceID + [0x1a, UInt8(id.count)] + id
            return [0x0a, UInt8(fields.count)] + fields
        }
        let eight: [UInt8] = [1, 2, 3, 4, 5, 6, 7, 8]
        let decoded = try ZipkinProtobuf.decode(
            span(eight, eight) + span(eight + eight + [9], eight) + span(eight, []) + span(eight, eight + [9]) + span([UInt8](repeating: 0, count: 16), eight))
        #expect(decoded.batch.spanCount == 1)
        #expect(decoded.batch.resourceSpans.first?.scopeSpans.first?.spans.first?.traceID == TraceID(high: 0, low: 0x0102_0304_0506_0708))
        #expect(decoded.rejectedSpanCount == 4)
        #expect(decoded.rejectionMessage.contains("trace id '0102030405060708010203040506070809'"))
    }

    @Test("No bytes are no spans; damage is an error that names the format")
    func damage() throws {
        #expect(try ZipkinProtobuf.decode([]).batch == SpanBatch())
        for end in 1..<Self.bytes.count {
            let error = try #require(throws: WireError.self) { try ZipkinProtobuf.decode(Array(Self.bytes[..<end])) }
            #expect(error.message.contains("Zipkin") && error.message.contains("ListOfSpans"))
        }
        for index in 0..<Self.bytes.count * 8 {
            var bytes = Self.bytes
            bytes[index / 8] ^= 1 << UInt8(index % 8)
            _ = try? ZipkinProtobuf.decode(bytes)
        }
        // One span, one annotation, one tag.
        #expect(try ZipkinProtobuf.decode(Self.bytes, maximumElements: 3).batch.spanCount == 1)
        #expect(try #require(throws: WireError.self) { try ZipkinProtobuf.decode(Self.bytes, maximumElements: 2) }.code == .tooLarge)
    }
}
