/// Says of a set of hashes "certainly not" or "perhaps", wrongly "perhaps" once in 256; a bit less than ten bits for each.
///
/// Graf and Lemire, "Xor Filters: Faster and Smaller Than Bloom and Cuckoo Filters" (2020). The bytes: the seed, the length of a third
/// of the table (both little-endian, 8 and 4 bytes), the table. No bytes at all may hold anything.
enum XorFilter {
    private static let headSize = 12

    /// - Parameter hashes: unique.
    static func bytes(of hashes: [UInt64]) -> [UInt8] {
        guard !hashes.isEmpty else { return head(seed: 0, third: 0) }
        let third = (32 + hashes.count * 123 / 100) / 3 + 1
        var seed: UInt64 = 0x9e37_79b9_7f4a_7c15
        // Each try succeeds nearly always; a set that defeats all of them goes without a filter.
        for _ in 0..<64 {
            if let table = table(hashes, seed: seed, third: third) { return head(seed: seed, third: third) + table }
            seed = seed &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        }
        return []
    }

    static func mayContain(_ hash: UInt64, in bytes: [UInt8]) -> Bool {
        bytes.withUnsafeBytes { raw in
            guard raw.count >= headSize else { return true }
            let seed = UInt64(littleEndian: raw.loadUnaligned(fromByteOffset: 0, as: UInt64.self))
            let third = Int(UInt32(littleEndian: raw.loadUnaligned(fromByteOffset: 8, as: UInt32.self)))
            guard third > 0, raw.count == headSize + 3 * third else { return raw.count != headSize }
            let places = Places(hash, seed: seed, third: third)
            return raw[headSize + places.first] ^ raw[headSize + places.second] ^ raw[headSize + places.last] == places.fingerprint
        }
    }

    private struct Places {
        let first: Int
        let second: Int
        let last: Int
        let fingerprint: UInt8

        subscript(index: Int) -> Int { index == 0 ? first : index == 1 ? second : last }

        init(_ hash: UInt64, seed: UInt64, third: Int) {
            var mixed = hash &+ seed
            mixed = (mixed ^ mixed >> 33) &* 0xff51_afd7_ed55_8ccd
            mixed = (mixed ^ mixed >> 33) &* 0xc4ce_b9fe_1a85_ec53
            mixed ^= mixed >> 33
            func place(_ shift: UInt64) -> Int {
                let rotated = mixed << shift | mixed >> ((64 - shift) & 63)
                return Int(((rotated & 0xffff_ffff) &* UInt64(third)) >> 32)
            }
            first = place(0)
            second = third + place(21)
            last = 2 * third + place(42)
            fingerprint = UInt8(truncatingIfNeeded: mixed ^ mixed >> 32)
        }
    }

    private static func head(seed: UInt64, third: Int) -> [UInt8] {
        (0..<8).map { UInt8(truncatingIfNeeded: seed >> UInt64(8 * $0)) } + (0..<4).map { UInt8(truncatingIfNeeded: third >> (8 * $0)) }
    }

    /// Peels off hashes that have a place of their own until none is left, then fills the places in reverse.
    private static func table(_ hashes: [UInt64], seed: UInt64, third: Int) -> [UInt8]? {
        var sums = [UInt64](repeating: 0, count: 3 * third)
        var counts = [UInt32](repeating: 0, count: 3 * third)
        for hash in hashes {
            let places = Places(hash, seed: seed, third: third)
            for index in 0..<3 {
                let place = places[index]
                sums[place] ^= hash
                counts[place] += 1
            }
        }
        var queue = counts.indices.filter { counts[$0] == 1 }
        var order: [(hash: UInt64, place: Int)] = []
        order.reserveCapacity(hashes.count)
        while let place = queue.popLast() {
            guard counts[place] == 1 else { continue }
            let hash = sums[place]
            order.append((hash, place))
            let places = Places(hash, seed: seed, third: third)
            for index in 0..<3 {
                let other = places[index]
                sums[other] ^= hash
                counts[other] -= 1
                if counts[other] == 1 { queue.append(other) }
            }
        }
        guard order.count == hashes.count else { return nil }
        var table = [UInt8](repeating: 0, count: 3 * third)
        for (hash, place) in order.reversed() {
            let places = Places(hash, seed: seed, third: third)
            // The place itself is still zero.
            table[place] = places.fingerprint ^ table[places.first] ^ table[places.second] ^ table[places.last]
        }
        return table
    }
}
