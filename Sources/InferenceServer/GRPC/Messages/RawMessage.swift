internal import GRPCCore

/// An encoded message: fields that are written already, and tensors that are put behind them without being copied before.
struct RawMessage: Sendable {
    var fields: [UInt8]
    /// Each is the `raw_output_contents` (field 6) of one output.
    var contents: [[UInt8]] = []

    init(_ fields: [UInt8] = [], contents: [[UInt8]] = []) {
        self.fields = fields
        self.contents = contents
    }

    /// How many bytes the whole message takes.
    var size: Int { contents.reduce(fields.count) { $0 + Self.contentSize($1.count) } }

    /// Tag, length and bytes of one of ``contents``.
    private static func contentSize(_ count: Int) -> Int { 1 + varintSize(count) + count }

    static func varintSize(_ value: Int) -> Int { max(1, (Int.bitWidth - value.leadingZeroBitCount + 6) / 7) }

    /// Writes the message into memory of at least ``size`` bytes.
    fileprivate func write(to target: UnsafeMutableRawBufferPointer) {
        var position = 0
        func put(_ bytes: [UInt8]) {
            guard !bytes.isEmpty else { return }
            bytes.withUnsafeBytes { UnsafeMutableRawBufferPointer(rebasing: target[position...]).copyMemory(from: $0) }
            position += bytes.count
        }
        put(fields)
        for content in contents {
            target[position] = 6 << 3 | 2
            position += 1
            var rest = content.count
            while rest >= 0x80 {
                target[position] = UInt8(truncatingIfNeeded: rest) | 0x80
                position += 1
                rest >>= 7
            }
            target[position] = UInt8(truncatingIfNeeded: rest)
            position += 1
            put(content)
        }
    }
}

/// Puts a message into the transport's buffer.
struct RawMessageSerializer: MessageSerializer {
    func serialize<Bytes: GRPCContiguousBytes>(_ message: RawMessage) throws -> Bytes {
        if message.contents.isEmpty { return Bytes(message.fields) }
        var bytes = Bytes(repeating: 0, count: message.size)
        bytes.withUnsafeMutableBytes { message.write(to: $0) }
        return bytes
    }
}
