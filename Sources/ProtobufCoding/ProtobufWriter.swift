/// Appends protobuf fields to memory of its own (Protocol Buffers, "Encoding").
///
/// The length of a nested message is put in when the message is complete: room for a guessed length is left before it,
/// and the message is moved when the guess was wrong.
///
/// Public, because functions of package access are not inlined into other modules, and a call costs more than most of these do.
public struct ProtobufWriter: ~Copyable {
    // Unsafe: owned by this value, freed in deinit; every write first makes room with `reserve`.
    @usableFromInline var base: UnsafeMutablePointer<UInt8>
    @usableFromInline var capacity: Int
    @usableFromInline var _count = 0

    @inlinable
    public init(reserving capacity: Int) {
        self.capacity = max(64, capacity)
        base = .allocate(capacity: self.capacity)
    }

    @inlinable
    deinit {
        base.deallocate()
    }

    /// How many bytes were written.
    public var count: Int { @inlinable @inline(__always) get { _count } }

    /// What was written.
    @inlinable public var written: UnsafeBufferPointer<UInt8> { UnsafeBufferPointer(start: base, count: _count) }

    @inlinable @inline(__always)
    mutating func reserve(_ more: Int) {
        if capacity &- _count < more { grow(more) }
    }

    @inlinable @inline(never)
    mutating func grow(_ more: Int) {
        let larger = max(capacity * 2, _count + more)
        let moved = UnsafeMutablePointer<UInt8>.allocate(capacity: larger)
        moved.update(from: base, count: _count)
        base.deallocate()
        base = moved
        capacity = larger
    }

    // MARK: Sizes

    /// How many bytes a varint takes.
    @inlinable @inline(__always)
    public static func size(_ value: UInt64) -> Int {
        // 7 bits a byte: (bits + 6) / 7, and one byte for zero.
        (70 &- (value | 1).leadingZeroBitCount) / 7
    }

    @inlinable @inline(__always)
    public static func size(_ length: Int) -> Int { size(UInt64(truncatingIfNeeded: length)) }

    // MARK: Fields; tags are `number << 3 | wire type`

    @inlinable @inline(__always)
    public mutating func varint(_ value: UInt64) {
        reserve(10)
        put(value)
    }

    @inlinable @inline(__always)
    public mutating func varint(_ tag: UInt8, _ value: UInt64) {
        reserve(11)
        base[_count] = tag
        _count &+= 1
        put(value)
    }

    /// Writes a varint; the caller made room.
    @inlinable @inline(__always)
    mutating func put(_ value: UInt64) {
        var rest = value
        while rest >= 0x80 {
            base[_count] = UInt8(truncatingIfNeeded: rest) | 0x80
            _count &+= 1
            rest >>= 7
        }
        base[_count] = UInt8(truncatingIfNeeded: rest)
        _count &+= 1
    }

    @inlinable @inline(__always)
    public mutating func byte(_ value: UInt8) {
        reserve(1)
        base[_count] = value
        _count &+= 1
    }

    @inlinable @inline(__always)
    public mutating func fixed64(_ tag: UInt8, _ value: UInt64) {
        reserve(9)
        base[_count] = tag
        UnsafeMutableRawPointer(base + (_count &+ 1)).storeBytes(of: value.littleEndian, as: UInt64.self)
        _count &+= 9
    }

    /// A field with a two-byte tag.
    @inlinable @inline(__always)
    public mutating func fixed32(_ tag: UInt16, _ value: UInt32) {
        reserve(6)
        base[_count] = UInt8(truncatingIfNeeded: tag) | 0x80
        base[_count &+ 1] = UInt8(truncatingIfNeeded: tag >> 7)
        UnsafeMutableRawPointer(base + (_count &+ 2)).storeBytes(of: value.littleEndian, as: UInt32.self)
        _count &+= 6
    }

    @inlinable @inline(__always)
    public mutating func fixed32(_ tag: UInt8, _ value: UInt32) {
        reserve(5)
        base[_count] = tag
        UnsafeMutableRawPointer(base + (_count &+ 1)).storeBytes(of: value.littleEndian, as: UInt32.self)
        _count &+= 5
    }

