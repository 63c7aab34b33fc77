/// Walks the fields of one protobuf message; every read is checked against the message's range.
struct ProtobufFields {
    struct Field {
        var number: UInt64
        /// Length-delimited: the value is a message, text or bytes.
        var isBytes: Bool
        var value: Range<Int>
        /// The value with its tag and length.
        var whole: Range<Int>
    }

    let buffer: UnsafeRawBufferPointer
    private var position: Int
    private let end: Int
    private(set) var isBroken = false

    init(_ buffer: UnsafeRawBufferPointer, _ range: Range<Int>) {
        self.buffer = buffer
        position = range.lowerBound
        end = range.upperBound
    }

    /// The next field, or `nil` at the end and when the message is broken.
    mutating func next() -> Field? {
        guard position < end else { return nil }
        let start = position
        guard let tag = varint() else { return broken() }
        var length = 0
        switch tag & 7 {
        case 0:
            let value = position
            guard varint() != nil else { return broken() }
            return Field(number: tag >> 3, isBytes: false, value: value..<position, whole: start..<position)
        case 1: length = 8
        case 5: length = 4
        case 2:
            guard let count = varint(), count <= UInt64(end - position) else { return broken() }
            length = Int(count)
        default: return broken()
        }
        guard length <= end - position else { return broken() }
        let value = position..<position + length
        position = value.upperBound
        return Field(number: tag >> 3, isBytes: tag & 7 == 2, value: value, whole: start..<position)
    }

    /// The value of the next field, when it has this tag of one byte and fewer than 128 bytes: attributes, nearly always.
    @inline(__always)
    mutating func nextShort(tag: UInt8) -> Range<Int>? {
        guard end - position >= 2, buffer[position] == tag else { return nil }
        let length = Int(buffer[position + 1])
        guard length < 0x80, length <= end - position - 2 else { return nil }
        let start = position + 2
        position = start + length
        return start..<position
    }

    /// Eight bytes as they lie; the caller has checked that they are within the message.
    func word(_ offset: Int) -> UInt64 {
        buffer.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
    }

    /// The value of a varint field.
    func number(_ field: Field) -> UInt64 {
        var value: UInt64 = 0
        for (index, offset) in field.value.enumerated() where index < 10 { value |= UInt64(buffer[offset] & 0x7f) << UInt64(7 * index) }
        return value
    }

    private mutating func varint() -> UInt64? {
        var value: UInt64 = 0
        var shift: UInt64 = 0
        while position < end, shift < 64 {
            let byte = buffer[position]
            position += 1
            value |= UInt64(byte & 0x7f) << shift
            if byte < 0x80 { return value }
            shift += 7
        }
        return nil
    }

    private mutating func broken() -> Field? {
        isBroken = true
        position = end
        return nil
    }
}

extension UnsafeRawBufferPointer {
    /// Whether these bytes occur in a range, which must be within the buffer.
    func contains(_ text: [UInt8], in range: Range<Int>) -> Bool {
        if text.isEmpty { return true }
        guard range.count >= text.count else { return false }
        let first = text[0]
        for start in range.lowerBound...range.upperBound - text.count where self[start] == first {
            if equals(text, at: start..<start + text.count) { return true }
        }
        return false
    }

    /// Whether a range, which must be within the buffer, has just these bytes.
    func equals(_ text: [UInt8], at range: Range<Int>) -> Bool {
        range.count == text.count && text.indices.allSatisfy { self[range.lowerBound + $0] == text[$0] }
    }
}
