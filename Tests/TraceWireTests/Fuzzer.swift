import Foundation
import FuzzSupport
import TraceModel

/// Damages encoded random batches in the ways that decoders get wrong.
struct Fuzzer {
    /// How long a random test runs.
    static let duration: Duration = .seconds(
        ProcessInfo.processInfo.environment["NEEDLETAIL_FUZZ_SECONDS"].flatMap(Int.init) ?? 2)

    var generator: SeededGenerator
    var random: RandomBatch
    let encode: (SpanBatch) -> [UInt8]

    init(seed: UInt64, encode: @escaping (SpanBatch) -> [UInt8]) {
        generator = SeededGenerator(seed: seed)
        random = RandomBatch(seed: seed &+ 1)
        self.encode = encode
    }

    mutating func run(for duration: Duration, _ check: ([UInt8]) -> Void) {
        let clock = ContinuousClock()
        let end = clock.now + duration
        while clock.now < end {
            let good = encode(random.batch())
            let other = encode(random.batch())
            for _ in 0..<50 {
                var bytes = good
                for _ in 0..<Int.random(in: 1...4, using: &generator) { damage(&bytes, other) }
                check(bytes)
            }
        }
    }

    private mutating func damage(_ bytes: inout [UInt8], _ other: [UInt8]) {
        guard !bytes.isEmpty else { return }
        let index = Int.random(in: 0..<bytes.count, using: &generator)
        switch Int.random(in: 0...5, using: &generator) {
        case 0: bytes[index] = UInt8.random(in: 0...255, using: &generator)
        case 1: bytes[index] ^= 1 << UInt8.random(in: 0...7, using: &generator)
        case 2: bytes.remove(at: index)
        case 3: bytes.insert(UInt8.random(in: 0...255, using: &generator), at: index)
        case 4: bytes.removeSubrange(index..<min(bytes.count, index + Int.random(in: 1...20, using: &generator)))
        default:
            guard !other.isEmpty else { return }
            let start = Int.random(in: 0..<other.count, using: &generator)
            bytes.insert(contentsOf: other[start..<min(other.count, start + 16)], at: index)
        }
    }
}
