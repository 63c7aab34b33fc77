import Compression
import Testing

@Suite("zstd")
struct ZstdTests {
    @Test("what is compressed comes back", arguments: [0, 1, 100, 65_536, 1_000_003], [Int32(1), 3, 9])
    func roundTrip(size: Int, level: Int32) throws {
        let bytes = sampleBytes(count: size)
        let compressed = Zstd.compress(bytes, level: level)
        #expect(compressed.prefix(4) == [0x28, 0xb5, 0x2f, 0xfd])
        #expect(try Zstd.decompress(compressed, maximumSize: size) == bytes)
    }

    @Test("reads a frame without content size, and several frames as one")
    func foreign() throws {
        // `printf 'hello hello hello hello\n' | zstd --no-check`: written as a stream, so without the size.
        let streamed: [UInt8] = [
            0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x58, 0x6d, 0x00, 0x00, 0x38, 0x68, 0x65, 0x6c, 0x6c, 0x6f, 0x20, 0x0a, 0x01, 0x00, 0x99,
            0x4b, 0x11,
        ]
        let text = Array("hello hello hello hello\n".utf8)
        let two = Zstd.compress(text) + Zstd.compress(text)
        #expect(try Zstd.decompress(two, maximumSize: 48) == text + text)
        #expect(throws: CompressionError.self) { try Zstd.decompress(two, maximumSize: 47) }
        #expect(try Zstd.decompress(streamed, maximumSize: 24) == text)
        #expect(throws: CompressionError.self) { try Zstd.decompress(streamed, maximumSize: 23) }
    }

    @Test("one byte over the limit is too large, exactly the limit is not")
    func limit() throws {
        let compressed = Zstd.compress([UInt8](repeating: 7, count: 50_000_000))
        #expect(throws: CompressionError.self) { try Zstd.decompress(compressed, maximumSize: 49_999_999) }
        do {
            _ = try Zstd.decompress(compressed, maximumSize: 1000)
        } catch {
            #expect(error.code == .tooLarge)
        }
        #expect(try Zstd.decompress(compressed, maximumSize: 50_000_000).count == 50_000_000)
    }

    @Test("every cut and every changed byte is an error or other bytes, never a trap")
    func damaged() {
        let compressed = Zstd.compress(sampleBytes(count: 300))
        for count in 0..<compressed.count {
            #expect(throws: CompressionError.self) { try Zstd.decompress(Array(compressed.prefix(count)), maximumSize: 1000) }
        }
        for index in compressed.indices {
            var damaged = compressed
            damaged[index] ^= 0x55
            _ = try? Zstd.decompress(damaged, maximumSize: 1000)
        }
    }

    @Test("many tasks at once")
    func concurrent() async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for task in 0..<32 {
                group.addTask {
                    let bytes = sampleBytes(count: 10_000 + task)
                    for _ in 0..<10 {
                        let read = try Zstd.decompress(Zstd.compress(bytes), maximumSize: 20_000)
                        #expect(read == bytes)
                    }
                }
            }
            try await group.waitForAll()
        }
    }
}
