internal import TraceStore

/// Cuts a query into tokens.
struct TraceQLLexer {
    private let scalars: [Unicode.Scalar]
    private var index = 0
    private var line = 1
    private var column = 1
    private var tokens: [TraceQLToken] = []

    private static let symbols: Set<String> = [
        "{", "}", "(", ")", ",", "=", "!=", "=~", "!~", ">", ">=", "<", "<=", "+", "-", "*", "/", "%", "^", "&&", "||", "!", "|", ">>", "<<",
        "~", "!>", "!<", "!>>", "!<<", "&>", "&<", "&>>", "&<<", "&~",
    ]
    static let attributeScopes: Set<String> = ["span", "resource", "event", "link", "instrumentation", "parent"]

    private init(_ text: String) {
        scalars = Array(text.unicodeScalars)
    }

    /// All tokens, the last of kind `.end`; what is no token comes as `.invalid`, so that an earlier mistake is told first.
    static func tokens(_ text: String) -> [TraceQLToken] {
        var lexer = TraceQLLexer(text)
        lexer.run()
        return lexer.tokens
    }

    /// Whether an attribute's name goes on with this scalar.
    static func isAttributeScalar(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar {
        case "{", "}", "(", ")", "=", "~", "!", "<", ">", "&", "|", "^", ",": false
        default: !scalar.properties.isWhitespace
        }
    }

    private var current: Unicode.Scalar? { index < scalars.count ? scalars[index] : nil }

    private func peek(_ offset: Int) -> Unicode.Scalar? {
        index + offset < scalars.count ? scalars[index + offset] : nil
    }

    private mutating func advance() {
        if scalars[index] == "\n" {
            line += 1
            column = 1
        } else {
            column += 1
        }
        index += 1
    }

    private mutating func advance(_ count: Int) {
        for _ in 0..<count { advance() }
    }

    private func text(_ range: Range<Int>) -> String {
        var text = String.UnicodeScalarView()
        text.append(contentsOf: scalars[range])
        return String(text)
    }

    private mutating func run() {
        while true {
            skipBlanks()
            let start = index
            let position = TraceQLPosition(line: line, column: column)
            let kind = next()
            tokens.append(TraceQLToken(kind: kind, position: position, range: start..<index, text: text(start..<index)))
            switch kind {
            case .end, .invalid: return
            default: break
            }
        }
    }

    /// White space, and comments as in Go.
    private mutating func skipBlanks() {
        while let scalar = current {
            if scalar.properties.isWhitespace {
                advance()
            } else if scalar == "/", peek(1) == "/" {
                while let scalar = current, scalar != "\n" { advance() }
            } else if scalar == "/", peek(1) == "*" {
                advance(2)
                while current != nil, !(current == "*" && peek(1) == "/") { advance() }
                advance(min(2, scalars.count - index))
            } else {
                return
            }
        }
    }

    private mutating func next() -> TraceQLToken.Kind {
        guard let scalar = current else { return .end }
        if Self.isDigit(scalar) { return number() }
        switch scalar {
        case "\"": return string()
        case "`": return rawString()
        case ".":
            if let next = peek(1), Self.isDigit(next) { return number() }
            advance()
            return attribute(scope: nil)
        case "'":
            advance()
            return .invalid("a string is written in \"double quotes\" or `backticks`")
        default: break
        }
        if scalar == "_" || scalar.properties.isAlphabetic { return word() }
        for length in [3, 2, 1] where index + length <= scalars.count {
            let symbol = text(index..<index + length)
            if Self.symbols.contains(symbol) {
                advance(length)
                return .symbol(symbol)
            }
        }
        advance()
        return .invalid("unexpected character \(text(index - 1..<index))")
    }

    static func isDigit(_ scalar: Unicode.Scalar) -> Bool { ("0"..."9").contains(scalar) }

    // MARK: Words and fields

    private mutating func word() -> TraceQLToken.Kind {
        let start = index
        while let scalar = current, scalar == "_" || scalar.properties.isAlphabetic || Self.isDigit(scalar) { advance() }
        let word = text(start..<index)
        if current == ".", Self.attributeScopes.contains(word) {
            advance()
            if word == "parent" { return parentField() }
            return attribute(scope: AttributeScope(rawValue: word))
        }
        if current == ":", let names = TraceQLIntrinsic.scoped[word] {
            advance()
            return scopedIntrinsic(word, names)
        }
        return .word(word)
    }

    private mutating func scopedIntrinsic(_ scope: String, _ names: [String: TraceQLIntrinsic]) -> TraceQLToken.Kind {
        let start = index
        while let scalar = current, scalar.properties.isAlphabetic { advance() }
        let name = text(start..<index)
        if let intrinsic = names[name] { return .field(.intrinsic(intrinsic)) }
        let known = names.keys.sorted().map { "\(scope):\($0)" }.joined(separator: ", ")
        return .invalid("unknown intrinsic \(scope):\(name), expected one of \(known)")
    }

    private mutating func attribute(scope: AttributeScope?) -> TraceQLToken.Kind {
        switch attributeName() {
        case .success(let name):
            if name.isEmpty { return .invalid("the name of the attribute is missing after \(scope?.rawValue ?? "").") }
            return .field(.attribute(scope: scope, name: name))
        case .failure(let mistake): return .invalid(mistake.message)
        }
    }

