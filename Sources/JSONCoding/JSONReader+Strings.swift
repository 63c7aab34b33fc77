extension JSONReader {
    /// Where a string's text lies, without its quotes.
    @usableFromInline
    struct StringText {
        @usableFromInline var start: Int
        @usableFromInline var count: Int
        @usableFromInline var hasEscapes: Bool

        @inlinable
        init(start: Int, count: Int, hasEscapes: Bool) {
            self.start = start
            self.count = count
            self.hasEscapes = hasEscapes
        }
    }

    /// Reads a string; escapes are resolved, invalid UTF-8 and lone surrogates become U+FFFD.
    public mutating func readString() throws(JSONError) -> String {
        skipBlanks()
        guard position < count, base[position] == UInt8(ascii: "\"") else { throw mismatch("a string") }
        let text = try scanString()
        let raw = UnsafeBufferPointer(start: base + text.start, count: text.count)
        return text.hasEscapes ? String(decoding: JSONEscapes.resolve(raw), as: UTF8.self) : String(decoding: raw, as: UTF8.self)
    }

    /// Reads a string and lends its bytes, with escapes resolved, for the time of the call.
    ///
    /// The second argument of `body` says that the bytes lie in the text itself, which stays in place while
    /// ``read(_:maximumDepth:_:)-(UnsafeRawBufferPointer,_,_)`` runs; otherwise they are gone when `body` returns.
    /// Invalid UTF-8 is handed over as it is.
    @inlinable
    public mutating func withStringBytes<R>(
        _ body: (UnsafeBufferPointer<UInt8>, _ inPlace: Bool) -> R
    ) throws(JSONError) -> R {
        skipBlanks()
        guard position < count, base[position] == UInt8(ascii: "\"") else { throw mismatch("a string") }
        let text = try scanString()
        let raw = UnsafeBufferPointer(start: base + text.start, count: text.count)
        guard text.hasEscapes else { return body(raw, true) }
        let resolved = Self.resolveEscapes(raw)
        return resolved.withUnsafeBufferPointer { body($0, false) }
    }

    @usableFromInline
    static func resolveEscapes(_ raw: UnsafeBufferPointer<UInt8>) -> [UInt8] { JSONEscapes.resolve(raw) }

    /// Consumes a string whose opening quote is the next byte.
    @inlinable
    mutating func scanString() throws(JSONError) -> StringText {
        let start = position &+ 1
        var index = start
        let ones: UInt64 = 0x0101_0101_0101_0101
        let highs: UInt64 = 0x8080_8080_8080_8080
        // Eight bytes at a time: the lowest marked byte is a quote, a backslash or a control character.
        while index &+ 8 <= count {
            // In bounds: index + 8 ≤ count.
            let word = UInt64(littleEndian: UnsafeRawPointer(base + index).loadUnaligned(as: UInt64.self))
            let quote = word ^ (ones &* 0x22)
            let backslash = word ^ (ones &* 0x5c)
            let marks =
                (((quote &- ones) & ~quote) | ((backslash &- ones) & ~backslash) | ((word &- (ones &* 0x20)) & ~word)) & highs
            if marks != 0 {
                index &+= marks.trailingZeroBitCount / 8
                break
            }
            index &+= 8
        }
        while index < count {
            let byte = base[index]
            if byte == UInt8(ascii: "\"") {
                position = index &+ 1
                return StringText(start: start, count: index &- start, hasEscapes: false)
            }
            if byte == UInt8(ascii: "\\") || byte < 0x20 { return try scanEscapedString(start: start, from: index) }
            index &+= 1
        }
        throw unterminated(start)
    }

    @usableFromInline @inline(never)
    func unterminated(_ start: Int) -> JSONError {
        failure(.unexpectedEnd, "the text ends inside the string that starts at byte \(start - 1)", at: count)
    }

    /// The rest of a string from its first escape (or forbidden character) on.
    @usableFromInline @inline(never)
    mutating func scanEscapedString(start: Int, from first: Int) throws(JSONError) -> StringText {
        let text = UnsafeBufferPointer(start: base, count: count)
        var index = first
        while index < count {
            let byte = text[index]
            switch byte {
            case UInt8(ascii: "\""):
                position = index + 1
                return StringText(start: start, count: index - start, hasEscapes: true)
            case UInt8(ascii: "\\"):
                guard index + 1 < count else { throw unterminated(start) }
                if text[index + 1] == UInt8(ascii: "u") {
                    guard index + 6 <= count else { throw unterminated(start) }
                    guard JSONEscapes.unit(text, at: index + 2) != nil else {
                        throw failure(.syntax, "'\\u' must be followed by four hexadecimal digits", at: index)
                    }
                    index += 6
                } else {
                    guard JSONEscapes.simple(text[index + 1]) != nil else {
                        throw failure(.syntax, "unknown escape in a string, expected one of \\\" \\\\ \\/ \\b \\f \\n \\r \\t \\u", at: index)
                    }
                    index += 2
                }
            case 0..<0x20:
                throw failure(.syntax, "control character 0x\(String(byte, radix: 16)) in a string, expected it escaped", at: index)
            default:
                index += 1
            }
        }
        throw unterminated(start)
    }
}
