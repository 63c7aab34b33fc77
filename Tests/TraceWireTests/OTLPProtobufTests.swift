import FuzzSupport
import Testing
import TraceModel
import TraceWire

@Suite struct OTLPProtobufTests {
    /// A field of wire type 2.
    private func field(_ number: UInt8, _ content: [UInt8]) -> [UInt8] {
        precondition(number < 16 && content.count < 16384)
        let length = content.count < 128 ? [UInt8(content.count)] : [UInt8(content.count & 0x7f) | 0x80, UInt8(content.count >> 7)]
        return [number << 3 | 2] + length + content
    }

    /// A request with one span made of these bytes.
    private func request(span: [UInt8]...) -> [UInt8] {
        field(1, field(2, span.flatMap { field(2, $0) }))
    }

    private let ids: [UInt8] = [0x0a, 16] + [UInt8](repeating: 1, count: 16) + [0x12, 8] + [UInt8](repeating: 2, count: 8)

    private func onlySpan(_ bytes: [UInt8]) throws -> Span {
        let decoded = try OTLPProtobuf.decode(bytes)
        #expect(decoded.rejectedSpanCount == 0)
        return try #require(decoded.batch.resourceSpans.first?.scopeSpans.first?.spans.first)
    }

    @Test func everyFieldIsReadFromBytesOfAnotherImplementation() throws {
        let decoded = try OTLPProtobuf.decode(FullSpan.protobuf)
        #expect(decoded.batch == FullSpan.batch)
        #expect(decoded.rejectedSpanCount == 0)
        #expect(decoded.rejectionMessage.isEmpty)
    }

    @Test func everyFieldIsWrittenAsTheOtherImplementationDoes() {
        #expect(OTLPProtobuf.encode(FullSpan.batch) == FullSpan.protobuf)
    }

    @Test(arguments: 0..<150)
    func randomBatchesSurvive(seed: UInt64) throws {
        var random = RandomBatch(seed: seed)
        let batch = random.batch()
        #expect(try OTLPProtobuf.decode(OTLPProtobuf.encode(batch)).batch == batch)
    }

    @Test func nestedMessagesOfEverySizeGetTheRightLength() throws {
        for length in [0, 1, 100, 120, 126, 127, 128, 129, 300, 16_370, 16_383, 16_384, 20_000, 2_097_151, 2_100_000] {
            var span = FullSpan.span
            span.name = String(repeating: "n", count: length)
            span.attributes = [Attribute("l", .array([.string(span.name)])), Attribute("k", .string(span.name))]
            span.status = .error(span.name)
            let batch = SpanBatch(resource: Resource(attributes: span.attributes), scope: InstrumentationScope(name: span.name), spans: [span])
            #expect(try OTLPProtobuf.decode(OTLPProtobuf.encode(batch)).batch == batch)
        }
    }

    @Test func encodingAppendsToTheBuffer() {
        var buffer: [UInt8] = [1, 2]
        OTLPProtobuf.encode(FullSpan.batch, into: &buffer)
        #expect(buffer == [1, 2] + FullSpan.protobuf)
    }

    @Test func noBytesAreAnEmptyBatch() throws {
        #expect(try OTLPProtobuf.decode([]).batch == SpanBatch())
        #expect(OTLPProtobuf.encode(SpanBatch()) == [])
    }

    @Test func unknownFieldsOfEveryWireTypeAreSteppedOver() throws {
        let unknown: [UInt8] = [0xc0, 0x3e, 0x96, 0x01, 0xc1, 0x3e, 1, 2, 3, 4, 5, 6, 7, 8, 0xc2, 0x3e, 2, 9, 9, 0xc5, 0x3e, 1, 2, 3, 4]
        let span = try onlySpan(request(span: unknown + ids + unknown + field(5, Array("n".utf8)) + unknown))
        #expect(span.name == "n")
    }

    @Test func fieldsOfTheWrongWireTypeAreUnknown() throws {
        // Field 5 (name) as a varint, field 7 (start) as length-delimited.
        let span = try onlySpan(request(span: ids + [0x28, 7] + [0x3a, 1, 0]))
        #expect(span.name.isEmpty)
        #expect(span.startTime == 0)
    }

    @Test func groupsAndReservedWireTypesAreRefused() {
        for tag: UInt8 in [0x0b, 0x0c, 0x0e, 0x0f, 0x00, 0x02, 0x07] {
            #expect(throws: WireError.self) { try OTLPProtobuf.decode([tag, 0]) }
        }
    }

    @Test func invalidTextIsRepaired() throws {
        let span = try onlySpan(request(span: ids + field(5, [0x61, 0xff, 0x62])))
        #expect(span.name == "a\u{fffd}b")
    }

    @Test func unknownEnumValuesBecomeTheDefault() throws {
        let span = try onlySpan(request(span: ids + [0x30, 9] + field(15, [0x18, 0xff, 0xff, 0x03])))
        #expect(span.kind == .unspecified)
        #expect(span.status.code == .unset)
    }

