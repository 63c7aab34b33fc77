/// The failures of a reader, away from the fast paths.
extension JSONReader {
    /// The grammar asks for something else here, or the text ends.
    @usableFromInline @inline(never)
    func unexpected(_ expected: StaticString) -> JSONError {
        guard position < count else {
            return JSONError(code: .unexpectedEnd, message: "the text ends, expected \(expected)", offset: count)
        }
        return JSONError(code: .syntax, message: "found \(found), expected \(expected)", offset: position)
    }

    /// The value has another type, or there is none.
    @usableFromInline @inline(never)
    func mismatch(_ expected: StaticString) -> JSONError {
        guard position < count else { return unexpected(expected) }
        let name: String
        switch base[position] {
        case UInt8(ascii: "\""): name = "a string"
        case UInt8(ascii: "{"): name = "an object"
        case UInt8(ascii: "["): name = "an array"
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"): name = "a number"
        case UInt8(ascii: "t"), UInt8(ascii: "f"): name = "a boolean"
        case UInt8(ascii: "n"): name = "null"
        default: return unexpected(expected)
        }
        return JSONError(code: .typeMismatch, message: "found \(name), expected \(expected)", offset: position)
    }

    @usableFromInline @inline(never)
    func tooDeep() -> JSONError {
        JSONError(
            code: .tooDeep, message: "objects and arrays are nested deeper than \(maximumDepth) levels", offset: position)
    }

    @usableFromInline @inline(never)
    func failure(_ code: JSONError.Code, _ message: String, at offset: Int) -> JSONError {
        JSONError(code: code, message: message, offset: offset)
    }

    private var found: String {
        let byte = base[position]
        if (0x21...0x7e).contains(byte) { return "'\(Character(Unicode.Scalar(byte)))'" }
        return "byte 0x" + String(byte, radix: 16)
    }
}
