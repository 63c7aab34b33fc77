import Compression
import Testing

@Suite("snappy")
struct SnappyTests {
    @Test("what is compressed comes back", arguments: [0, 1, 3, 4, 5, 59, 60, 61, 100, 257, 65_535, 65_536, 65_537, 1_000_003])
    func roundTrip(size: Int) throws {
        let bytes = sampleBytes(count: size)
        #expect(try Snappy.decompress(Snappy.compress(bytes), maximumSize: size) == bytes)
        // Repeats of every distance and length.
        let repeating = (0..<size).map { UInt8(truncatingIfNeeded: $0 % max(1, size % 67)) }
        #expect(try Snappy.decompress(Snappy.compress(repeating), maximumSize: size) == repeating)
        var random = SystemRandomNumberGenerator()
        let noise = (0..<size).map { _ in UInt8.random(in: 0...255, using: &random) }
        let compressed = Snappy.compress(noise)
        #expect(compressed.count <= size + size / 6 + 32)
        #expect(try Snappy.decompress(compressed, maximumSize: size) == noise)
    }

    @Test("repeats get small")
    func ratio() {
        let text = Array(String(repeating: "traces_service_graph_request_total{client=\"a\",server=\"b\"} ", count: 1000).utf8)
        #expect(Snappy.compress(text).count < text.count / 15)
    }

    @Test("each element by the format's facts")
    func elements() throws {
        func check(_ block: [UInt8], _ text: String) throws {
            #expect(try Snappy.decompress(block, maximumSize: 1000) == Array(text.utf8))
        }
        try check([0], "")
        try check([3, 2 << 2] + Array("abc".utf8), "abc")
        // One and two bytes of length.
        try check([3, 60 << 2, 2] + Array("abc".utf8), "abc")
        try check([3, 61 << 2, 2, 0] + Array("abc".utf8), "abc")
        try check([3, 62 << 2, 2, 0, 0] + Array("abc".utf8), "abc")
        try check([3, 63 << 2, 2, 0, 0, 0] + Array("abc".utf8), "abc")
        // Length 4 to 11, offset of 11 bits; a copy that overlaps itself repeats.
        try check([9, 2 << 2] + Array("abc".utf8) + [1 | 2 << 2, 3], "abcabcabc")
        // Length 1 to 64, offsets of 16 and of 32 bits.
        try check([5, 2 << 2] + Array("abc".utf8) + [2 | 1 << 2, 2, 0], "abcbc")
        try check([5, 2 << 2] + Array("abc".utf8) + [3 | 1 << 2, 2, 0, 0, 0], "abcbc")
    }

    @Test("broken blocks are refused", arguments: [
        [], [0x80], [0xff, 0xff, 0xff, 0xff, 0xff, 0x01], [5], [5, 2 << 2, 97], [5, 60 << 2], [1, 2 << 2, 97, 97, 97],
        [5, 0, 97, 2 | 3 << 2, 2, 0], [5, 0, 97, 2 | 3 << 2, 0, 0], [5, 0, 97, 1], [2, 0, 97],
    ] as [[UInt8]])
    func broken(block: [UInt8]) {
        #expect { try Snappy.decompress(block, maximumSize: 1000) } throws: { ($0 as? CompressionError)?.code == .malformed }
    }

    @Test("a block that promises too much gets no memory")
    func bomb() {
        #expect { try Snappy.decompress([0xff, 0xff, 0xff, 0xff, 0x0f, 0], maximumSize: 1000) } throws: { ($0 as? CompressionError)?.code == .tooLarge }
        #expect { try Snappy.decompress([0xff, 0xff, 0xff, 0xff, 0x0f, 0], maximumSize: .max) } throws: { ($0 as? CompressionError)?.code == .malformed }
    }

    @Test("any bytes are an answer or an error")
    func fuzz() {
        var random = SystemRandomNumberGenerator()
        let valid = Snappy.compress(sampleBytes(count: 500))
        for _ in 0..<20_000 {
            var block = valid
            for _ in 0..<Int.random(in: 1...8, using: &random) {
                block[Int.random(in: 0..<block.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
            }
            _ = try? Snappy.decompress(block, maximumSize: 10_000)
        }
    }
}
