extension JSONReader {
    /// A number's text, taken apart.
    struct NumberText {
        var start: Int
        var end: Int
        var isNegative: Bool
        /// The leading significant digits as an integer: as many as fit into 64 bits.
        var digits: UInt64 = 0
        /// No further digit fits.
        var isFull = false
        /// The power of ten that ``digits`` is multiplied by.
        var exponent = 0
        /// A digit that is not zero was left out of ``digits``.
        var isTruncated = false
    }

    /// Reads a number as the nearest `Double`.
    ///
    /// - Throws: ``JSONError/Code/outOfRange`` when the magnitude is beyond `Double`.
    public mutating func readDouble() throws(JSONError) -> Double {
        try expectNumber()
        let text = try scanNumber()
        // Exact: both operands are representable and IEEE division and multiplication round once (Clinger's fast path).
        if !text.isTruncated, text.digits <= 1 << 53, (-22...22).contains(text.exponent) {
            let digits = Double(text.digits)
            let magnitude = text.exponent < 0
                ? digits / Self.powersOfTen[-text.exponent] : digits * Self.powersOfTen[text.exponent]
            return text.isNegative ? -magnitude : magnitude
        }
        let number = Double(numberString(text)) ?? .infinity
        guard number.isFinite else {
            throw failure(.outOfRange, "the number is too large for a 64-bit float", at: text.start)
        }
        return number
    }

    /// Reads a number that is a whole number within `Int64`; `1.0` and `1e3` are whole.
    ///
    /// - Throws: ``JSONError/Code/outOfRange`` for a fraction or a number that does not fit.
    public mutating func readInt64() throws(JSONError) -> Int64 {
        try expectNumber()
        let text = try scanNumber()
        let magnitude = try wholeMagnitude(text, "a whole number between -2^63 and 2^63-1")
        if text.isNegative {
            guard magnitude <= 1 << 63 else { throw unfit(text, "a whole number between -2^63 and 2^63-1") }
            return Int64(truncatingIfNeeded: 0 &- magnitude)
        }
        guard magnitude < 1 << 63 else { throw unfit(text, "a whole number between -2^63 and 2^63-1") }
        return Int64(magnitude)
    }

    /// Reads a number that is a whole number within `UInt64`; `1.0` and `1e3` are whole.
    ///
    /// - Throws: ``JSONError/Code/outOfRange`` for a fraction or a number that does not fit.
    public mutating func readUInt64() throws(JSONError) -> UInt64 {
        try expectNumber()
        let text = try scanNumber()
        let magnitude = try wholeMagnitude(text, "a whole number between 0 and 2^64-1")
        guard !text.isNegative || magnitude == 0 else { throw unfit(text, "a whole number between 0 and 2^64-1") }
        return magnitude
    }

    /// Reads a number that is written with digits alone: `1.0`, `1e3` and `-0` are none.
    ///
    /// - Throws: ``JSONError/Code/outOfRange`` for any other number, or one that does not fit.
    public mutating func readDigits() throws(JSONError) -> UInt64 {
        try expectNumber()
        let text = try scanNumber()
        let expected: StaticString = "a number of digits alone, between 0 and 2^64-1"
        for index in text.start..<text.end where base[index] &- UInt8(ascii: "0") > 9 { throw unfit(text, expected) }
        return try wholeMagnitude(text, expected)
    }

    /// Reads the literals `NaN`, `Infinity` and `-Infinity`, which JSON does not have and Python's `json` writes.
    ///
    /// - Returns: `nil` when none of them is next; nothing but blanks is consumed then.
    public mutating func readNonFinite() -> Double? {
        skipBlanks()
        guard position < count else { return nil }
        switch base[position] {
        case UInt8(ascii: "N"): return consume("NaN") ? .nan : nil
        case UInt8(ascii: "I"): return consume("Infinity") ? .infinity : nil
        case UInt8(ascii: "-") where position + 1 < count && base[position + 1] == UInt8(ascii: "I"): return consume("-Infinity") ? -.infinity : nil
        default: return nil
        }
    }

    private mutating func consume(_ literal: StaticString) -> Bool {
        let length = literal.utf8CodeUnitCount
        guard count - position >= length else { return false }
        for index in 0..<length where base[position + index] != literal.utf8Start[index] { return false }
        position += length
        return true
    }