    private mutating func parentField() -> TraceQLToken.Kind {
        switch attributeName() {
        case .success(let name):
            return name.isEmpty ? .invalid("the name of the attribute is missing after parent.") : .field(.parent(".\(name)"))
        case .failure(let mistake): return .invalid(mistake.message)
        }
    }

    private struct Mistake: Error {
        var message: String
    }

    /// Up to white space or an operator, with parts in quotes in which everything is allowed.
    private mutating func attributeName() -> Result<String, Mistake> {
        var name = String.UnicodeScalarView()
        while let scalar = current {
            if scalar == "\"" {
                advance()
                var isClosed = false
                while let inner = current {
                    advance()
                    if inner == "\"" {
                        isClosed = true
                        break
                    }
                    guard inner == "\\" else {
                        name.append(inner)
                        continue
                    }
                    guard let escaped = current, escaped == "\"" || escaped == "\\" else {
                        return .failure(Mistake(message: "only \\\" and \\\\ are allowed in the quoted part of an attribute's name"))
                    }
                    name.append(escaped)
                    advance()
                }
                if !isClosed { return .failure(Mistake(message: "the quoted part of the attribute's name has no end, expected \"")) }
            } else if Self.isAttributeScalar(scalar) {
                name.append(scalar)
                advance()
            } else {
                break
            }
        }
        return .success(String(name))
    }

    // MARK: Numbers and durations

    private mutating func number() -> TraceQLToken.Kind {
        let start = index
        if current == "0", let next = peek(1), next == "x" || next == "X" {
            advance(2)
            while let scalar = current, scalar.properties.isASCIIHexDigit { advance() }
            let digits = text(start + 2..<index)
            return Int64(digits, radix: 16).map { .int($0) } ?? .invalid("0x\(digits) is no whole number of 64 bits")
        }
        var isDouble = false
        while let scalar = current, Self.isDigit(scalar) { advance() }
        if current == "." {
            isDouble = true
            advance()
            while let scalar = current, Self.isDigit(scalar) { advance() }
        }
        if let length = durationLength(from: start), let duration = TraceQLDuration.parse(text(start..<length)) {
            advance(length - index)
            return .duration(duration)
        }
        if let scalar = current, scalar == "e" || scalar == "E" {
            let sign = peek(1) == "+" || peek(1) == "-" ? 1 : 0
            if let digit = peek(1 + sign), Self.isDigit(digit) {
                isDouble = true
                advance(1 + sign)
                while let scalar = current, Self.isDigit(scalar) { advance() }
            }
        }
        let digits = text(start..<index)
        if isDouble {
            guard let double = Double(digits), double.isFinite else { return .invalid("\(digits) is no number of 64 bits") }
            return .double(double)
        }
        return Int64(digits).map { .int($0) } ?? .invalid("\(digits) does not fit into a whole number of 64 bits")
    }

    /// The end of the run of digits and units that begins at `start`; `nil` when there is no unit.
    private func durationLength(from start: Int) -> Int? {
        var end = index
        while end < scalars.count {
            let scalar = scalars[end]
            guard Self.isDigit(scalar) || scalar == "." || "nsumhµμdwy".unicodeScalars.contains(scalar) else { break }
            end += 1
        }
        return end > index ? end : nil
    }

    // MARK: Strings

    private mutating func rawString() -> TraceQLToken.Kind {
        advance()
        let start = index
        while let scalar = current, scalar != "`" { advance() }
        guard current != nil else { return .invalid("the string has no end, expected `") }
        let content = text(start..<index)
        advance()
        return .string(content.replacing("\r", with: ""))
    }

    private mutating func string() -> TraceQLToken.Kind {
        advance()
        var bytes: [UInt8] = []
        while let scalar = current, scalar != "\n" {
            advance()
            if scalar == "\"" { return .string(String(decoding: bytes, as: UTF8.self)) }
            guard scalar == "\\" else {
                bytes.append(contentsOf: UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter)
                continue
            }
            if let mistake = escape(into: &bytes) { return .invalid(mistake) }
        }
        return .invalid("the string has no end, expected \"")
    }

    /// What comes after a backslash, as Go has it.
    ///
    /// - Returns: what is wrong.
    private mutating func escape(into bytes: inout [UInt8]) -> String? {
        guard let scalar = current else { return "the string has no end, expected \"" }
        let simple: [Unicode.Scalar: UInt8] = ["a": 7, "b": 8, "f": 12, "n": 10, "r": 13, "t": 9, "v": 11, "\\": 92, "\"": 34]
        if let byte = simple[scalar] {
            advance()
            bytes.append(byte)
            return nil
        }
        let lengths: [Unicode.Scalar: Int] = ["x": 2, "u": 4, "U": 8]
        let isOctal = ("0"..."7").contains(scalar)
        guard let length = isOctal ? 3 : lengths[scalar] else { return "unknown escape \\\(scalar) in a string" }
        if !isOctal { advance() }
        guard index + length <= scalars.count, let number = UInt32(text(index..<index + length), radix: isOctal ? 8 : 16) else {
            return "expected \(length) digits after \\\(scalar) in a string"
        }
        advance(length)
        if isOctal || scalar == "x" {
            guard number < 256 else { return "an octal escape in a string must be at most \\377" }
            bytes.append(UInt8(truncatingIfNeeded: number))
        } else {
            guard let decoded = Unicode.Scalar(number) else { return "\\\(scalar) in a string names no Unicode character" }
            bytes.append(contentsOf: UTF8.encode(decoded) ?? UTF8.encodedReplacementCharacter)
        }
        return nil
    }
}
