import Compression
import Testing

@Suite("gzip of a text in pieces")
struct GzipStreamTests {
    @Test("what is compressed in pieces comes back", arguments: [0, 1, 100_000, 1_000_003], [1, 7_000, 300_000])
    func roundTrip(size: Int, piece: Int) throws {
        let bytes = sampleBytes(count: min(size, piece * 2_000))
        let stream = GzipStream()
        var compressed: [UInt8] = []
        for start in stride(from: 0, to: bytes.count, by: piece) {
            compressed += stream.compress(Array(bytes[start..<min(start + piece, bytes.count)]), isLast: false)
        }
        compressed += stream.compress([], isLast: true)
        #expect(try Gzip.decompress(compressed, maximumSize: bytes.count) == bytes)
    }

    @Test("the last piece may have bytes, and what cannot be made smaller passes")
    func lastPiece() throws {
        var generator = SystemRandomNumberGenerator()
        let bytes = (0..<500_000).map { _ in UInt8.random(in: 0...255, using: &generator) }
        #expect(try Gzip.decompress(GzipStream(level: 9).compress(bytes, isLast: true), maximumSize: bytes.count) == bytes)
    }

    @Test("a text that is cut off is no gzip file")
    func cutOff() {
        let stream = GzipStream()
        let beginning = stream.compress(sampleBytes(count: 1_000_000), isLast: false)
        #expect(throws: CompressionError.self) { try Gzip.decompress(beginning, maximumSize: 2_000_000) }
    }
}
