import JSONCoding
import Testing

@Suite struct JSONReaderTests {
    private func read<R>(_ text: String, depth: Int = 64, _ body: (inout JSONReader) throws -> R) throws -> R {
        try JSONReader.read(Array(text.utf8), maximumDepth: depth, body)
    }

    private func code(_ text: String, depth: Int = 64) -> JSONError.Code? {
        do {
            _ = try JSONValue.parse(Array(text.utf8), maximumDepth: depth)
            return nil
        } catch let error as JSONError {
            return error.code
        } catch {
            Issue.record("not a JSONError: \(error)")
            return nil
        }
    }

    @Test func objectMembersArriveInOrderAndUnreadOnesAreSkipped() throws {
        var names: [String] = []
        var age: Int64 = 0
        try read(#" { "name" : "x\n" , "nested":{"a":[1,2,{"b":null}]}, "\u0061ge":41 } "#) { reader in
            try reader.readObject { reader, key in
                names.append(key.string)
                switch key {
                case "age": age = try reader.readInt64()
                default: break
                }
            }
        }
        #expect(names == ["name", "nested", "age"])
        #expect(age == 41)
    }

    @Test func arraysOfEveryLength() throws {
        for count in 0..<5 {
            let text = "[" + (0..<count).map(String.init).joined(separator: " , ") + "]"
            var values: [Int64] = []
            try read(text) { try $0.readArray { values.append(try $0.readInt64()) } }
            #expect(values == (0..<count).map(Int64.init))
        }
    }

