import JSONCoding
import Testing

@Suite struct JSONWriterTests {
    private func text(_ body: (inout JSONWriter) -> Void) -> String {
        var writer = JSONWriter()
        body(&writer)
        return String(decoding: writer.bytes, as: UTF8.self)
    }

    @Test func commasAndColonsAreInTheirPlaces() {
        let written = text { writer in
            writer.beginObject()
            writer.key("a")
            writer.int(1)
            writer.key(string: "b\"")
            writer.beginArray()
            writer.null()
            writer.beginObject()
            writer.endObject()
            writer.beginArray()
            writer.endArray()
            writer.bool(true)
            writer.raw(Array("[9]".utf8))
            writer.endArray()
            writer.key("c")
            writer.bool(false)
            writer.endObject()
        }
        #expect(written == #"{"a":1,"b\"":[null,{},[],true,[9]],"c":false}"#)
    }

    @Test func integers() {
        let written = text { writer in
            writer.beginArray()
            writer.int(Int64.min)
            writer.int(Int64.max)
            writer.int(0)
            writer.int(-7)
            writer.uint(UInt64.max)
            writer.quotedInt(-10)
            writer.quotedUInt(10)
            writer.endArray()
        }
        #expect(written == #"[-9223372036854775808,9223372036854775807,0,-7,18446744073709551615,"-10","10"]"#)
    }

    @Test(arguments: [
        (0.0, "0.0"), (-0.0, "-0.0"), (1.0, "1.0"), (-2.5, "-2.5"), (0.1, "0.1"), (1e300, "1e+300"), (9_007_199_254_740_991, "9007199254740991.0"),
        (.nan, "\"NaN\""), (.infinity, "\"Infinity\""), (-.infinity, "\"-Infinity\""),
    ])
    func doubles(_ value: Double, _ expected: String) {
        #expect(text { $0.double(value) } == expected)
    }

    @Test func floatsAreShortestForTheirOwnWidth() {
        #expect(text { $0.float(0.1) } == "0.1")
        #expect(text { $0.float(16_777_215) } == "16777215.0")
        #expect(text { $0.float(3.4028235e38) } == "3.4028235e+38")
        #expect(text { $0.float(.nan) } == "\"NaN\"")
    }

    @Test func idsAreSixteenDigitsAWord() {
        #expect(text { $0.hex(0x0123_4567_89ab_cdef) } == "\"0123456789abcdef\"")
        #expect(text { $0.hex(1, UInt64.max) } == "\"0000000000000001ffffffffffffffff\"")
    }

    @Test func everyNumberOfDigits() throws {
        var value: UInt64 = 1
        for _ in 0..<20 {
            for number in [value &- 1, value, value &+ 1] {
                #expect(text { $0.uint(number) } == String(number))
            }
            value = value &* 10
        }
    }

    @Test func aReusedBufferGivesTheSameText() {
        var buffer: [UInt8] = []
        for count in [0, 10, 1000, 3] {
            var writer = JSONWriter(reusing: buffer)
            writer.beginArray()
            for index in 0..<count { writer.string("text \(index)") }
            writer.endArray()
            let copy = writer.bytes
            buffer = writer.finish()
            #expect(buffer == copy)
            #expect(String(decoding: buffer, as: UTF8.self) == "[" + (0..<count).map { "\"text \($0)\"" }.joined(separator: ",") + "]")
        }
    }

    @Test func everyCharacterSurvives() throws {
        var all = ""
        for value in UInt32(0)...0x2fff { if let scalar = Unicode.Scalar(value) { all.unicodeScalars.append(scalar) } }
        all += "\u{1f600}\u{10ffff}\"\\"
        let written = text { $0.string(all) }
        #expect(try JSONReader.read(Array(written.utf8)) { try $0.readString() } == all)
        #expect(!written.utf8.contains { $0 < 0x20 })
        #expect(text { $0.string("\u{8}\t\n\u{c}\r\u{1f}\u{0}\u{7f}") } == "\"\\b\\t\\n\\f\\r\\u001f\\u0000\u{7f}\"")
    }

    @Test func treesSurvive() throws {
        let value: JSONValue = ["a": [1, "x", nil, true, ["b": [:]]], "c": "é"]
        #expect(try JSONValue.parse(value.bytes) == value)
        #expect(value["a"]?[1]?.stringValue == "x")
        #expect(value["a"]?[0]?.intValue == 1)
        #expect(value["a"]?[9] == nil)
        #expect(value["none"] == nil)
    }
}
