/// Says of a set of hashes "certainly not" or "perhaps", wrongly "perhaps" once in 256; a bit less than ten bits for each.
///
/// Graf and Lemire, "Xor Filters: Faster and Smaller Than Bloom and Cuckoo Filters" (2020). The bytes: the seed, the length of a third
/// of the table (both little-endian, 8 and 4 bytes), the table. No bytes at all may hold anything.
enum XorFilter {
    private static let headSize = 12

    /// - Parameter hashes: unique.
    static func bytes(of hashes: [UInt64]) -> [UInt8] {
        let third = hashes.isEmpty ? 0 : (32 + hashes.count * 123 / 100) / 3 + 1
        var bytes = [UInt8](repeating: 0, count: headSize + 3 * third)
        var seed: UInt64 = hashes.isEmpty ? 0 : 0x9e37_79b9_7f4a_7c15
        // Each try succeeds nearly always; a set that defeats all of them goes without a filter.
        for _ in 0..<64 {
            if hashes.isEmpty || fill(&bytes, hashes, seed: seed, third: third) {
                for index in 0..<8 { bytes[index] = UInt8(truncatingIfNeeded: seed >> UInt64(8 * index)) }
                for index in 0..<4 { bytes[8 + index] = UInt8(truncatingIfNeeded: third >> (8 * index)) }
                return bytes
            }
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

    /// A place of the table while it is made.
    private struct Cell {
        /// All hashes that have this place, combined.
        var sum: UInt64
        var count: Int
    }

    /// Peels off hashes that have a place of their own until none is left, then fills the places in reverse.
    ///
    /// - Returns: whether it could be done with this seed; if not, nothing was written.
    private static func fill(_ bytes: inout [UInt8], _ hashes: [UInt64], seed: UInt64, third: Int) -> Bool {
        // Unsafe: freed at the end; places are below `3 * third`, and each is queued once at most, when its count becomes 1.
        let cells = UnsafeMutablePointer<Cell>.allocate(capacity: 3 * third)
        let queue = UnsafeMutablePointer<Int>.allocate(capacity: 3 * third)
        let order = UnsafeMutablePointer<(hash: UInt64, place: Int)>.allocate(capacity: hashes.count)
        defer {
            cells.deallocate()
            queue.deallocate()
            order.deallocate()
        }
        cells.initialize(repeating: Cell(sum: 0, count: 0), count: 3 * third)
        func change(_ place: Int, _ hash: UInt64, by step: Int) -> Bool {
            cells[place].sum ^= hash
            cells[place].count &+= step
            return cells[place].count == 1
        }
        for hash in hashes {
            let places = Places(hash, seed: seed, third: third)
            _ = change(places.first, hash, by: 1)
            _ = change(places.second, hash, by: 1)
            _ = change(places.last, hash, by: 1)
        }
        var queued = 0
        for place in 0..<3 * third where cells[place].count == 1 {
            queue[queued] = place
            queued &+= 1
        }
        var ordered = 0
        while queued > 0 {
            queued &-= 1
            let place = queue[queued]
            guard cells[place].count == 1 else { continue }
            let hash = cells[place].sum
            order[ordered] = (hash, place)
            ordered &+= 1
            let places = Places(hash, seed: seed, third: third)
            func leave(_ other: Int) {
                guard change(other, hash, by: -1) else { return }
                queue[queued] = other
                queued &+= 1
            }
            leave(places.first)
            leave(places.second)
            leave(places.last)
        }
        guard ordered == hashes.count else { return false }
        bytes.withUnsafeMutableBufferPointer { bytes in
            for (hash, place) in UnsafeBufferPointer(start: order, count: ordered).reversed() {
                let places = Places(hash, seed: seed, third: third)
                // The place itself is still zero.
                bytes[headSize + place] = places.fingerprint
                    ^ bytes[headSize + places.first] ^ bytes[headSize + places.second] ^ bytes[headSize + places.last]
            }
        }
        return true
    }
}