    /// An element of a packed field.
    public mutating func fixed32(_ value: UInt32) {
        reserve(4)
        UnsafeMutableRawPointer(base + _count).storeBytes(of: value.littleEndian, as: UInt32.self)
        _count &+= 4
    }

    /// The bytes of 64-bit words, most significant first: ids.
    @inlinable @inline(__always)
    public mutating func id(_ tag: UInt8, _ word: UInt64) {
        reserve(10)
        base[_count] = tag
        base[_count &+ 1] = 8
        UnsafeMutableRawPointer(base + (_count &+ 2)).storeBytes(of: word.bigEndian, as: UInt64.self)
        _count &+= 10
    }

    @inlinable @inline(__always)
    public mutating func id(_ tag: UInt8, _ high: UInt64, _ low: UInt64) {
        reserve(18)
        base[_count] = tag
        base[_count &+ 1] = 16
        UnsafeMutableRawPointer(base + (_count &+ 2)).storeBytes(of: high.bigEndian, as: UInt64.self)
        UnsafeMutableRawPointer(base + (_count &+ 10)).storeBytes(of: low.bigEndian, as: UInt64.self)
        _count &+= 18
    }

    /// A string field whose UTF-8 length is known.
    @inlinable @inline(__always)
    public mutating func string(_ tag: UInt8, _ value: String, length: Int) {
        reserve(11 &+ length)
        base[_count] = tag
        _count &+= 1
        put(UInt64(truncatingIfNeeded: length))
        let target = base + _count
        let copied: Void? = value.utf8.withContiguousStorageIfAvailable { source in
            if let start = source.baseAddress { target.update(from: start, count: min(source.count, length)) }
        }
        if copied == nil {
            for (index, byte) in value.utf8.prefix(length).enumerated() { target[index] = byte }
        }
        _count &+= length
    }

    /// A string field, left out when it is empty.
    @inlinable @inline(__always)
    public mutating func string(_ tag: UInt8, _ value: String) {
        let length = value.utf8.count
        if length > 0 { string(tag, value, length: length) }
    }

    @inlinable
    public mutating func bytes(_ tag: UInt8, _ value: [UInt8]) {
        reserve(11 + value.count)
        base[_count] = tag
        _count += 1
        put(UInt64(value.count))
        value.withUnsafeBufferPointer { source in
            if let start = source.baseAddress { (base + _count).update(from: start, count: source.count) }
        }
        _count += value.count
    }

    /// Fields that were written elsewhere.
    public mutating func append(_ fields: [UInt8]) {
        reserve(fields.count)
        fields.withUnsafeBufferPointer { source in
            if let start = source.baseAddress { (base + _count).update(from: start, count: source.count) }
        }
        _count += fields.count
    }

    // MARK: Nested messages

    /// Where a nested message begins, and how much room was left for its length.
    public struct Mark {
        @usableFromInline var start: Int
        @usableFromInline var lengthSize: Int

        @inlinable
        init(start: Int, lengthSize: Int) {
            self.start = start
            self.lengthSize = lengthSize
        }
    }

    /// Starts a nested message that is expected to have about this many bytes.
    @inlinable @inline(__always)
    public mutating func begin(_ tag: UInt8, expecting length: Int) -> Mark {
        let lengthSize = Self.size(length)
        reserve(1 &+ lengthSize)
        base[_count] = tag
        _count &+= 1 &+ lengthSize
        return Mark(start: _count, lengthSize: lengthSize)
    }

    /// Completes a nested message.
    @inlinable @inline(__always)
    public mutating func end(_ mark: Mark) {
        let length = _count &- mark.start
        let needed = Self.size(length)
        if needed != mark.lengthSize { shift(mark, length, by: needed &- mark.lengthSize) }
        var rest = UInt64(truncatingIfNeeded: length)
        var position = mark.start &- mark.lengthSize
        while rest >= 0x80 {
            base[position] = UInt8(truncatingIfNeeded: rest) | 0x80
            position &+= 1
            rest >>= 7
        }
        base[position] = UInt8(truncatingIfNeeded: rest)
    }

    @inlinable @inline(never)
    mutating func shift(_ mark: Mark, _ length: Int, by distance: Int) {
        reserve(max(0, distance))
        // `update(from:)` has memmove's semantics: the ranges may overlap.
        (base + mark.start + distance).update(from: base + mark.start, count: length)
        _count += distance
    }
}
