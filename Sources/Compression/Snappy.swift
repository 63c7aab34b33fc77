/// Snappy's block format: what Prometheus remote write sends, and OTLP clients that compress with `snappy`.
///
/// A block is the length of its contents as a varint, then elements: literal bytes, and copies of bytes that came before.
public enum Snappy {
    /// Compresses bytes to one block.
    public static func compress(_ bytes: [UInt8]) -> [UInt8] {
        // Literals cost one byte in 60 at worst, where no copy is found.
        let bound = 32 + bytes.count + bytes.count / 6
        return [UInt8](unsafeUninitializedCapacity: bound) { output, count in
            var compressor = SnappyCompressor(output: output)
            bytes.withUnsafeBufferPointer { compressor.run($0) }
            count = compressor.count
        }
    }

    /// Decompresses one block.
    ///
    /// - Parameter maximumSize: the most bytes to produce; checked against the block's own length before memory is taken.
    /// - Throws: ``CompressionError`` `.malformed` or `.tooLarge`.
    public static func decompress(_ bytes: [UInt8], maximumSize: Int) throws(CompressionError) -> [UInt8] {
        var position = 0
        let size = try length(bytes, &position)
        guard size <= max(0, maximumSize) else {
            throw CompressionError(code: .tooLarge, message: "snappy: decompresses to \(size) bytes, more than the \(maximumSize) allowed")
        }
        // The best an element can do is a copy of 64 bytes in 3: a block that promises more is broken, and gets no memory.
        guard size / 22 <= bytes.count - position else {
            throw malformed("\(bytes.count) bytes cannot hold the \(size) that the block promises", at: 0)
        }
        var output = [UInt8](repeating: 0, count: size)
        try elements(bytes, position, &output)
        return output
    }

    /// The varint in front: at most 32 bits.
    private static func length(_ bytes: [UInt8], _ position: inout Int) throws(CompressionError) -> Int {
        var value: UInt64 = 0
        var shift: UInt64 = 0
        while position < bytes.count, shift < 35 {
            let byte = bytes[position]
            position += 1
            value |= UInt64(byte & 0x7f) << shift
            if byte < 0x80 {
                guard value <= UInt64(UInt32.max) else { throw malformed("a length of more than 32 bits", at: 0) }
                return Int(value)
            }
            shift += 7
        }
        throw malformed("no length in front; expected a varint of one to five bytes", at: 0)
    }

    private static func elements(_ bytes: [UInt8], _ start: Int, _ output: inout [UInt8]) throws(CompressionError) {
        var position = start
        var written = 0
        while position < bytes.count {
            let element = position
            let tag = bytes[position]
            position += 1
            var count = Int(tag >> 2) + 1
            var offset = 0
            let extra: Int
            switch tag & 3 {
            case 0: extra = max(0, count - 60)
            case 1:
                count = Int(tag >> 2 & 7) + 4
                offset = Int(tag >> 5) << 8
                extra = 1
            case 2: extra = 2
            default: extra = 4
            }
            guard extra <= bytes.count - position else { throw malformed("the block ends inside an element", at: element) }
            var number = 0
            for index in 0..<extra { number |= Int(bytes[position + index]) << (8 * index) }
            position += extra
            if tag & 3 == 0 {
                if extra > 0 { count = number + 1 }
                guard count <= bytes.count - position else { throw malformed("a literal of \(count) bytes goes beyond the block", at: element) }
            } else {
                offset |= number
                guard offset > 0, offset <= written else { throw malformed("a copy from \(offset) bytes back, where \(written) are written", at: element) }
            }
            guard count <= output.count - written else { throw malformed("more bytes than the \(output.count) that the block promises", at: element) }
            if tag & 3 == 0 {
                output.withUnsafeMutableBufferPointer { target in
                    bytes.withUnsafeBufferPointer { source in
                        // In bounds: both ends were checked above.
                        _ = UnsafeMutableBufferPointer(rebasing: target[written..<(written + count)])
                            .update(fromContentsOf: UnsafeBufferPointer(rebasing: source[position..<(position + count)]))
                    }
                }
                position += count
            } else {
                output.withUnsafeMutableBufferPointer { target in
                    // One by one: a copy may overlap with what it writes, and then repeats it.
                    for index in written..<(written + count) { target[index] = target[index - offset] }
                }
            }
            written += count
        }
        guard written == output.count else { throw malformed("the block ends after \(written) of the \(output.count) bytes it promises", at: bytes.count) }
    }

