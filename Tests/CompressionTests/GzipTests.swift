import Compression
import Testing

@Suite("gzip")
struct GzipTests {
    /// "hello hello hello\n", as written by the gzip program.
    static let fromGzipProgram: [UInt8] = [
        0x1f, 0x8b, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x03, 0xcb, 0x48, 0xcd, 0xc9, 0xc9, 0x57, 0xc8, 0x40, 0x90, 0x5c, 0x00,
        0x3b, 0x7c, 0x8a, 0xdf, 0x12, 0x00, 0x00, 0x00,
    ]

    @Test("what is compressed comes back", arguments: [0, 1, 100, 65_536, 1_000_003], [Int32(1), 6, 9])
    func roundTrip(size: Int, level: Int32) throws {
        let bytes = sampleBytes(count: size)
        let compressed = Gzip.compress(bytes, level: level)
        #expect(compressed.prefix(2) == [0x1f, 0x8b])
        #expect(try Gzip.decompress(compressed, maximumSize: size) == bytes)
    }

    @Test("reads what other programs wrote")
    func foreign() throws {
        #expect(try Gzip.decompress(Self.fromGzipProgram, maximumSize: 100) == Array("hello hello hello\n".utf8))
    }

    @Test("reads the zlib wrapper, HTTP's deflate")
    func zlibWrapper() throws {
        let bytes: [UInt8] = [0x78, 0x9c, 0xcb, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00, 0x06, 0x2c, 0x02, 0x15]
        #expect(try Gzip.decompress(bytes, maximumSize: 100) == Array("hello".utf8))
    }

    @Test("what is compressed as zlib comes back", arguments: [0, 1, 65_536])
    func zlibRoundTrip(size: Int) throws {
        let bytes = sampleBytes(count: size)
        let compressed = Zlib.compress(bytes)
        // CMF of a 32 KiB window, and the check of RFC 1950, section 2.2.
        #expect(compressed[0] == 0x78 && (Int(compressed[0]) << 8 | Int(compressed[1])) % 31 == 0)
        #expect(try Gzip.decompress(compressed, maximumSize: size) == bytes)
    }

    @Test("reads several members as one file")
    func members() throws {
        let file = Gzip.compress(Array("one ".utf8)) + Gzip.compress(Array("two".utf8))
        #expect(try Gzip.decompress(file, maximumSize: 7) == Array("one two".utf8))
    }

    @Test("a bomb stops at the limit")
    func bomb() {
        let bomb = Gzip.compress([UInt8](repeating: 0, count: 20_000_000), level: 9)
        #expect(throws: CompressionError.self) { try Gzip.decompress(bomb, maximumSize: 1_000_000) }
        do {
            _ = try Gzip.decompress(bomb, maximumSize: 1_000_000)
        } catch {
            #expect(error.code == .tooLarge)
            #expect(error.message.contains("1000000"))
        }
    }

    @Test("what the end of a file declares is only a hint", arguments: [UInt32.max, 1_000_001, 0])
    func declaredSize(size: UInt32) throws {
        let compressed = Gzip.compress(sampleBytes(count: 5000))
        let lying = compressed.dropLast(4) + (0..<4).map { UInt8(truncatingIfNeeded: size >> ($0 * 8)) }
        #expect { try Gzip.decompress(Array(lying), maximumSize: 1_000_000) } throws: { ($0 as? CompressionError)?.code == .malformed }
        // The last member is small, and declares only itself.
        let bomb = Gzip.compress([UInt8](repeating: 0, count: 20_000_000), level: 9) + Gzip.compress([1])
        #expect { try Gzip.decompress(bomb, maximumSize: 1_000_000) } throws: { ($0 as? CompressionError)?.code == .tooLarge }
        #expect(try Gzip.decompress(bomb, maximumSize: 20_000_001).count == 20_000_001)
    }

    @Test("one byte over the limit is too large, exactly the limit is not")
    func limit() throws {
        let compressed = Gzip.compress(sampleBytes(count: 5000))
        #expect(try Gzip.decompress(compressed, maximumSize: 5000).count == 5000)
        #expect(throws: CompressionError.self) { try Gzip.decompress(compressed, maximumSize: 4999) }
        #expect(throws: CompressionError.self) { try Gzip.decompress(compressed, maximumSize: 0) }
    }

    @Test("every cut and every foreign beginning is an error, never a trap")
    func damaged() {
        let compressed = Gzip.compress(sampleBytes(count: 300))
        for count in 0..<compressed.count {
            #expect(throws: CompressionError.self) { try Gzip.decompress(Array(compressed.prefix(count)), maximumSize: 1000) }
        }
        for first in UInt8.min...UInt8.max where first != 0x1f {
            _ = try? Gzip.decompress([first] + compressed.dropFirst(), maximumSize: 1000)
        }
        #expect(throws: CompressionError.self) { try Gzip.decompress(Array("{\"not\":\"gzip\"}".utf8), maximumSize: 1000) }
    }
}
