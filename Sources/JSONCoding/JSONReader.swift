/// Reads JSON (RFC 8259, strict) value by value, straight from the bytes.
///
/// The caller says what it expects next; nothing is built that it does not ask for. All bounds, the grammar and the
/// depth of nesting are checked inside: hostile text ends in a ``JSONError``, never in a trap.
///
/// Two ways to walk an object: ``readObject(_:)`` with a closure, or the loop that is behind it
/// (``beginObject()``, then ``nextKey()`` until `nil`); the same for arrays.
public struct JSONReader: ~Copyable {
    /// The type of the next value.
    public enum Kind: Hashable, Sendable {
        case object, array, string, number, bool, null
    }

    // Unsafe: valid while the closure of `read` runs; the type is not copyable, so that it cannot leave the closure.
    @usableFromInline let base: UnsafePointer<UInt8>
    @usableFromInline let count: Int
    @usableFromInline var position = 0
    @usableFromInline var depth = 0
    @usableFromInline let maximumDepth: Int
    /// Just after `{` or `[`: no comma is due.
    @usableFromInline var isFirst = false

    /// Deeper bounds than this are lowered to it, because skipping a value uses the stack.
    public static let greatestMaximumDepth = 512

    init(base: UnsafePointer<UInt8>, count: Int, maximumDepth: Int) {
        self.base = base
        self.count = count
        self.maximumDepth = min(maximumDepth, Self.greatestMaximumDepth)
    }

    /// Reads one JSON text.
    ///
    /// - Parameters:
    ///   - bytes: UTF-8 text; a byte order mark is not accepted.
    ///   - maximumDepth: how deep objects and arrays may be nested, at most ``greatestMaximumDepth``.
    ///   - body: reads exactly one value.
    /// - Throws: ``JSONError``, also when anything but blanks follows the value; and what `body` throws.
    public static func read<R>(
        _ bytes: [UInt8], maximumDepth: Int = 64, _ body: (inout JSONReader) throws -> R
    ) throws -> R {
        try bytes.withUnsafeBytes { try read($0, maximumDepth: maximumDepth, body) }
    }

    /// Reads one JSON text from memory that stays valid and unchanged during the call.
    public static func read<R>(
        _ bytes: UnsafeRawBufferPointer, maximumDepth: Int = 64, _ body: (inout JSONReader) throws -> R
    ) throws -> R {
        guard let base = bytes.baseAddress, !bytes.isEmpty else {
            throw JSONError(code: .unexpectedEnd, message: "the text is empty, expected a JSON value", offset: 0)
        }
        var reader = JSONReader(
            base: base.assumingMemoryBound(to: UInt8.self), count: bytes.count, maximumDepth: maximumDepth)
        let result = try body(&reader)
        reader.skipBlanks()
        guard reader.position == reader.count else {
            throw reader.unexpected("the end of the text after the value")
        }
        return result
    }

    /// Where the reader stands, in bytes from the start.
    public var offset: Int { position }

    // MARK: Looking ahead

    @inlinable @inline(__always)
    mutating func skipBlanks() {
        // Compact text, the rule between programs: nothing to skip.
        if position < count, base[position] > 0x20 { return }
        skipSomeBlanks()
    }

    @usableFromInline
    mutating func skipSomeBlanks() {
        while position < count {
            switch base[position] {
            case 0x20, 0x0a, 0x0d, 0x09: position &+= 1
            default: return
            }
        }
    }

    /// The type of the next value, which is not consumed.
    @inlinable
    public mutating func peek() throws(JSONError) -> Kind {
        skipBlanks()
        guard position < count else { throw unexpected("a value") }
        switch base[position] {
        case UInt8(ascii: "\""): return .string
        case UInt8(ascii: "{"): return .object
        case UInt8(ascii: "["): return .array
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"): return .number
        case UInt8(ascii: "t"), UInt8(ascii: "f"): return .bool
        case UInt8(ascii: "n"): return .null
        default: throw unexpected("a value")
        }
    }

    // MARK: Objects and arrays

    /// Consumes `{`.
    @inlinable
    public mutating func beginObject() throws(JSONError) {
        try open(UInt8(ascii: "{"), "an object")
    }

    /// Consumes `[`.
    @inlinable
    public mutating func beginArray() throws(JSONError) {
        try open(UInt8(ascii: "["), "an array")
    }

