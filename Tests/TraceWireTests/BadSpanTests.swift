import Testing
import TraceModel

@testable import TraceWire

/// A span whose fields cannot be read is left out alone, named, in every format in which its end can be found.
@Suite struct BadSpanTests {
    private static let good = #"{"traceId":"0000000000000000000000000000002a","spanId":"000000000000002b","name":"good"}"#

    private static func request(_ spans: [String]) -> [UInt8] {
        Array(#"{"resourceSpans":[{"scopeSpans":[{"spans":[\#(spans.joined(separator: ","))]}]}]}"#.utf8)
    }

    @Test(arguments: [
        #""startTimeUnixNano":{}"#, #""startTimeUnixNano":"never""#, #""attributes":{"a":1}"#, #""kind":[]"#, #""events":"none""#, #""status":7"#,
        #""flags":-1"#, #""attributes":[{"key":"deep","value":\#(deep)}]"#,
    ])
    func oneOfOTLPsJSON(member: String) throws {
        let bad = #"{"traceId":"0000000000000000000000000000002a","spanId":"000000000000002c",\#(member),"name":"bad"}"#
        let decoded = try OTLPJSON.decode(Self.request([Self.good, bad, Self.good]))
        #expect(decoded.batch.spanCount == 2)
        #expect(decoded.rejectedSpanCount == 1)
        #expect(decoded.rejectionMessage.contains("span 'bad' has fields that cannot be read"), "\(decoded.rejectionMessage)")
        // A request of nothing else is none.
        #expect(throws: WireError.self) { try OTLPJSON.decode(Self.request([bad])) }
    }

    private static let deep = String(repeating: #"{"arrayValue":{"values":["#, count: 70) + String(repeating: "]}}", count: 70)

    private static func message(_ tag: UInt8, _ content: [UInt8]) -> [UInt8] { [tag] + Self.varint(content.count) + content }

    private static func varint(_ value: Int) -> [UInt8] { value < 128 ? [UInt8(value)] : [UInt8(value & 127) | 128] + varint(value >> 7) }

    @Test func oneOfOTLPsProtobuf() throws {
        let ids = Self.message(0x0a, [UInt8](repeating: 1, count: 16)) + Self.message(0x12, [UInt8](repeating: 2, count: 8))
        let good = Self.message(0x12, ids + Self.message(0x2a, Array("good".utf8)))
        for broken in [[0x0a, 0x7f], [0x30, 0xff], [0x07], [0x4a, 2, 0x12, 9], [0x0b]] as [[UInt8]] {
            let bad = Self.message(0x12, ids + Self.message(0x2a, Array("bad".utf8)) + broken)
            let decoded = try OTLPProtobuf.decode(Self.message(0x0a, Self.message(0x12, good + bad + good)))
            #expect(decoded.batch.spanCount == 2)
            #expect(decoded.rejectionMessage.contains("1 span rejected: span 'bad' has fields that cannot be read: malformed OTLP protobuf"))
            #expect(throws: WireError.self) { try OTLPProtobuf.decode(Self.message(0x0a, Self.message(0x12, bad))) }
        }
    }

    @Test func oneOfZipkinsProtobuf() throws {
        func span(_ name: String, _ rest: [UInt8]) -> [UInt8] {
            Self.message(0x0a, Self.message(0x0a, [UInt8](repeating: 1, count: 16)) + Self.message(0x1a, [0, 0, 0, 0, 0, 0, 0, 9]) + Self.message(0x2a, Array(name.utf8)) + rest)
        }
        let decoded = try ZipkinProtobuf.decode(span("good", []) + span("bad", [0x42, 0x50]) + span("good", []))
        #expect(decoded.batch.spanCount == 2)
        #expect(decoded.rejectionMessage.contains("span 'bad' has fields that cannot be read"))
        #expect(throws: WireError.self) { try ZipkinProtobuf.decode(span("bad", [0x42, 0x50])) }
    }

    @Test func oneOfJaegersProtobuf() throws {
        func span(_ name: String, _ rest: [UInt8]) -> [UInt8] {
            Self.message(0x0a, Self.message(0x0a, [UInt8](repeating: 1, count: 16)) + Self.message(0x12, [0, 0, 0, 0, 0, 0, 0, 9]) + Self.message(0x1a, Array(name.utf8)) + rest)
        }
        let decoded = try JaegerProtobuf.decodePostSpansRequest(Self.message(0x0a, span("good", []) + span("bad", [0x32, 1, 0xff]) + span("good", [])))
        #expect(decoded.batch.spanCount == 2)
        #expect(decoded.rejectionMessage.contains("span 'bad' has fields that cannot be read"))
        #expect(throws: WireError.self) { try JaegerProtobuf.decodePostSpansRequest(Self.message(0x0a, span("bad", [0x32, 1, 0xff]))) }
    }

    @Test func tooManyElementsAreTheWholeRequestsFault() throws {
        let many = #"{"traceId":"0000000000000000000000000000002a","spanId":"000000000000002c","attributes":[{"key":"a"},{"key":"b"},{"key":"c"}]}"#
        #expect(try #require(throws: WireError.self) { try OTLPJSON.decode(Self.request([Self.good, many]), maximumElements: 5) }.code == .tooLarge)
    }
}
