/// A message with what differs between occurrences masked: numbers, ids, quoted text.
enum ErrorTemplate {
    /// Bytes of a message that are looked at; what is behind them differs too often.
    static let maximumLength = 300

    static func mask(_ message: String) -> String {
        let firstLine = message.split(whereSeparator: \.isNewline).first ?? ""
        var words = Array(firstLine.utf8.prefix(maximumLength))[...]
        var result: [UInt8] = []
        result.reserveCapacity(words.count)
        while let byte = words.first {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "'"), UInt8(ascii: "`"):
                // An apostrophe within a word quotes nothing.
                let isWithinWord = result.last.map(isWordByte) ?? false
                if !isWithinWord || byte != UInt8(ascii: "'"), let end = words.dropFirst().firstIndex(of: byte) {
                    result += [byte] + Array("…".utf8) + [byte]
                    words = words[(end + 1)...]
                } else {
                    result.append(byte)
                    words.removeFirst()
                }
            case _ where isWordByte(byte):
                let word = words.prefix { isWordByte($0) || $0 == UInt8(ascii: "-") && isIDStart(words) }
                words = words[word.endIndex...]
                result += masked(Array(word))
            default:
                result.append(byte)
                words.removeFirst()
            }
        }
        return String(decoding: result, as: UTF8.self)
    }

    /// A word of hex digits that may be the first part of a UUID.
    private static func isIDStart(_ rest: ArraySlice<UInt8>) -> Bool {
        rest.prefix(8).count == 8 && rest.prefix(8).allSatisfy(isHex)
    }

    private static func masked(_ word: [UInt8]) -> [UInt8] {
        if word.contains(where: isDigit) {
            let body = word.starts(with: Array("0x".utf8)) ? Array(word.dropFirst(2)) : word
            if body.count >= 8, body.allSatisfy({ isHex($0) || $0 == UInt8(ascii: "-") }), !body.allSatisfy(isDigit) { return Array("<id>".utf8) }
        }
        // Digits in a word: `passthrough_0_0` is one of many instances, `v2` one of many versions.
        var result: [UInt8] = []
        var wasDigit = false
        for byte in word {
            if isDigit(byte) {
                if !wasDigit { result += Array("<n>".utf8) }
                wasDigit = true
            } else {
                result.append(byte)
                wasDigit = false
            }
        }
        return result
    }

    private static func isDigit(_ byte: UInt8) -> Bool { byte >= 48 && byte <= 57 }
    private static func isHex(_ byte: UInt8) -> Bool { isDigit(byte) || byte >= 97 && byte <= 102 || byte >= 65 && byte <= 70 }
    private static func isWordByte(_ byte: UInt8) -> Bool {
        isDigit(byte) || byte >= 97 && byte <= 122 || byte >= 65 && byte <= 90 || byte == UInt8(ascii: "_") || byte >= 128
    }
}
