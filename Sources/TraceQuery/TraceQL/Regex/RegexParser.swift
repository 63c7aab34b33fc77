/// Reads the syntax of Go's RE2: no look-around and no back references, so that matching takes time linear in the text.
struct RegexParser {
    /// The most groups and repetitions within each other.
    private static let maximumDepth = 100
    /// The highest number in `{n,m}`.
    private static let maximumRepeat = 1000

    private struct Flags {
        var ignoresCase = false
        var isMultiline = false
        var dotMatchesNewLine = false
    }

    private let scalars: [Unicode.Scalar]
    private var index = 0
    private var flags = Flags()

    static func parse(_ pattern: String) throws(RegexError) -> RegexNode {
        var parser = RegexParser(scalars: Array(pattern.unicodeScalars))
        let node = try parser.choice(depth: 0)
        guard parser.index == parser.scalars.count else { throw RegexError(message: "unexpected )") }
        return node
    }

    private init(scalars: [Unicode.Scalar]) {
        self.scalars = scalars
    }

    private var current: Unicode.Scalar? { index < scalars.count ? scalars[index] : nil }

    private func has(_ text: String) -> Bool {
        scalars[index...].starts(with: text.unicodeScalars)
    }

    private mutating func skip(_ text: String) -> Bool {
        guard has(text) else { return false }
        index += text.unicodeScalars.count
        return true
    }

    private mutating func choice(depth: Int) throws(RegexError) -> RegexNode {
        guard depth <= Self.maximumDepth else { throw RegexError(message: "groups are nested deeper than \(Self.maximumDepth)") }
        var choices = [try sequence(depth: depth)]
        while skip("|") { choices.append(try sequence(depth: depth)) }
        return choices.count == 1 ? choices[0] : .choice(choices)
    }

    private mutating func sequence(depth: Int) throws(RegexError) -> RegexNode {
        var parts: [RegexNode] = []
        while let scalar = current, scalar != "|", scalar != ")" {
            if skip("\\Q") {
                while index < scalars.count, !has("\\E") {
                    parts.append(literal(scalars[index]))
                    index += 1
                }
                _ = skip("\\E")
                if let last = parts.popLast() { parts.append(try repeated(last)) }
                continue
            }
            guard let atom = try atom(depth: depth) else { continue }
            parts.append(try repeated(atom))
        }
        return parts.count == 1 ? parts[0] : parts.isEmpty ? .empty : .sequence(parts)
    }

    /// - Returns: `nil` for a group that only sets flags.
    private mutating func atom(depth: Int) throws(RegexError) -> RegexNode? {
        guard let scalar = current else { return .empty }
        switch scalar {
        case "(": return try group(depth: depth)
        case "[": return .set(try characterClass())
        case "*", "+", "?": throw RegexError(message: "missing argument to repetition operator: \(scalar)")
        default: index += 1
        }
        switch scalar {
        case ".": return .set(flags.dotMatchesNewLine ? RegexRanges.all : RegexRanges.notNewLine)
        case "^": return .assertion(flags.isMultiline ? .lineStart : .start)
        case "$": return .assertion(flags.isMultiline ? .lineEnd : .end)
        case "\\": return try escape()
        default: return literal(scalar)
        }
    }

    private func literal(_ scalar: Unicode.Scalar) -> RegexNode {
        let range = [scalar.value...scalar.value]
        return .set(flags.ignoresCase ? RegexRanges.ignoringCase(range) : range)
    }

    private mutating func group(depth: Int) throws(RegexError) -> RegexNode? {
        index += 1
        let outer = flags
        if skip("?P<") || skip("?<") {
            if current == "=" || current == "!" { throw RegexError(message: "invalid or unsupported Perl syntax: look-behind") }
            while let scalar = current, scalar != ">" {
                guard scalar == "_" || scalar.properties.isAlphabetic || ("0"..."9").contains(scalar) else { throw RegexError(message: "invalid group name") }
                index += 1
            }
            guard skip(">") else { throw RegexError(message: "invalid group name") }
        } else if skip("?") {
            guard try !flagsOnly() else { return nil }
        }
        let inner = try choice(depth: depth + 1)
        guard skip(")") else { throw RegexError(message: "missing closing )") }
        flags = outer
        return inner
    }

