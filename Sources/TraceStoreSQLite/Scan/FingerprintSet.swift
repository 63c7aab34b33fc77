/// Fingerprints of trace ids, as looked for in many blocks.
struct FingerprintSet {
    /// Sorted, unique.
    private let fingerprints: [UInt32]
    /// One bit for each of the first 16 bits of a fingerprint: most questions end here.
    private let bits: [UInt64]
    private let members: Set<UInt32>

    init(_ fingerprints: [UInt32]) {
        var bits = [UInt64](repeating: 0, count: 1024)
        for fingerprint in fingerprints { bits[Int(fingerprint >> 22)] |= 1 << UInt64(fingerprint >> 16 & 63) }
        self.bits = bits
        members = Set(fingerprints)
        self.fingerprints = members.sorted()
    }

    /// Calls `body` with those that are in a list, too.
    func forEachCommon(_ list: [UInt32], _ body: (UInt32) -> Void) {
        if fingerprints.count * 8 < list.count {
            for fingerprint in fingerprints where list.containsSorted(fingerprint) { body(fingerprint) }
            return
        }
        for fingerprint in list where bits[Int(fingerprint >> 22)] & 1 << UInt64(fingerprint >> 16 & 63) != 0 && members.contains(fingerprint) {
            body(fingerprint)
        }
    }

    /// Whether a sorted list has one of them.
    func containsAny(of list: [UInt32]) -> Bool {
        // A few are looked up in the list, many are looked up in the set.
        if fingerprints.count * 8 < list.count { return fingerprints.contains { list.containsSorted($0) } }
        return list.contains { bits[Int($0 >> 22)] & 1 << UInt64($0 >> 16 & 63) != 0 && members.contains($0) }
    }
}

extension [UInt32] {
    /// Whether this sorted list has a number.
    func containsSorted(_ number: UInt32) -> Bool {
        var low = 0
        var high = count
        while low < high {
            let middle = (low + high) / 2
            if self[middle] < number { low = middle + 1 } else { high = middle }
        }
        return low < count && self[low] == number
    }
}
