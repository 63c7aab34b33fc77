/// Keeps a small file from standing for a huge one: bounds the aliases of a text before it is parsed.
///
/// Aliases share what they stand for, so that values of any number cost little until they are walked, which is bounded
/// by ``YAMLDocument/maximumValues``. A mapping's keys, though, are hashed by the parser, and a key made of aliases of
/// aliases takes time without end. Where no alias can be part of a key many are allowed, elsewhere few.
enum YAMLAliases {
    /// In a text where each alias is the last thing of a `key: *name` or `- *name` line and no key is marked by `?`.
    static let maximumOfValues = 1_000
    /// In any other text; three each on five levels are 3^5 = 243 copies of the largest value.
    static let maximumElsewhere = 16

    /// The line of the first alias that is too many.
    static func firstExcess(in text: String) -> Int? {
        var lines: [Int] = []
        var isSimple = true
        for (index, line) in text.utf8.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).enumerated() {
            let bytes = Array(line)
            if isComment(bytes) { continue }
            for position in bytes.indices where startsToken(bytes, at: position) {
                if bytes[position] == UInt8(ascii: "?") { isSimple = false }
                guard bytes[position] == UInt8(ascii: "*"), position + 1 < bytes.count, isNameByte(bytes[position + 1]) else { continue }
                lines.append(index + 1)
                if !isLastValue(bytes, at: position) { isSimple = false }
            }
        }
        let maximum = isSimple ? maximumOfValues : maximumElsewhere
        return lines.count > maximum ? lines[maximum] : nil
    }

    /// Nothing but a comment; other line breaks than "\n" might hide something after it.
    private static func isComment(_ line: [UInt8]) -> Bool {
        guard let first = line.first(where: { !isBlank($0) }), first == UInt8(ascii: "#") else { return false }
        return line.dropLast(line.last == UInt8(ascii: "\r") ? 1 : 0).allSatisfy { $0 < 0x80 && $0 != UInt8(ascii: "\r") }
    }

    /// The byte before can end a token; in doubt it does.
    private static func startsToken(_ line: [UInt8], at position: Int) -> Bool {
        guard position > 0 else { return true }
        let before = line[position - 1]
        return isBlank(before) || before >= 0x80 || before == UInt8(ascii: "\r") || "[]{},:?-".utf8.contains(before)
    }

    /// `key: *name` or `- *name`, then nothing or a comment.
    private static func isLastValue(_ line: [UInt8], at position: Int) -> Bool {
        let before = line[..<position].reversed().drop(while: isBlank)
        guard before.count < position, before.first == UInt8(ascii: ":") || before.first == UInt8(ascii: "-") else { return false }
        let rest = line[(position + 1)...].drop(while: isNameByte)
        let tail = rest.drop(while: { isBlank($0) || $0 == UInt8(ascii: "\r") })
        return tail.isEmpty || (tail.count < rest.count && tail.first == UInt8(ascii: "#") && tail.allSatisfy { $0 < 0x80 && $0 != UInt8(ascii: "\r") })
    }

    private static func isBlank(_ byte: UInt8) -> Bool { byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"): true
        case UInt8(ascii: "_"), UInt8(ascii: "-"): true
        default: false
        }
    }
}
