/// Why a text could not be read as the JSON that was expected.
public struct JSONError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The class of a failure; more may be added.
    public struct Code: Hashable, Sendable, CustomStringConvertible {
        @usableFromInline enum Base: String, Sendable {
            case syntax, unexpectedEnd, typeMismatch, outOfRange, tooDeep
        }

        @usableFromInline let base: Base

        @inlinable init(_ base: Base) { self.base = base }

        /// The text breaks the grammar of RFC 8259.
        public static var syntax: Code { Code(.syntax) }
        /// The text stops before its value is complete.
        public static var unexpectedEnd: Code { Code(.unexpectedEnd) }
        /// The text is JSON, but the value has another type than was asked for.
        public static var typeMismatch: Code { Code(.typeMismatch) }
        /// The number does not fit the type that was asked for.
        public static var outOfRange: Code { Code(.outOfRange) }
        /// Objects and arrays are nested deeper than the bound of the reader.
        public static var tooDeep: Code { Code(.tooDeep) }

        public var description: String { base.rawValue }
    }

    /// The class of the failure.
    public var code: Code
    /// What was wrong and what was expected, for people, without the place.
    public var message: String
    /// Where the failure was noticed, in bytes from the start of the text.
    public var offset: Int

    /// A failure at a byte offset.
    public init(code: Code, message: String, offset: Int) {
        self.code = code
        self.message = message
        self.offset = offset
    }

    /// `invalid JSON at byte 17: expected …`
    public var description: String { "invalid JSON at byte \(offset): \(message)" }
}