    /// Reads a number and returns its text as it stands.
    public mutating func readNumberText() throws(JSONError) -> String {
        try expectNumber()
        return numberString(try scanNumber())
    }

    // MARK: Scanning

    private mutating func expectNumber() throws(JSONError) {
        skipBlanks()
        guard position < count else { throw mismatch("a number") }
        switch base[position] {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"): return
        default: throw mismatch("a number")
        }
    }

    /// Consumes a number: `[-] int [frac] [exp]`, RFC 8259 section 6.
    mutating func scanNumber() throws(JSONError) -> NumberText {
        var text = NumberText(start: position, end: position, isNegative: false)
        if base[position] == UInt8(ascii: "-") {
            text.isNegative = true
            position += 1
        }
        if position < count, base[position] == UInt8(ascii: "0") {
            position += 1
        } else {
            try scanDigits(into: &text, areFraction: false)
        }
        if position < count, base[position] == UInt8(ascii: ".") {
            position += 1
            try scanDigits(into: &text, areFraction: true)
        }
        if position < count, base[position] | 0x20 == UInt8(ascii: "e") {
            position += 1
            try scanExponent(into: &text)
        }
        text.end = position
        return text
    }

    private mutating func scanDigits(into text: inout NumberText, areFraction: Bool) throws(JSONError) {
        let start = position
        // Below this, ten times the value plus a digit is less than 2^64.
        let safe = UInt64.max / 10
        while position < count {
            let digit = base[position] &- UInt8(ascii: "0")
            guard digit <= 9 else { break }
            position += 1
            if !text.isFull, text.digits < safe || (text.digits == safe && digit <= 5) {
                text.digits = text.digits &* 10 &+ UInt64(digit)
                if areFraction { text.exponent -= 1 }
            } else {
                text.isFull = true
                if digit != 0 { text.isTruncated = true }
                if !areFraction { text.exponent += 1 }
            }
        }
        guard position > start else { throw unexpected("a digit") }
    }

    private mutating func scanExponent(into text: inout NumberText) throws(JSONError) {
        var isNegative = false
        if position < count, base[position] == UInt8(ascii: "-") || base[position] == UInt8(ascii: "+") {
            isNegative = base[position] == UInt8(ascii: "-")
            position += 1
        }
        let start = position
        var exponent = 0
        while position < count {
            let digit = base[position] &- UInt8(ascii: "0")
            guard digit <= 9 else { break }
            // Beyond this every number is zero or infinite; stop counting so that nothing overflows.
            if exponent < 1_000_000_000 { exponent = exponent * 10 + Int(digit) }
            position += 1
        }
        guard position > start else { throw unexpected("a digit of the exponent") }
        text.exponent += isNegative ? -exponent : exponent
    }

    // MARK: Converting

    private func wholeMagnitude(_ text: NumberText, _ expected: StaticString) throws(JSONError) -> UInt64 {
        if text.digits == 0 { return 0 }
        // Truncated: a fraction, or more digits than 2^64 has.
        guard !text.isTruncated else { throw unfit(text, expected) }
        var magnitude = text.digits
        var exponent = text.exponent
        while exponent > 0 {
            let (product, overflow) = magnitude.multipliedReportingOverflow(by: 10)
            guard !overflow else { throw unfit(text, expected) }
            magnitude = product
            exponent -= 1
        }
        while exponent < 0 {
            guard magnitude % 10 == 0 else { throw unfit(text, expected) }
            magnitude /= 10
            exponent += 1
        }
        return magnitude
    }

    private func unfit(_ text: NumberText, _ expected: StaticString) -> JSONError {
        let shown = text.end - text.start <= 40 ? numberString(text) : "a number of \(text.end - text.start) characters"
        return failure(.outOfRange, "found \(shown), expected \(expected)", at: text.start)
    }

    private func numberString(_ text: NumberText) -> String {
        String(decoding: UnsafeBufferPointer(start: base + text.start, count: text.end - text.start), as: UTF8.self)
    }

    /// Powers of ten that a `Double` holds exactly.
    private static let powersOfTen: [Double] = [
        1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11,
        1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
    ]
}
