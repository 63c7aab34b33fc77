/// Escape sequences inside strings, RFC 8259 section 7.
enum JSONEscapes {
    /// Resolves the escapes of a string's text whose sequences were checked before.
    ///
    /// A surrogate without its partner becomes U+FFFD.
    static func resolve(_ raw: UnsafeBufferPointer<UInt8>) -> [UInt8] {
        var result: [UInt8] = []
        result.reserveCapacity(raw.count)
        var index = 0
        while index < raw.count {
            let byte = raw[index]
            guard byte == UInt8(ascii: "\\"), index + 1 < raw.count else {
                result.append(byte)
                index += 1
                continue
            }
            let escape = raw[index + 1]
            index += 2
            guard escape == UInt8(ascii: "u") else {
                result.append(simple(escape) ?? escape)
                continue
            }
            var scalar = unit(raw, at: index) ?? 0xfffd
            index += 4
            if (0xd800...0xdbff).contains(scalar), index + 6 <= raw.count,
                raw[index] == UInt8(ascii: "\\"), raw[index + 1] == UInt8(ascii: "u"),
                let low = unit(raw, at: index + 2), (0xdc00...0xdfff).contains(low)
            {
                scalar = 0x10000 + (scalar - 0xd800) << 10 + (low - 0xdc00)
                index += 6
            }
            append(scalar, to: &result)
        }
        return result
    }

    /// What a one-character escape stands for, or `nil` when there is no such escape.
    static func simple(_ escape: UInt8) -> UInt8? {
        switch escape {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): escape
        case UInt8(ascii: "b"): 0x08
        case UInt8(ascii: "f"): 0x0c
        case UInt8(ascii: "n"): 0x0a
        case UInt8(ascii: "r"): 0x0d
        case UInt8(ascii: "t"): 0x09
        default: nil
        }
    }

    /// The UTF-16 unit that four hex digits stand for.
    static func unit(_ raw: UnsafeBufferPointer<UInt8>, at index: Int) -> UInt32? {
        guard index + 4 <= raw.count else { return nil }
        var value: UInt32 = 0
        for offset in index..<index + 4 {
            guard let nibble = hexValue(raw[offset]) else { return nil }
            value = value << 4 | UInt32(nibble)
        }
        return value
    }

    static func hexValue(_ digit: UInt8) -> UInt8? {
        switch digit {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): digit - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): digit - UInt8(ascii: "A") + 10
        default: nil
        }
    }

    private static func append(_ value: UInt32, to bytes: inout [UInt8]) {
        let scalar = Unicode.Scalar(value) ?? "\u{fffd}"
        bytes.append(contentsOf: String(Character(scalar)).utf8)
    }
}
