/// Gives equal byte sequences of one request the same `String`, because keys and names repeat in every span.
///
/// A direct-mapped table: a collision replaces the older entry. Only strings whose bytes stay in place for the life of the
/// cache may be put in.
struct StringCache: ~Copyable {
    private struct Entry {
        // Unsafe: points into the request, which outlives the cache; see the type's documentation.
        var start: UnsafePointer<UInt8>?
        var count: Int
        var string: String
    }

    /// Longer strings are seldom repeated and are not looked up.
    static let maximumLength = 96

    private static let size = 256
    private let entries: UnsafeMutablePointer<Entry>

    init() {
        // Unsafe: allocated and initialised here, freed in deinit; every index is masked by the power-of-two size.
        entries = .allocate(capacity: Self.size)
        entries.initialize(repeating: Entry(start: nil, count: -1, string: ""), count: Self.size)
    }

    deinit {
        entries.deinitialize(count: Self.size)
        entries.deallocate()
    }

    /// The bytes as a string; invalid UTF-8 becomes U+FFFD.
    mutating func string(_ start: UnsafePointer<UInt8>, _ count: Int) -> String {
        if count == 0 { return "" }
        guard count <= Self.maximumLength else { return Self.make(start, count) }
        let entry = entries + Self.slot(start, count)
        if entry.pointee.count == count, let known = entry.pointee.start, Self.equal(known, start, count) {
            return entry.pointee.string
        }
        let string = Self.make(start, count)
        entry.pointee = Entry(start: start, count: count, string: string)
        return string
    }

    static func make(_ start: UnsafePointer<UInt8>, _ count: Int) -> String {
        String(decoding: UnsafeBufferPointer(start: start, count: count), as: UTF8.self)
    }

    /// Mixes the length with the first and last eight bytes.
    private static func slot(_ start: UnsafePointer<UInt8>, _ count: Int) -> Int {
        let raw = UnsafeRawPointer(start)
        var hash = UInt64(truncatingIfNeeded: count)
        if count >= 8 {
            hash ^= raw.loadUnaligned(as: UInt64.self) &* 0x9e37_79b9_7f4a_7c15
            hash ^= (raw + (count - 8)).loadUnaligned(as: UInt64.self) &* 0xc2b2_ae3d_27d4_eb4f
        } else {
            var word: UInt64 = 0
            for index in 0..<count { word = word << 8 | UInt64(start[index]) }
            hash ^= word &* 0x9e37_79b9_7f4a_7c15
        }
        hash ^= hash >> 32
        return Int(truncatingIfNeeded: (hash &* 0x9e37_79b9_7f4a_7c15) >> 56)
    }

    private static func equal(_ left: UnsafePointer<UInt8>, _ right: UnsafePointer<UInt8>, _ count: Int) -> Bool {
        // In bounds: both sides hold `count` bytes.
        let leftRaw = UnsafeRawPointer(left)
        let rightRaw = UnsafeRawPointer(right)
        var index = 0
        while index &+ 8 <= count {
            if (leftRaw + index).loadUnaligned(as: UInt64.self) != (rightRaw + index).loadUnaligned(as: UInt64.self) { return false }
            index &+= 8
        }
        if count >= 8 {
            let last = count &- 8
            return (leftRaw + last).loadUnaligned(as: UInt64.self) == (rightRaw + last).loadUnaligned(as: UInt64.self)
        }
        while index < count {
            if left[index] != right[index] { return false }
            index &+= 1
        }
        return true
    }
}
