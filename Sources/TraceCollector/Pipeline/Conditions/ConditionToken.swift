internal import TraceModel

/// A word of OTTL.
struct ConditionToken: Equatable {
    enum Kind: Equatable {
        case name(String)
        case string(String)
        case integer(Int64)
        case number(Double)
        case bytes([UInt8])
        case symbol(String)
        case end
    }

    var kind: Kind
    /// From 1, in characters.
    var column: Int

    /// As a message shows it.
    var shown: String {
        switch kind {
        case .name(let name): "\"\(name.prefix(60))\""
        case .string: "a text"
        case .integer, .number: "a number"
        case .bytes: "bytes"
        case .symbol(let symbol): "\"\(symbol)\""
        case .end: "the end"
        }
    }
}

/// Cuts text into words of OTTL.
struct ConditionLexer {
    private let text: String
    private let characters: [Unicode.Scalar]
    private var position = 0

    init(_ text: String) {
        self.text = text
        characters = Array(text.unicodeScalars)
    }

    /// All words, the last one ``ConditionToken/Kind/end``.
    static func tokens(of text: String) throws(ConditionError) -> [ConditionToken] {
        guard text.utf8.count <= ConditionLimit.length else {
            throw ConditionError(text: text, column: 1, message: "is longer than \(ConditionLimit.length) bytes")
        }
        var lexer = ConditionLexer(text)
        var tokens: [ConditionToken] = []
        while true {
            let token = try lexer.next()
            tokens.append(token)
            if token.kind == .end { return tokens }
        }
    }

    private mutating func next() throws(ConditionError) -> ConditionToken {
        while position < characters.count, characters[position].properties.isWhitespace { position += 1 }
        let start = position
        guard start < characters.count else { return token(.end, start) }
        let first = characters[start]
        if first == "\"" { return token(.string(try string()), start) }
        if Self.isDigit(first) { return token(try number(), start) }
        if Self.isLetter(first) {
            while position < characters.count, Self.isLetter(characters[position]) || Self.isDigit(characters[position]) { position += 1 }
            return token(.name(slice(start)), start)
        }
        for symbol in ["==", "!=", "<=", ">="] where starts(with: symbol) {
            position += 2
            return token(.symbol(symbol), start)
        }
        if "()[],.<>+-*/{}:=".unicodeScalars.contains(first) {
            position += 1
            return token(.symbol(String(Character(first))), start)
        }
        throw error(start, "\"\(first)\" has no meaning here", expected: "names, numbers, \"texts\" in double quotes, or one of == != < <= > >= ( ) [ ] . , + - * /")
    }

    private func token(_ kind: ConditionToken.Kind, _ start: Int) -> ConditionToken { ConditionToken(kind: kind, column: start + 1) }

    private func starts(with symbol: String) -> Bool {
        characters[position...].starts(with: symbol.unicodeScalars)
    }

    private func slice(_ start: Int) -> String {
        var slice = String.UnicodeScalarView()
        slice.append(contentsOf: characters[start..<position])
        return String(slice)
    }

    /// With Go's escapes.
    private mutating func string() throws(ConditionError) -> String {
        let start = position
        position += 1
        var result = String.UnicodeScalarView()
        while position < characters.count {
            let character = characters[position]
            position += 1
            if character == "\"" { return String(result) }
            guard character == "\\" else {
                result.append(character)
                continue
            }
            guard position < characters.count else { break }
            let escaped = characters[position]
            position += 1
            switch escaped {
            case "n": result.append("\n")
            case "t": result.append("\t")
            case "r": result.append("\r")
            case "\"", "\\", "/": result.append(escaped)
            default:
                // Regular expressions are full of them, and nobody wants to write each twice.
                result.append("\\")
                result.append(escaped)
            }
        }
        throw error(start, "a text without its closing quote", expected: "a \" at its end")
    }

    private mutating func number() throws(ConditionError) -> ConditionToken.Kind {
        let start = position
        if characters[start] == "0", start + 1 < characters.count, characters[start + 1] == "x" {
            position += 2
            while position < characters.count, Self.isDigit(characters[position]) || Self.isLetter(characters[position]) { position += 1 }
            guard let bytes = Self.bytes(slice(start).dropFirst(2)) else {
                throw error(start, "\"\(slice(start).prefix(60))\" is no row of bytes", expected: "0x and an even number of hexadecimal digits")
            }
            return .bytes(bytes)
        }
        while position < characters.count, Self.isDigit(characters[position]) { position += 1 }
        var isWhole = true
        if position + 1 < characters.count, characters[position] == ".", Self.isDigit(characters[position + 1]) {
            isWhole = false
            position += 1
            while position < characters.count, Self.isDigit(characters[position]) { position += 1 }
        }
        if position < characters.count, characters[position] == "e" || characters[position] == "E" {
            isWhole = false
            position += 1
            if position < characters.count, characters[position] == "+" || characters[position] == "-" { position += 1 }
            while position < characters.count, Self.isDigit(characters[position]) { position += 1 }
        }
        if isWhole, let value = Int64(slice(start)) { return .integer(value) }
        if !isWhole, let value = Double(slice(start)), value.isFinite { return .number(value) }
        throw error(start, "\"\(slice(start).prefix(60))\" is no number", expected: "a number that 64 bits can hold")
    }

    private static func bytes(_ digits: Substring) -> [UInt8]? {
        let digits = Array(digits.utf8)
        guard digits.count % 2 == 0, !digits.isEmpty else { return nil }
        var bytes: [UInt8] = []
        for index in stride(from: 0, to: digits.count, by: 2) {
            guard let high = Hex.value(of: digits[index]), let low = Hex.value(of: digits[index + 1]) else { return nil }
            bytes.append(high << 4 | low)
        }
        return bytes
    }

    private static func isDigit(_ character: Unicode.Scalar) -> Bool { ("0"..."9").contains(character) }

    private static func isLetter(_ character: Unicode.Scalar) -> Bool {
        character == "_" || ("a"..."z").contains(character) || ("A"..."Z").contains(character)
    }

    private func error(_ start: Int, _ message: String, expected: String? = nil) -> ConditionError {
        ConditionError(text: text, column: start + 1, message: message, expected: expected)
    }
}
