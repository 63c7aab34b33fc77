/// Numbers ranges of one buffer: ranges with the same bytes and the same tag have one number, from 0 on in the order they came.
///
/// Open addressing with linear probing, never more than half full.
struct RangeTable: ~Copyable {
    private struct Entry {
        var hash: UInt32
        /// -1 where there is none.
        var number: Int32
    }

    private struct Item {
        var start: Int
        var count: Int
        var tag: Int
        var hash: UInt32
    }

    // Unsafe: the owner keeps the buffer in place for the life of the table; only ranges within it are looked up.
    private let buffer: UnsafeRawBufferPointer
    // Unsafe: allocated here with `mask + 1` entries, freed in deinit; every index is masked.
    private var entries: UnsafeMutablePointer<Entry>
    private var mask: Int
    private var items: [Item] = []
    private let seed: UInt64
    /// So that senders cannot choose bytes that collide.
    private static let seed = UInt64.random(in: .min ... .max)

    /// - Parameter capacity: about how many different ranges will come.
    init(_ buffer: UnsafeRawBufferPointer, capacity: Int) {
        self.buffer = buffer
        seed = Self.seed
        var size = 64
        while size < capacity * 2 { size *= 2 }
        mask = size - 1
        entries = Self.empty(size)
    }

    deinit {
        entries.deallocate()
    }

    var count: Int { items.count }

    func range(_ number: Int) -> Range<Int> { items[number].start..<items[number].start + items[number].count }

    /// The number of a range, which must be within the buffer; a new one is the count before.
    @inline(__always)
    mutating func number(of range: Range<Int>, tag: Int) -> Int {
        let hash = hash(range, tag)
        var index = Int(hash) & mask
        while entries[index].number >= 0 {
            if entries[index].hash == hash, equals(Int(entries[index].number), range, tag) { return Int(entries[index].number) }
            index = (index &+ 1) & mask
        }
        return insert(Item(start: range.lowerBound, count: range.count, tag: tag, hash: hash))
    }

    private mutating func insert(_ item: Item) -> Int {
        items.append(item)
        if items.count * 2 > mask {
            entries.deallocate()
            mask = mask * 2 + 1
            entries = Self.empty(mask + 1)
            for number in items.indices { place(number) }
        } else {
            place(items.count - 1)
        }
        return items.count - 1
    }

    private func place(_ number: Int) {
        var index = Int(items[number].hash) & mask
        while entries[index].number >= 0 { index = (index &+ 1) & mask }
        // In range: an item has some bytes of the buffer, of which there are less than 2³¹ in a block.
        entries[index] = Entry(hash: items[number].hash, number: Int32(clamping: number))
    }

    @inline(__always)
    private func equals(_ number: Int, _ range: Range<Int>, _ tag: Int) -> Bool {
        let item = items[number]
        return item.tag == tag && item.count == range.count && buffer.equals(item.start, range.lowerBound, range.count)
    }

    private static func empty(_ size: Int) -> UnsafeMutablePointer<Entry> {
        let entries = UnsafeMutablePointer<Entry>.allocate(capacity: size)
        entries.initialize(repeating: Entry(hash: 0, number: -1), count: size)
        return entries
    }

    /// Sixteen bytes at a time; not part of the file format.
    @inline(__always)
    private func hash(_ range: Range<Int>, _ tag: Int) -> UInt32 {
        var state = UInt64(truncatingIfNeeded: range.count &<< 8 ^ tag) &* 0x9e37_79b9_7f4a_7c15 ^ seed
        if range.count >= 8 {
            let last = range.upperBound &- 8
            var index = range.lowerBound
            while index < last {
                state = Self.mix(word(index) ^ 0xa076_1d64_78bd_642f, word(min(index &+ 8, last)) ^ state)
                index &+= 16
            }
            state = Self.mix(word(last) ^ 0xe703_7ed1_a0b4_28db, state)
        } else {
            var rest: UInt64 = 0
            for index in range { rest = rest &<< 8 | UInt64(buffer[index]) }
            state = Self.mix(rest ^ 0xe703_7ed1_a0b4_28db, state)
        }
        return UInt32(truncatingIfNeeded: state ^ state &>> 32)
    }

    @inline(__always)
    private func word(_ offset: Int) -> UInt64 { buffer.loadUnaligned(fromByteOffset: offset, as: UInt64.self) }

    @inline(__always)
    private static func mix(_ left: UInt64, _ right: UInt64) -> UInt64 {
        let product = left.multipliedFullWidth(by: right)
        return product.high ^ product.low
    }
}

extension UnsafeRawBufferPointer {
    /// Whether the same bytes are at two places; both ranges must be within the buffer.
    @inline(__always)
    func equals(_ first: Int, _ second: Int, _ count: Int) -> Bool {
        var index = 0
        while index &+ 8 <= count {
            if loadUnaligned(fromByteOffset: first &+ index, as: UInt64.self) != loadUnaligned(fromByteOffset: second &+ index, as: UInt64.self) { return false }
            index &+= 8
        }
        if count >= 8 {
            // The last eight bytes, some of them once more.
            let last = count &- 8
            return loadUnaligned(fromByteOffset: first &+ last, as: UInt64.self) == loadUnaligned(fromByteOffset: second &+ last, as: UInt64.self)
        }
        while index < count {
            if self[first &+ index] != self[second &+ index] { return false }
            index &+= 1
        }
        return true
    }
}