    @Test(arguments: [
        ("\"\"", ""), ("\"a\"", "a"), ("\"abcdefg\"", "abcdefg"), ("\"abcdefgh\"", "abcdefgh"),
        (#""\"\\\/\b\f\n\r\t""#, "\"\\/\u{8}\u{c}\n\r\t"), (#""\u00e9""#, "é"), (#""\ud83d\ude00""#, "😀"),
        (#""\uD83D""#, "\u{fffd}"), (#""\ude00x""#, "\u{fffd}x"), (#""\ud83d\u0041""#, "\u{fffd}A"),
        (#""\u0000""#, "\0"), ("\"naïve 日本\"", "naïve 日本"), (#""long text before \u0041 and after""#, "long text before A and after"),
    ])
    func strings(_ text: String, _ expected: String) throws {
        #expect(try read(text) { try $0.readString() } == expected)
        let bytes = try read(text) { try $0.withStringBytes { bytes, _ in Array(bytes) } }
        #expect(bytes == Array(expected.utf8))
    }

    @Test func invalidUTF8IsRepaired() throws {
        let bytes: [UInt8] = [0x22, 0x61, 0xff, 0x62, 0xc3, 0x22]
        #expect(try JSONReader.read(bytes) { try $0.readString() } == "a\u{fffd}b\u{fffd}")
    }

    @Test(arguments: [
        ("0", Int64(0)), ("-0", 0), ("1", 1), ("-1", -1), ("9223372036854775807", .max), ("-9223372036854775808", .min),
        ("1.0", 1), ("1e3", 1000), ("-120E-1", -12), ("1.50e2", 150), ("0.000e99999999999", 0), ("100000000000000000000000e-23", 1),
    ])
    func wholeNumbers(_ text: String, _ expected: Int64) throws {
        #expect(try read(text) { try $0.readInt64() } == expected)
    }

    @Test(arguments: [
        "9223372036854775808", "-9223372036854775809", "1.5", "1e19", "1e-1", "1e99999999999999999999",
        "99999999999999999999999999", "1.00000000000000000000000000001",
    ])
    func numbersThatAreNoInt64(_ text: String) throws {
        let error = try #require(throws: JSONError.self) { try read(text) { try $0.readInt64() } }
        #expect(error.code == .outOfRange)
    }

    @Test func unsignedNumbers() throws {
        #expect(try read("18446744073709551615") { try $0.readUInt64() } == .max)
        #expect(try read("184467440737095516150e-1") { try $0.readUInt64() } == .max)
        #expect(try read("-0") { try $0.readUInt64() } == 0)
        #expect(throws: JSONError.self) { try read("18446744073709551616") { try $0.readUInt64() } }
        #expect(throws: JSONError.self) { try read("-1") { try $0.readUInt64() } }
    }

    @Test(arguments: [
        "0.1", "1e22", "1e23", "123456789012345678", "2.2250738585072014e-308", "5e-324", "1.7976931348623157e308", "-0.0",
        "0.30000000000000004", "9007199254740993", "1e-400", "3.14159265358979323846264338327950288", "-12.5E+3",
        "100000000000000000000000000000000000000000000", "0.00000000000000000000000000000000000001234",
    ])
    func doublesAreTheNearest(_ text: String) throws {
        let value = try read(text) { try $0.readDouble() }
        #expect(value.bitPattern == (try #require(Double(text))).bitPattern)
    }

    @Test func doublesBeyondTheRangeAreRefused() throws {
        #expect(throws: JSONError.self) { try read("1e309") { try $0.readDouble() } }
        #expect(throws: JSONError.self) { try read("-1e999999999999") { try $0.readDouble() } }
    }

    @Test func everyRandomDoubleSurvives() throws {
        var generator = SeededGenerator(seed: 7)
        for _ in 0..<20_000 {
            let value = Double(bitPattern: generator.next())
            guard value.isFinite else { continue }
            var writer = JSONWriter()
            writer.double(value)
            let back = try JSONReader.read(writer.bytes) { try $0.readDouble() }
            #expect(back.bitPattern == value.bitPattern)
        }
    }

    @Test(arguments: [
        "{", "[", "\"", "[1", "{\"a\"", "{\"a\":", "{\"a\":1", "tru", "nul", "-", "1.", "1e", "1e+", "\"\\", "\"\\u12", "",
        " ", "\"abcdefghijkl",
    ])
    func textsThatStop(_ text: String) {
        #expect(code(text) == .unexpectedEnd, "\(text)")
    }

    @Test(arguments: [
        "{1:2}", "{\"a\" 1}", "{\"a\":1,}", "{,}", "[1,]", "[,]", "[1 2]", "1 2", "01", "+1", ".5", "1.e5", "--1", "tRue", "nulL", "'a'",
        "\"\\x\"", "\"\\u12g4\"", "\"a\u{1}\"", "\"line\nbreak\"", "]", "}", "{]", "[}", "NaN", "Infinity", "\u{feff}1", "[1]]", "truex",
    ])
    func brokenTexts(_ text: String) {
        #expect(code(text) == .syntax, "\(text)")
    }

    @Test func depthIsBounded() {
        #expect(code(String(repeating: "[", count: 64) + String(repeating: "]", count: 64)) == nil)
        #expect(code(String(repeating: "[", count: 65) + String(repeating: "]", count: 65)) == .tooDeep)
        #expect(code(String(repeating: "{\"a\":", count: 100_000)) == .tooDeep)
        #expect(code(String(repeating: "[", count: 1_000_000), depth: .max) == .tooDeep)
        let skipped = String(repeating: "[", count: 1_000_000)
        #expect(throws: JSONError.self) { try read(skipped, depth: .max) { try $0.skip() } }
    }

    @Test func typeMismatchNamesBothTypesAndThePlace() throws {
        let error = try #require(throws: JSONError.self) { try read("[1, {}]") { try $0.readArray { _ = try $0.readInt64() } } }
        #expect(error.code == .typeMismatch)
        #expect(error.offset == 4)
        #expect(error.description == "invalid JSON at byte 4: found an object, expected a number")
    }

    @Test func nullIsConsumedOnlyWhenItIsThere() throws {
        let found = try read("[null,1]") { reader in
            var found: [Bool] = []
            try reader.readArray { found.append(try $0.readNull()) }
            return found
        }
        #expect(found == [true, false])
    }

    @Test func askingAgainAfterTheEndDoesNotTrap() {
        #expect(throws: JSONError.self) {
            try read("[]") { reader in
                try reader.beginArray()
                for _ in 0..<3 { _ = try reader.nextElement() }
            }
        }
    }

    @Test func damagedTextsNeverTrap() throws {
        let good = Array(#"{"a":[1,-2.5e3,"x\u00e9\n",true,false,null,{"b":{}}],"long key with text":"0123456789abcdef"}"#.utf8)
        for end in 0..<good.count {
            #expect(throws: JSONError.self) { try JSONValue.parse(Array(good[..<end])) }
        }
        var generator = SeededGenerator(seed: 99)
        for _ in 0..<20_000 {
            var bytes = good
            for _ in 0..<Int.random(in: 1...3, using: &generator) {
                bytes[Int.random(in: 0..<bytes.count, using: &generator)] = UInt8.random(in: 0...255, using: &generator)
            }
            // Whatever comes out, text that is accepted must be stable when written and read again.
            guard let value = try? JSONValue.parse(bytes) else { continue }
            #expect(try JSONValue.parse(value.bytes) == value)
        }
    }
}