    private static func malformed(_ found: String, at offset: Int) -> CompressionError {
        CompressionError(code: .malformed, message: "snappy: \(found) (near byte \(offset))")
    }
}

/// Writes a block. Copies are found by a hash of four bytes, within fragments of 64 KiB, so that every offset fits in 16 bits.
private struct SnappyCompressor {
    private static let fragmentSize = 1 << 16
    private static let hashBits: UInt32 = 14

    private let output: UnsafeMutableBufferPointer<UInt8>
    private(set) var count = 0
    /// Where in the fragment each hash was seen last.
    private var table = [UInt16](repeating: 0, count: 1 << Int(hashBits))

    init(output: UnsafeMutableBufferPointer<UInt8>) {
        self.output = output
    }

    mutating func run(_ input: UnsafeBufferPointer<UInt8>) {
        var rest = input.count
        repeat {
            put(UInt8(truncatingIfNeeded: rest) & 0x7f | (rest >= 0x80 ? 0x80 : 0))
            rest >>= 7
        } while rest > 0
        var start = 0
        while start < input.count {
            let end = min(start + Self.fragmentSize, input.count)
            fragment(UnsafeBufferPointer(rebasing: input[start..<end]))
            start = end
        }
    }

    private mutating func fragment(_ input: UnsafeBufferPointer<UInt8>) {
        for index in table.indices { table[index] = 0 }
        var literal = 0
        var position = 1
        // Steps grow where nothing is found: bytes that cannot be compressed cost little time.
        var skip = 32
        while position &+ 4 <= input.count {
            let word = Self.word(input, position)
            let slot = Int((word &* 0x1e35_a7bd) >> (32 - Self.hashBits))
            let candidate = Int(table[slot])
            table[slot] = UInt16(truncatingIfNeeded: position)
            guard candidate < position, Self.word(input, candidate) == word else {
                position &+= skip >> 5
                skip &+= 1
                continue
            }
            if literal < position { putLiteral(input, literal, position) }
            var length = 4
            while position &+ length < input.count, input[candidate &+ length] == input[position &+ length] { length &+= 1 }
            putCopy(offset: position &- candidate, length: length)
            position &+= length
            literal = position
            skip = 32
        }
        if literal < input.count { putLiteral(input, literal, input.count) }
    }

    private static func word(_ input: UnsafeBufferPointer<UInt8>, _ position: Int) -> UInt32 {
        // In bounds: callers keep four bytes before the end.
        UnsafeRawBufferPointer(input).loadUnaligned(fromByteOffset: position, as: UInt32.self)
    }

    private mutating func put(_ byte: UInt8) {
        output[count] = byte
        count &+= 1
    }

    private mutating func putLiteral(_ input: UnsafeBufferPointer<UInt8>, _ start: Int, _ end: Int) {
        let length = end - start
        let less = length - 1
        if less < 60 {
            put(UInt8(less) << 2)
        } else if less < 256 {
            put(60 << 2)
            put(UInt8(less))
        } else {
            put(61 << 2)
            put(UInt8(truncatingIfNeeded: less))
            put(UInt8(truncatingIfNeeded: less >> 8))
        }
        _ = UnsafeMutableBufferPointer(rebasing: output[count..<(count + length)])
            .update(fromContentsOf: UnsafeBufferPointer(rebasing: input[start..<end]))
        count += length
    }

    private mutating func putCopy(offset: Int, length: Int) {
        var rest = length
        // No piece may be left with less than the four bytes that a short copy has.
        while rest >= 68 {
            putLongCopy(offset, 64)
            rest -= 64
        }
        if rest > 64 {
            putLongCopy(offset, 60)
            rest -= 60
        }
        if rest < 12, offset < 2048 {
            put(UInt8(1 | (rest - 4) << 2 | (offset >> 8) << 5))
            put(UInt8(truncatingIfNeeded: offset))
        } else {
            putLongCopy(offset, rest)
        }
    }

    private mutating func putLongCopy(_ offset: Int, _ length: Int) {
        put(UInt8(2 | (length - 1) << 2))
        put(UInt8(truncatingIfNeeded: offset))
        put(UInt8(truncatingIfNeeded: offset >> 8))
    }
}
