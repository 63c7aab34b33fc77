/// Fields by number; those with their default value are left out, as protobuf has it.
extension ProtobufWriter {
    /// The bytes of a message that the closure writes.
    @inlinable
    public static func message(reserving size: Int = 256, _ body: (inout ProtobufWriter) -> Void) -> [UInt8] {
        var writer = ProtobufWriter(reserving: size)
        body(&writer)
        return Array(writer.written)
    }

    @inlinable @inline(__always)
    public mutating func text(_ field: Int, _ value: String) {
        if !value.isEmpty { string(lastTagByte(field, 2), value) }
    }

    /// Repeated text: empty ones count too.
    @inlinable @inline(__always)
    public mutating func texts(_ field: Int, _ values: [String]) {
        for value in values { string(lastTagByte(field, 2), value, length: value.utf8.count) }
    }

    @inlinable @inline(__always)
    public mutating func number(_ field: Int, _ value: some BinaryInteger) {
        // Negative numbers are sign-extended to 64 bits, also those of 32-bit fields.
        if value != 0 { varint(lastTagByte(field, 0), UInt64(truncatingIfNeeded: value)) }
    }

    @inlinable @inline(__always)
    public mutating func flag(_ field: Int, _ value: Bool) {
        if value { varint(lastTagByte(field, 0), 1) }
    }

    @inlinable @inline(__always)
    public mutating func float(_ field: Int, _ value: Float) {
        if value != 0 { fixed32(lastTagByte(field, 5), value.bitPattern) }
    }

    /// Repeated numbers, packed.
    @inlinable @inline(__always)
    public mutating func packed(_ field: Int, _ values: [some BinaryInteger]) {
        guard !values.isEmpty else { return }
        message(field) { writer in
            for value in values { writer.varint(UInt64(truncatingIfNeeded: value)) }
        }
    }

    /// A nested message; written also when it is empty.
    @inlinable @inline(__always)
    public mutating func message(_ field: Int, _ body: (inout ProtobufWriter) -> Void) {
        let mark = begin(lastTagByte(field, 2), expecting: 64)
        body(&self)
        end(mark)
    }

    /// An entry of a map with messages as values.
    @inlinable @inline(__always)
    public mutating func entry(_ field: Int, _ key: String, _ value: (inout ProtobufWriter) -> Void) {
        message(field) { writer in
            writer.text(1, key)
            writer.message(2, value)
        }
    }

    /// An entry of a map of texts.
    @inlinable @inline(__always)
    public mutating func entry(_ field: Int, _ key: String, _ value: String) {
        message(field) { writer in
            writer.text(1, key)
            writer.text(2, value)
        }
    }

    /// The byte that ends a tag; what comes before it is written.
    @inlinable
    mutating func lastTagByte(_ field: Int, _ wireType: Int) -> UInt8 {
        let tag = field << 3 | wireType
        if tag < 0x80 { return UInt8(truncatingIfNeeded: tag) }
        byte(UInt8(truncatingIfNeeded: tag) | 0x80)
        return UInt8(truncatingIfNeeded: tag >> 7)
    }
}
