internal import TraceModel

/// Percent-encoding of header values (RFC 3986, section 2.1).
enum PercentEncoding {
    /// Replaces `%` and two hex digits by the byte they stand for. A `%` without them stands for itself, and bytes that are no
    /// UTF-8 become U+FFFD (W3C Baggage, section 3.2.1.3).
    static func decoded(_ text: some StringProtocol) -> String {
        guard text.utf8.contains(UInt8(ascii: "%")) else { return String(text) }
        let source = Array(text.utf8)
        var bytes: [UInt8] = []
        bytes.reserveCapacity(source.count)
        var index = 0
        while index < source.count {
            if source[index] == UInt8(ascii: "%"), index + 2 < source.count,
                let high = Hex.value(of: source[index + 1]), let low = Hex.value(of: source[index + 2])
            {
                bytes.append(high << 4 | low)
                index += 3
            } else {
                bytes.append(source[index])
                index += 1
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Encodes every byte for which `isAllowed` is false.
    static func encoded(_ text: some StringProtocol, isAllowed: (UInt8) -> Bool) -> String {
        guard !text.utf8.allSatisfy(isAllowed) else { return String(text) }
        var bytes: [UInt8] = []
        for byte in text.utf8 {
            if isAllowed(byte) {
                bytes.append(byte)
            } else {
                bytes += [UInt8(ascii: "%"), upperDigit(byte >> 4), upperDigit(byte & 0xf)]
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// RFC 3986 asks producers for upper-case digits.
    private static func upperDigit(_ value: UInt8) -> UInt8 {
        value < 10 ? value + UInt8(ascii: "0") : value - 10 + UInt8(ascii: "A")
    }
}
