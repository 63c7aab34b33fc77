/// Messages one after the other, each behind its length: four bytes, the most significant first.
struct LengthPrefixed {
    private static let prefixSize = 4

    private let bytes: [UInt8]
    private var position = 0
    /// Where a message begins that the file does not have to its end.
    private(set) var brokenEnd: Int?

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
    }

    /// The bytes begin with a length that fits, and a message of OTLP, one of zstd, or JSON behind it.
    static func begins(_ bytes: [UInt8]) -> Bool {
        var messages = LengthPrefixed(bytes)
        guard bytes.count > prefixSize, bytes[0] != 0x0a || bytes[1] == 0 else { return false }
        let range = messages.next() ?? messages.brokenEnd.map { $0..<bytes.count } ?? 0..<0
        guard range.count >= 1 else { return false }
        return [0x0a, 0x28, UInt8(ascii: "{")].contains(bytes[range.lowerBound])
    }

    mutating func next() -> Range<Int>? {
        guard brokenEnd == nil, position < bytes.count else { return nil }
        guard bytes.count - position >= Self.prefixSize else {
            brokenEnd = position
            return nil
        }
        let length = bytes[position..<position + Self.prefixSize].reduce(0) { $0 << 8 | Int($1) }
        let start = position + Self.prefixSize
        guard length <= bytes.count - start else {
            brokenEnd = start
            return nil
        }
        position = start + length
        return start..<position
    }
}
