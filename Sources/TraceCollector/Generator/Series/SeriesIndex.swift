/// Finds the number of a series by the parts of its key, in a few nanoseconds and without making the key.
///
/// Open addressing with linear probing; hashes are seeded, so that senders cannot choose names that collide.
struct SeriesIndex: Sendable {
    private(set) var keys: [SeriesKey] = []
    private var hashes: [UInt64] = []
    /// Numbers of series, -1 where there is none; the count is a power of two, at least twice that of the keys.
    private var slots: [Int32]
    private static let seed = UInt64.random(in: .min ... .max)

    init() {
        slots = [Int32](repeating: -1, count: 256)
    }

    var count: Int { keys.count }

    /// The hash of a string, to be mixed with others.
    @inline(__always)
    static func hash(_ text: String, _ seed: UInt64 = SeriesIndex.seed) -> UInt64 {
        let hashed = text.utf8.withContiguousStorageIfAvailable { bytes in
            let raw = UnsafeRawBufferPointer(bytes)
            var state = seed ^ UInt64(truncatingIfNeeded: raw.count) &* 0x9e37_79b9_7f4a_7c15
            var position = 0
            while position &+ 8 <= raw.count {
                state = mix(state ^ raw.loadUnaligned(fromByteOffset: position, as: UInt64.self))
                position &+= 8
            }
            var rest: UInt64 = 0
            while position < raw.count {
                rest = rest << 8 | UInt64(raw[position])
                position &+= 1
            }
            return mix(state ^ rest)
        }
        return hashed ?? mix(seed ^ UInt64(bitPattern: Int64(text.hashValue)))
    }

    @inline(__always)
    static func mix(_ value: UInt64) -> UInt64 {
        let product = value.multipliedFullWidth(by: 0xa076_1d64_78bd_642f)
        return product.high ^ product.low
    }

    @inline(__always)
    static func hash(firstHash: UInt64, second: String, third: UInt8, fourth: UInt8, extra: [String]) -> UInt64 {
        var state = hash(second, firstHash)
        state = mix(state ^ (UInt64(third) << 8 | UInt64(fourth)))
        for text in extra { state = hash(text, state) }
        return state
    }

    @inline(__always)
    func find(_ hash: UInt64, first: String, second: String, third: UInt8, fourth: UInt8, extra: [String]) -> Int? {
        let mask = slots.count &- 1
        var slot = Int(truncatingIfNeeded: hash) & mask
        while true {
            let number = Int(slots[slot])
            if number < 0 { return nil }
            if hashes[number] == hash, matches(number, first, second, third, fourth, extra) { return number }
            slot = (slot &+ 1) & mask
        }
    }

    @inline(__always)
    private func matches(_ number: Int, _ first: String, _ second: String, _ third: UInt8, _ fourth: UInt8, _ extra: [String]) -> Bool {
        keys.withUnsafeBufferPointer { keys in
            keys[number].third == third && keys[number].fourth == fourth && keys[number].second == second && keys[number].first == first
                && keys[number].extra == extra
        }
    }

    /// The hash of ``SeriesKey/overflow``.
    static let overflowHash = hash(
        firstHash: hash(SeriesKey.overflow.first), second: SeriesKey.overflow.second, third: SeriesKey.overflow.third,
        fourth: SeriesKey.overflow.fourth, extra: SeriesKey.overflow.extra
    )

    /// The number of ``SeriesKey/overflow``, in which everything is counted that has no room of its own.
    var overflow: Int? {
        let key = SeriesKey.overflow
        return find(Self.overflowHash, first: key.first, second: key.second, third: key.third, fourth: key.fourth, extra: key.extra)
    }

    /// Adds a key that is not there, and returns its number: the count before.
    mutating func insert(_ hash: UInt64, _ key: SeriesKey) -> Int {
        let number = keys.count
        keys.append(key)
        hashes.append(hash)
        if keys.count * 2 > slots.count {
            resize(slots.count * 2)
        } else {
            place(number)
        }
        return number
    }

    /// Forgets all but these series, which are numbered anew in this order.
    mutating func keep(_ numbers: [Int]) {
        keys = numbers.map { keys[$0] }
        hashes = numbers.map { hashes[$0] }
        var size = 256
        while size < keys.count * 2 { size *= 2 }
        resize(size)
    }

    private mutating func resize(_ size: Int) {
        slots = [Int32](repeating: -1, count: size)
        for number in keys.indices { place(number) }
    }

    private mutating func place(_ number: Int) {
        let mask = slots.count - 1
        var slot = Int(truncatingIfNeeded: hashes[number]) & mask
        while slots[slot] >= 0 { slot = (slot + 1) & mask }
        slots[slot] = Int32(number)
    }
}