    /// `(?i)` sets flags for the rest of the enclosing group; `(?i:…)` for its own content.
    private mutating func flagsOnly() throws(RegexError) -> Bool {
        var value = true
        while let scalar = current {
            index += 1
            switch scalar {
            case "i": flags.ignoresCase = value
            case "m": flags.isMultiline = value
            case "s": flags.dotMatchesNewLine = value
            case "U": break
            case "-" where value: value = false
            case ":": return false
            case ")": return true
            default: throw RegexError(message: "invalid or unsupported Perl syntax: (?\(scalar)")
            }
        }
        throw RegexError(message: "missing closing )")
    }

    private mutating func repeated(_ atom: RegexNode) throws(RegexError) -> RegexNode {
        var minimum = 0
        var maximum: Int?
        if skip("*") {
        } else if skip("+") {
            minimum = 1
        } else if skip("?") {
            maximum = 1
        } else if let bounds = try bounds() {
            (minimum, maximum) = bounds
        } else {
            return atom
        }
        _ = skip("?")
        if let scalar = current, scalar == "*" || scalar == "+" || scalar == "?" {
            throw RegexError(message: "invalid nested repetition operator: \(scalar)")
        }
        if try bounds() != nil { throw RegexError(message: "invalid nested repetition operator: {") }
        return .repetition(atom, minimum: minimum, maximum: maximum)
    }

    /// `{n}`, `{n,}`, `{n,m}`; other braces are plain characters.
    private mutating func bounds() throws(RegexError) -> (Int, Int?)? {
        guard current == "{" else { return nil }
        let start = index
        index += 1
        guard let minimum = number() else {
            index = start
            return nil
        }
        var maximum: Int? = minimum
        if skip(",") { maximum = number() }
        guard skip("}") else {
            index = start
            return nil
        }
        guard minimum <= Self.maximumRepeat, maximum ?? 0 <= Self.maximumRepeat, minimum <= maximum ?? minimum else {
            throw RegexError(message: "invalid repeat count: at most \(Self.maximumRepeat), and the first not above the second")
        }
        return (minimum, maximum)
    }

    private mutating func number() -> Int? {
        var digits = ""
        while let scalar = current, ("0"..."9").contains(scalar), digits.count < 6 {
            digits.unicodeScalars.append(scalar)
            index += 1
        }
        return Int(digits)
    }

    // MARK: Escapes and classes

    private mutating func escape() throws(RegexError) -> RegexNode {
        guard let scalar = current else { throw RegexError(message: "trailing backslash at end of expression") }
        switch scalar {
        case "A", "z", "b", "B":
            index += 1
            return .assertion(scalar == "A" ? .start : scalar == "z" ? .end : scalar == "b" ? .wordBoundary : .notWordBoundary)
        case "C":
            throw RegexError(message: "invalid escape sequence: \\C")
        default: break
        }
        if let ranges = try classEscape() { return .set(flags.ignoresCase ? RegexRanges.ignoringCase(ranges) : ranges) }
        return literal(try escapedScalar())
    }

    /// `\d` and the like; the backslash was read.
    private mutating func classEscape() throws(RegexError) -> [ClosedRange<UInt32>]? {
        guard let scalar = current else { return nil }
        let ranges: [ClosedRange<UInt32>]
        switch scalar {
        case "d": ranges = RegexRanges.digits
        case "D": ranges = RegexRanges.inverted(RegexRanges.digits)
        case "s": ranges = RegexRanges.spaces
        case "S": ranges = RegexRanges.inverted(RegexRanges.spaces)
        case "w": ranges = RegexRanges.words
        case "W": ranges = RegexRanges.inverted(RegexRanges.words)
        case "p", "P":
            index += 1
            return try unicodeClass(isNegated: scalar == "P")
        default: return nil
        }
        index += 1
        return ranges
    }

