import Testing
import TraceModel
import TraceWire

/// Damaged requests end in an error or in spans, never in a trap; `needletail-fuzz` damages them at random.
@Suite struct HostileInputTests {
    private static func isStable(protobuf bytes: [UInt8]) -> Bool {
        guard let first = try? OTLPProtobuf.decode(bytes) else { return true }
        // Written bytes instead of models are compared, because NaN is not equal to itself.
        let written = OTLPProtobuf.encode(first.batch)
        guard let second = try? OTLPProtobuf.decode(written) else { return false }
        return second.rejectedSpanCount == 0 && OTLPProtobuf.encode(second.batch) == written
    }

    private static func isStable(json bytes: [UInt8]) -> Bool {
        guard let first = try? OTLPJSON.decode(bytes) else { return true }
        let written = OTLPJSON.encode(first.batch)
        guard let second = try? OTLPJSON.decode(written) else { return false }
        return second.rejectedSpanCount == 0 && OTLPJSON.encode(second.batch) == written
    }

    private static func isStable(zipkin bytes: [UInt8]) -> Bool {
        guard let first = try? ZipkinJSON.decode(bytes) else { return true }
        let written = ZipkinJSON.encode(first.batch)
        guard let second = try? ZipkinJSON.decode(written) else { return false }
        return second.rejectedSpanCount == 0 && second.batch.spanCount == first.batch.spanCount
    }

    @Test func truncationAtEveryByte() {
        for end in 0..<FullSpan.protobuf.count {
            #expect(Self.isStable(protobuf: Array(FullSpan.protobuf[..<end])))
        }
        let json = Array(FullSpan.json.utf8)
        for end in 0..<json.count {
            #expect(throws: WireError.self) { try OTLPJSON.decode(Array(json[..<end])) }
        }
        let zipkin = ZipkinJSON.encode(FullSpan.batch)
        for end in 0..<zipkin.count {
            #expect(throws: WireError.self) { try ZipkinJSON.decode(Array(zipkin[..<end])) }
        }
    }

    @Test func everyFlippedBit() {
        for index in 0..<FullSpan.protobuf.count * 8 {
            var bytes = FullSpan.protobuf
            bytes[index / 8] ^= 1 << UInt8(index % 8)
            #expect(Self.isStable(protobuf: bytes))
        }
        let json = Array(FullSpan.json.utf8)
        for index in stride(from: 0, to: json.count * 8, by: 3) {
            var bytes = json
            bytes[index / 8] ^= 1 << UInt8(index % 8)
            #expect(Self.isStable(json: bytes))
        }
        let zipkin = ZipkinJSON.encode(FullSpan.batch)
        for index in stride(from: 0, to: zipkin.count * 8, by: 3) {
            var bytes = zipkin
            bytes[index / 8] ^= 1 << UInt8(index % 8)
            #expect(Self.isStable(zipkin: bytes))
        }
    }

    @Test func lengthsThatLie() {
        for length in [[0x7f], [0xff, 0x01], [0xff, 0xff, 0xff, 0xff, 0x07], [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01]] as [[UInt8]] {
            for tag in UInt8(0)...127 {
                #expect(Self.isStable(protobuf: [tag] + length + [1, 2, 3]))
                #expect(Self.isStable(protobuf: [0x0a, UInt8(length.count + 4), tag] + length + [1, 2, 3]))
            }
        }
        #expect(throws: WireError.self) { try OTLPProtobuf.decode([UInt8](repeating: 0xff, count: 11)) }
        #expect(throws: WireError.self) { try OTLPProtobuf.decode([0x0a] + [UInt8](repeating: 0xff, count: 9) + [0x02]) }
    }

    @Test func tooManyElementsAreRefused() throws {
        // Empty groups, the smallest elements there are.
        let groups = (0..<100).flatMap { _ in [0x0a, 0x00] as [UInt8] }
        #expect(try OTLPProtobuf.decode(groups, maximumElements: 100).batch.resourceSpans.count == 100)
        let error = try #require(throws: WireError.self) { try OTLPProtobuf.decode(groups, maximumElements: 99) }
        #expect(error.code == .tooLarge)
        #expect(error.message.contains("more than 99"))
        let text = Array((#"{"resourceSpans":["# + Array(repeating: "{}", count: 100).joined(separator: ",") + "]}").utf8)
        #expect(try OTLPJSON.decode(text, maximumElements: 100).batch.resourceSpans.count == 100)
        #expect(try #require(throws: WireError.self) { try OTLPJSON.decode(text, maximumElements: 99) }.code == .tooLarge)
        // The request in which everything is set: 2 groups, 1 span, 1 event, 1 link, 13 attributes and 3 list elements.
        #expect(try OTLPProtobuf.decode(FullSpan.protobuf, maximumElements: 21).batch == FullSpan.batch)
        #expect(throws: WireError.self) { try OTLPProtobuf.decode(FullSpan.protobuf, maximumElements: 20) }
        #expect(try OTLPJSON.decode(Array(FullSpan.json.utf8), maximumElements: 21).batch == FullSpan.batch)
        #expect(throws: WireError.self) { try OTLPJSON.decode(Array(FullSpan.json.utf8), maximumElements: 20) }
    }

    @Test func tooManyZipkinElementsAreRefused() throws {
        // One span, two annotations, three tags, two members and three elements inside of texts.
        let text = Array(
            #"""
            [{"traceId":"1","id":"1","annotations":[{"value":"{\"e\":{\"k\":[1,2]}}"},{"value":"plain"}],
            "tags":{"a":"","b":"","otlp.link.0":"1|1||{\"k\":[1]}|0"}}]
            """#.utf8)
        #expect(try ZipkinJSON.decode(text, maximumElements: 11).batch.spanCount == 1)
        #expect(try #require(throws: WireError.self) { try ZipkinJSON.decode(text, maximumElements: 10) }.code == .tooLarge)
    }

    @Test func deepZipkinTagsAreRefused() throws {
        let deep = String(repeating: "[", count: 100_000)
        #expect(try #require(throws: WireError.self) { try ZipkinJSON.decode(Array(#"[{"tags":{"a":\#(deep)"#.utf8)) }.code == .tooDeep)
        // Inside of a text nothing is gained by refusing the span.
        let text = Array(#"[{"traceId":"1","id":"1","annotations":[{"value":"e: {\"k\":\#(deep)}"}]}]"#.utf8)
        #expect(try ZipkinJSON.decode(text).batch.spanCount == 1)
    }
}