    @Test func rootsHaveNoParentWhicheverWayTheyAreWritten() throws {
        #expect(try onlySpan(request(span: ids)).parentSpanID == nil)
        #expect(try onlySpan(request(span: ids + field(4, []))).parentSpanID == nil)
        #expect(try onlySpan(request(span: ids + field(4, [UInt8](repeating: 0, count: 8)))).parentSpanID == nil)
    }

    @Test func theLastMemberOfAValueCounts() throws {
        let value = field(2, field(1, Array("x".utf8)) + [0x18, 5])
        let span = try onlySpan(request(span: ids + field(9, field(1, Array("k".utf8)) + value)))
        #expect(span.attributes == [Attribute("k", 5)])
    }

    @Test func notANumberSurvives() throws {
        var span = FullSpan.span
        span.attributes = [Attribute("d", .double(.nan))]
        let batch = SpanBatch(resource: Resource(), scope: InstrumentationScope(), spans: [span])
        let value = try OTLPProtobuf.decode(OTLPProtobuf.encode(batch)).batch.resourceSpans[0].scopeSpans[0].spans[0].attributes["d"]
        guard case .double(let number)? = value else { Issue.record("no double"); return }
        #expect(number.isNaN)
    }

    @Test func spansWithInvalidIdsAreRefusedAlone() throws {
        let short = field(1, [UInt8](repeating: 1, count: 15)) + field(2, [UInt8](repeating: 2, count: 8)) + field(5, Array("short".utf8))
        let zero = field(1, [UInt8](repeating: 0, count: 16)) + field(2, [UInt8](repeating: 2, count: 8))
        let none = field(1, [UInt8](repeating: 1, count: 16))
        let parent = ids + field(4, [1, 2, 3])
        let decoded = try OTLPProtobuf.decode(request(span: short, ids, zero, none, parent))
        #expect(decoded.batch.spanCount == 1)
        #expect(decoded.rejectedSpanCount == 4)
        #expect(
            decoded.rejectionMessage
                == "4 spans rejected; the first: span 'short' has trace id of 15 bytes, expected 16 bytes that are not all zero")
        #expect(try OTLPProtobuf.decode(request(span: zero)).rejectionMessage.contains("missing or all zero"))
        #expect(try OTLPProtobuf.decode(request(span: parent)).rejectionMessage.contains("parent span id of 3 bytes"))
    }

    @Test func manyRefusedSpansTakeLinearTime() throws {
        let empties = [UInt8](repeating: 0, count: 200_000).enumerated().map { $0.offset % 2 == 0 ? UInt8(0x12) : 0 }
        // 100,000 spans of no bytes in one scope.
        let scope = [0x12] + varint(empties.count) + empties
        let decoded = try OTLPProtobuf.decode([0x0a] + varint(scope.count) + scope)
        #expect(decoded.rejectedSpanCount == 100_000)
    }

    private func varint(_ value: Int) -> [UInt8] {
        var rest = value
        var bytes: [UInt8] = []
        while rest >= 0x80 {
            bytes.append(UInt8(rest & 0x7f) | 0x80)
            rest >>= 7
        }
        return bytes + [UInt8(rest)]
    }

    @Test func valuesNestedTooDeepAreRefused() throws {
        func nested(_ levels: Int) -> SpanBatch {
            var value: AttributeValue = 1
            for level in 0..<levels { value = level % 2 == 0 ? .array([value]) : .keyValueList([Attribute("k", value)]) }
            return SpanBatch(resource: Resource(attributes: [Attribute("deep", value)]), scope: InstrumentationScope(), spans: [FullSpan.span])
        }
        let deepest = nested(WireLimit.valueDepth)
        #expect(try OTLPProtobuf.decode(OTLPProtobuf.encode(deepest)).batch == deepest)
        let error = try #require(throws: WireError.self) { try OTLPProtobuf.decode(OTLPProtobuf.encode(nested(WireLimit.valueDepth + 1))) }
        #expect(error.code == .tooDeep)
    }

    @Test func messageOfAFailureSaysWhereAndWhat() throws {
        let error = try #require(throws: WireError.self) { try OTLPProtobuf.decode([0x0a, 0x05, 0x01]) }
        #expect(error.code == .malformed)
        #expect(error.message.contains("byte 1"))
        #expect(error.message.contains("a field of 5 bytes where 1 are left"))
    }

    @Test func answers() throws {
        #expect(OTLPProtobuf.encodeExportResponse(rejectedSpans: 0, message: "") == [])
        let partial = OTLPProtobuf.encodeExportResponse(rejectedSpans: 3, message: "why")
        #expect(partial == FullSpan.bytes("0a0708031203776879"))
        let read = try OTLPProtobuf.decodeExportResponse(partial)
        #expect(read.rejectedSpans == 3)
        #expect(read.message == "why")
        #expect(try OTLPProtobuf.decodeExportResponse([]).rejectedSpans == 0)
        #expect(throws: WireError.self) { try OTLPProtobuf.decodeExportResponse([0x0a, 0x7f]) }
        #expect(OTLPProtobuf.encodeStatus(code: 3, message: "no") == FullSpan.bytes("080312026e6f"))
    }
}
