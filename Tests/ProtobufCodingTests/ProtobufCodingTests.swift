import ProtobufCoding
import Testing

struct ProtobufCodingTests {
    private struct Failure: ProtobufFailure, Equatable {
        var found: String
        var offset: Int

        init(malformedProtobuf found: String, at offset: Int, schema: String) {
            self.found = found
            self.offset = offset
        }
    }

    private func withCursor<Value>(_ bytes: [UInt8], _ body: (inout ProtobufCursor<Failure>) throws -> Value) throws -> Value {
        try bytes.withUnsafeBufferPointer { buffer in
            var cursor = ProtobufCursor<Failure>(buffer, base: try #require(buffer.baseAddress), schema: "test")
            return try body(&cursor)
        }
    }

    @Test(arguments: [0, 1, 127, 128, 300, 1 << 32, UInt64.max])
    func varintsComeBack(_ value: UInt64) throws {
        var writer = ProtobufWriter(reserving: 0)
        writer.varint(1 << 3, value)
        #expect(writer.count == 1 + ProtobufWriter.size(value))
        let bytes = Array(writer.written)
        let read = try withCursor(bytes) { cursor in
            #expect(try cursor.tag() == 1 << 3)
            return try cursor.varint()
        }
        #expect(read == value)
    }

    @Test(arguments: [0, 1, 127, 128, 20_000])
    func nestedMessagesHaveTheirLengthWhateverWasGuessed(_ length: Int) throws {
        for guess in [0, 200, 30_000] {
            var writer = ProtobufWriter(reserving: 0)
            let mark = writer.begin(1 << 3 | 2, expecting: guess)
            writer.append([UInt8](repeating: 7, count: length))
            writer.end(mark)
            writer.varint(2 << 3, 9)
            let (content, next) = try withCursor(Array(writer.written)) { cursor in
                _ = try cursor.tag()
                let content = Array(try cursor.bytes())
                _ = try cursor.tag()
                return (content, try cursor.varint())
            }
            #expect(content == [UInt8](repeating: 7, count: length))
            #expect(next == 9)
        }
    }

    @Test
    func brokenBytesAreThrownAsTheReadersOwnError() {
        #expect(throws: Failure(malformedProtobuf: "a message that ends inside a varint", at: 1, schema: "")) {
            try withCursor([8, 0x80]) { cursor in
                _ = try cursor.tag()
                _ = try cursor.varint()
            }
        }
        #expect(throws: Failure(malformedProtobuf: "a field of 5 bytes where 1 are left", at: 1, schema: "")) {
            try withCursor([10, 5, 0]) { cursor in
                _ = try cursor.tag()
                _ = try cursor.bytes()
            }
        }
    }
}