    @inlinable @inline(__always)
    mutating func open(_ bracket: UInt8, _ name: StaticString) throws(JSONError) {
        skipBlanks()
        guard position < count, base[position] == bracket else { throw mismatch(name) }
        guard depth < maximumDepth else { throw tooDeep() }
        depth &+= 1
        position &+= 1
        isFirst = true
    }

    /// Consumes the name of the next member and its colon, or the `}` after the last.
    ///
    /// - Returns: `nil` after the last member. Otherwise the caller reads or skips exactly one value next.
    @inlinable
    public mutating func nextKey() throws(JSONError) -> JSONKey? {
        guard try advance(closing: UInt8(ascii: "}"), "',' or '}'") else { return nil }
        guard position < count, base[position] == UInt8(ascii: "\"") else { throw unexpected("the name of a member") }
        let text = try scanString()
        skipBlanks()
        guard position < count, base[position] == UInt8(ascii: ":") else { throw unexpected("':'") }
        position &+= 1
        return JSONKey(start: base + text.start, count: text.count, hasEscapes: text.hasEscapes)
    }

    /// Steps to the next element, or consumes the `]` after the last.
    ///
    /// - Returns: `false` after the last element. Otherwise the caller reads or skips exactly one value next.
    @inlinable
    public mutating func nextElement() throws(JSONError) -> Bool {
        guard try advance(closing: UInt8(ascii: "]"), "',' or ']'") else { return false }
        guard position < count, base[position] != UInt8(ascii: "]") else { throw unexpected("a value") }
        return true
    }

    /// Consumes the comma or the closing bracket; `false` for the bracket.
    @inlinable @inline(__always)
    mutating func advance(closing: UInt8, _ expected: StaticString) throws(JSONError) -> Bool {
        skipBlanks()
        guard position < count else { throw unexpected(expected) }
        let byte = base[position]
        if byte == closing {
            position &+= 1
            // A caller that asks once more after the end cannot bring the depth below zero.
            depth = max(0, depth &- 1)
            isFirst = false
            return false
        }
        if isFirst {
            isFirst = false
            return true
        }
        guard byte == UInt8(ascii: ",") else { throw unexpected(expected) }
        position &+= 1
        skipBlanks()
        return true
    }

    /// Reads an object; the closure gets each name and reads its value.
    ///
    /// - Parameter member: consumes one value with a `read…` function or ``skip()``; a value it leaves alone is skipped.
    /// - Throws: ``JSONError``, and what `member` throws.
    @inlinable
    public mutating func readObject(_ member: (inout JSONReader, JSONKey) throws -> Void) throws {
        try beginObject()
        while let key = try nextKey() {
            let before = position
            try member(&self, key)
            if position == before { try skip() }
        }
    }

    /// Reads an array; the closure reads each element.
    ///
    /// - Parameter element: consumes one value with a `read…` function or ``skip()``; a value it leaves alone is skipped.
    /// - Throws: ``JSONError``, and what `element` throws.
    @inlinable
    public mutating func readArray(_ element: (inout JSONReader) throws -> Void) throws {
        try beginArray()
        while try nextElement() {
            let before = position
            try element(&self)
            if position == before { try skip() }
        }
    }

    // MARK: Literals

    /// Reads `true` or `false`.
    public mutating func readBool() throws(JSONError) -> Bool {
        guard try peek() == .bool else { throw mismatch("true or false") }
        if base[position] == UInt8(ascii: "t") {
            try literal("true")
            return true
        }
        try literal("false")
        return false
    }

    /// Consumes `null` when it is the next value.
    ///
    /// - Returns: `false` when the next value is another one, which is not consumed.
    @inlinable
    public mutating func readNull() throws(JSONError) -> Bool {
        skipBlanks()
        guard position < count, base[position] == UInt8(ascii: "n") else { return false }
        try literal("null")
        return true
    }

    @usableFromInline
    mutating func literal(_ text: StaticString) throws(JSONError) {
        let length = text.utf8CodeUnitCount
        for index in 0..<length {
            guard position + index < count else {
                position = count
                throw unexpected(text)
            }
            guard base[position + index] == text.utf8Start[index] else { throw unexpected(text) }
        }
        position += length
    }

    /// Consumes the next value whatever it is; its grammar is checked.
    public mutating func skip() throws(JSONError) {
        switch try peek() {
        case .object:
            try beginObject()
            while try nextKey() != nil { try skip() }
        case .array:
            try beginArray()
            while try nextElement() { try skip() }
        case .string: _ = try scanString()
        case .number: _ = try scanNumber()
        case .bool: _ = try readBool()
        case .null: try literal("null")
        }
    }
}
