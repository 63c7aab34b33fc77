/// Finds one of several texts: a few nanoseconds for each byte it looks at.
struct TextSearch: Sendable {
    private let texts: [[UInt8]]
    /// One bit for each byte that a text begins with.
    private let firstBytes: (UInt64, UInt64, UInt64, UInt64)

    init(_ texts: [[UInt8]]) {
        self.texts = texts
        var bits: [UInt64] = [0, 0, 0, 0]
        for text in texts { bits[Int(text[0] >> 6)] |= 1 << UInt64(text[0] & 63) }
        firstBytes = (bits[0], bits[1], bits[2], bits[3])
    }

    func isFound(in bytes: UnsafeBufferPointer<UInt8>) -> Bool {
        guard !texts.isEmpty else { return false }
        for start in bytes.indices where canBegin(with: bytes[start]) {
            for text in texts where text.count <= bytes.count - start {
                if text.indices.allSatisfy({ text[$0] == bytes[start + $0] }) { return true }
            }
        }
        return false
    }

    private func canBegin(with byte: UInt8) -> Bool {
        let word: UInt64 =
            switch byte >> 6 {
            case 0: firstBytes.0
            case 1: firstBytes.1
            case 2: firstBytes.2
            default: firstBytes.3
            }
        return word & (1 << UInt64(byte & 63)) != 0
    }
}
