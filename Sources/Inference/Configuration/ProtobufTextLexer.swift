/// The tokens of protobuf's text format, with their places.
struct ProtobufTextLexer {
    struct Token {
        enum Kind: Equatable {
            case word(String)
            /// The text of a number without its sign.
            case number(String)
            /// The content of one quoted string.
            case string([UInt8])
            case punctuation(UInt8)
            case end
        }

        var kind: Kind
        /// `file:line:column`.
        var place: String
    }

    private let text: [UInt8]
    private let file: String
    private var position = 0
    private var line = 1
    private var lineStart = 0
    /// The token to be read next.
    private(set) var token: Token

    init(_ text: [UInt8], file: String) throws(ConfigurationError) {
        self.text = text
        self.file = file
        token = Token(kind: .end, place: "\(file):1:1")
        // A byte order mark, as some editors put it.
        if text.starts(with: [0xef, 0xbb, 0xbf]) { position = 3 }
        try advance()
    }

    /// Goes to the next token.
    mutating func advance() throws(ConfigurationError) {
        skipBlanks()
        let place = self.place
        guard position < text.count else {
            token = Token(kind: .end, place: place)
            return
        }
        let byte = text[position]
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "'"):
            token = Token(kind: .string(try readString(quote: byte, place: place)), place: place)
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."):
            let start = position
            while position < text.count, isNumberByte(at: position, start: start) { position += 1 }
            token = Token(kind: .number(String(decoding: text[start..<position], as: UTF8.self)), place: place)
        case _ where Self.isWordByte(byte):
            let start = position
            while position < text.count, Self.isWordByte(text[position]) { position += 1 }
            token = Token(kind: .word(String(decoding: text[start..<position], as: UTF8.self)), place: place)
        case _ where "{}<>[]:,;-".utf8.contains(byte):
            position += 1
            token = Token(kind: .punctuation(byte), place: place)
        default:
            throw ConfigurationError(place: place, message: "unexpected \(character(at: position)); text goes in quotes, a comment begins with #")
        }
    }

    /// Goes on when the token is this mark.
    mutating func skip(_ mark: UInt8) throws(ConfigurationError) -> Bool {
        guard token.kind == .punctuation(mark) else { return false }
        try advance()
        return true
    }

    /// Reads strings that follow one another as one.
    mutating func readStrings() throws(ConfigurationError) -> String {
        let place = token.place
        var bytes: [UInt8] = []
        while case .string(let part) = token.kind {
            bytes += part
            try advance()
        }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw ConfigurationError(place: place, message: "the string is not valid UTF-8")
        }
        return text
    }

    /// An error that tells what stands here instead of what should.
    func unexpected(_ expected: String) -> ConfigurationError {
        let found =
            switch token.kind {
            case .word(let word): "'\(word.prefix(64))'"
            case .number(let number): "the number \(number.prefix(64))"
            case .string(let bytes): "the string \"\(String(decoding: bytes.prefix(64), as: UTF8.self))\""
            case .punctuation(let mark): "'\(Character(UnicodeScalar(mark)))'"
            case .end: "the end of the text"
            }
        return ConfigurationError(place: token.place, message: "expected \(expected), got \(found)")
    }

    // MARK: Numbers

    /// Decimal, `0x…` or `0…`.
    static func integer(_ text: String, negative: Bool) -> Int64? {
        var digits = text[...]
        var radix = 10
        if digits.hasPrefix("0x") || digits.hasPrefix("0X") {
            digits = digits.dropFirst(2)
            radix = 16
        } else if digits.count > 1, digits.hasPrefix("0") {
            digits = digits.dropFirst()
            radix = 8
        }
        guard digits.utf8.first != UInt8(ascii: "+"), digits.utf8.first != UInt8(ascii: "-") else { return nil }
        return Int64((negative ? "-" : "") + digits, radix: radix)
    }

    /// A number with or without fraction, exponent and an `f` at its end.
    static func floatingPoint(_ text: String) -> Double? {
        if let whole = integer(text, negative: false) { return Double(whole) }
        guard !text.lowercased().hasPrefix("0x") else { return nil }
        let digits = text.hasSuffix("f") || text.hasSuffix("F") ? text.dropLast() : text[...]
        return Double(digits)
    }

    // MARK: Bytes

    private var place: String {
        let column = text[lineStart..<position].reduce(1) { $0 + ($1 & 0xc0 == 0x80 ? 0 : 1) }
        return "\(file):\(line):\(column)"
    }

    private func character(at index: Int) -> String {
        let byte = text[index]
        return (0x20..<0x7f).contains(byte) ? "'\(Character(UnicodeScalar(byte)))'" : "byte 0x\(String(byte, radix: 16))"
    }

    private mutating func skipBlanks() {
        while position < text.count {
            switch text[position] {
            case UInt8(ascii: "\n"):
                position += 1
                line += 1
                lineStart = position
            case UInt8(ascii: " "), 0x09, 0x0b, 0x0c, 0x0d:
                position += 1
            case UInt8(ascii: "#"):
                while position < text.count, text[position] != UInt8(ascii: "\n") { position += 1 }
            default: return
            }
        }
    }

    private static func isWordByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"): true
        default: false
        }
    }

    /// Letters belong to a number too, so that `12abc` is told as one; signs only behind an exponent.
    private func isNumberByte(at index: Int, start: Int) -> Bool {
        let byte = text[index]
        if Self.isWordByte(byte) || byte == UInt8(ascii: ".") { return true }
        guard byte == UInt8(ascii: "+") || byte == UInt8(ascii: "-"), index > start else { return false }
        return text[index - 1] | 0x20 == UInt8(ascii: "e") && !(index - start >= 2 && text[start + 1] | 0x20 == UInt8(ascii: "x"))
    }

    // MARK: Strings

    private mutating func readString(quote: UInt8, place: String) throws(ConfigurationError) -> [UInt8] {
        position += 1
        var bytes: [UInt8] = []
        while position < text.count {
            let byte = text[position]
            switch byte {
            case quote:
                position += 1
                return bytes
            case UInt8(ascii: "\n"):
                throw ConfigurationError(place: place, message: "the string is not closed on its line; write a line break as \\n")
            case UInt8(ascii: "\\"):
                try readEscape(into: &bytes)
            default:
                bytes.append(byte)
                position += 1
            }
        }
        throw ConfigurationError(place: place, message: "the string is not closed")
    }

    private static let simpleEscapes: [UInt8: UInt8] = [
        UInt8(ascii: "n"): 0x0a, UInt8(ascii: "r"): 0x0d, UInt8(ascii: "t"): 0x09, UInt8(ascii: "a"): 0x07, UInt8(ascii: "b"): 0x08,
        UInt8(ascii: "f"): 0x0c, UInt8(ascii: "v"): 0x0b, UInt8(ascii: "\\"): UInt8(ascii: "\\"), UInt8(ascii: "'"): UInt8(ascii: "'"),
        UInt8(ascii: "\""): UInt8(ascii: "\""), UInt8(ascii: "?"): UInt8(ascii: "?"),
    ]

    private mutating func readEscape(into bytes: inout [UInt8]) throws(ConfigurationError) {
        let place = self.place
        position += 1
        guard position < text.count else { throw ConfigurationError(place: place, message: "the string is not closed") }
        let letter = text[position]
        if let byte = Self.simpleEscapes[letter] {
            position += 1
            bytes.append(byte)
            return
        }
        switch letter {
        case UInt8(ascii: "0")...UInt8(ascii: "7"):
            guard let value = readDigits(radix: 8, atMost: 3), value <= 0xff else {
                throw ConfigurationError(place: place, message: "an octal escape goes up to \\377")
            }
            bytes.append(UInt8(value))
        case UInt8(ascii: "x"), UInt8(ascii: "X"):
            position += 1
            guard let value = readDigits(radix: 16, atMost: 2) else {
                throw ConfigurationError(place: place, message: "\\x needs one or two hexadecimal digits")
            }
            bytes.append(UInt8(value))
        case UInt8(ascii: "u"), UInt8(ascii: "U"):
            position += 1
            let count = letter == UInt8(ascii: "u") ? 4 : 8
            let start = position
            guard let value = readDigits(radix: 16, atMost: count), position - start == count, let scalar = UnicodeScalar(value) else {
                throw ConfigurationError(place: place, message: "\\\(count == 4 ? "u" : "U") needs \(count) hexadecimal digits of a character")
            }
            bytes += Array(String(Character(scalar)).utf8)
        default:
            throw ConfigurationError(place: place, message: "unknown escape: \\ and \(character(at: position)); a backslash itself is \\\\")
        }
    }

    private mutating func readDigits(radix: UInt32, atMost count: Int) -> UInt32? {
        let start = position
        var value: UInt32 = 0
        while position < text.count, position - start < count, let digit = Character(UnicodeScalar(text[position])).hexDigitValue, digit < radix {
            value = value &* radix &+ UInt32(digit)
            position += 1
        }
        return position > start ? value : nil
    }
}