    private mutating func unicodeClass(isNegated: Bool) throws(RegexError) -> [ClosedRange<UInt32>] {
        var name = ""
        if skip("{") {
            while let scalar = current, scalar != "}" {
                name.unicodeScalars.append(scalar)
                index += 1
            }
            guard skip("}") else { throw RegexError(message: "invalid character class range: \\p{\(name)") }
        } else if let scalar = current {
            name.unicodeScalars.append(scalar)
            index += 1
        }
        var negated = isNegated
        if name.hasPrefix("^") {
            negated.toggle()
            name.removeFirst()
        }
        guard let ranges = RegexUnicodeClass.ranges(name) else { throw RegexError(message: "invalid character class range: \\p{\(name)}") }
        return negated ? RegexRanges.inverted(ranges) : ranges
    }

    private mutating func escapedScalar() throws(RegexError) -> Unicode.Scalar {
        guard let scalar = current else { throw RegexError(message: "trailing backslash at end of expression") }
        index += 1
        let simple: [Unicode.Scalar: Unicode.Scalar] = ["a": "\u{7}", "f": "\u{C}", "n": "\n", "r": "\r", "t": "\t", "v": "\u{B}"]
        if let character = simple[scalar] { return character }
        if scalar == "x" {
            var digits = ""
            if skip("{") {
                while let digit = current, digit != "}", digits.count < 8 {
                    digits.unicodeScalars.append(digit)
                    index += 1
                }
                guard skip("}") else { throw RegexError(message: "invalid escape sequence: \\x{\(digits)") }
            } else {
                while let digit = current, digits.count < 2 {
                    digits.unicodeScalars.append(digit)
                    index += 1
                }
                guard digits.count == 2 else { throw RegexError(message: "invalid escape sequence: \\x\(digits)") }
            }
            guard let value = UInt32(digits, radix: 16), let character = Unicode.Scalar(value) else {
                throw RegexError(message: "invalid escape sequence: \\x\(digits)")
            }
            return character
        }
        if scalar == "0" {
            var value: UInt32 = 0
            var count = 0
            while count < 2, let digit = current, ("0"..."7").contains(digit) {
                value = value * 8 + digit.value - 0x30
                index += 1
                count += 1
            }
            return Unicode.Scalar(value) ?? "\0"
        }
        // Only punctuation may be escaped for nothing: a letter may get a meaning, a digit would be a back reference.
        if scalar.isASCII, scalar.properties.isAlphabetic || ("1"..."9").contains(scalar) {
            throw RegexError(message: "invalid escape sequence: \\\(scalar)")
        }
        return scalar
    }

    private mutating func characterClass() throws(RegexError) -> [ClosedRange<UInt32>] {
        index += 1
        let isNegated = skip("^")
        var ranges: [ClosedRange<UInt32>] = []
        var isFirst = true
        while let scalar = current, scalar != "]" || isFirst {
            isFirst = false
            if skip("[:") {
                let isInverted = skip("^")
                var name = ""
                while let letter = current, letter.properties.isAlphabetic {
                    name.unicodeScalars.append(letter)
                    index += 1
                }
                guard skip(":]"), let posix = RegexRanges.posix[name] else { throw RegexError(message: "invalid character class range: [:\(name):]") }
                ranges += isInverted ? RegexRanges.inverted(posix) : posix
                continue
            }
            if scalar == "\\" {
                index += 1
                if let escaped = try classEscape() {
                    ranges += escaped
                    continue
                }
                index -= 1
            }
            let low = try classScalar()
            var high = low
            if current == "-", index + 1 < scalars.count, scalars[index + 1] != "]" {
                index += 1
                high = try classScalar()
            }
            guard low <= high else { throw RegexError(message: "invalid character class range: \(low)-\(high)") }
            ranges.append(low.value...high.value)
        }
        guard skip("]") else { throw RegexError(message: "missing closing ]") }
        var result = RegexRanges.normalized(ranges)
        if flags.ignoresCase { result = RegexRanges.ignoringCase(result) }
        return isNegated ? RegexRanges.inverted(result) : result
    }

    private mutating func classScalar() throws(RegexError) -> Unicode.Scalar {
        guard let scalar = current else { throw RegexError(message: "missing closing ]") }
        index += 1
        return scalar == "\\" ? try escapedScalar() : scalar
    }
}
