/// Why bytes could not be read as the format they claim to be.
public struct WireError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The class of a failure; more may be added.
    public struct Code: Hashable, Sendable, CustomStringConvertible {
        private enum Base: String {
            case malformed, tooDeep, tooLarge
        }

        private let base: Base

        private init(_ base: Base) { self.base = base }

        /// The bytes break the rules of the format, or stop early.
        public static let malformed = Code(.malformed)
        /// Values are nested deeper than the bound.
        public static let tooDeep = Code(.tooDeep)
        /// More elements than the bound.
        public static let tooLarge = Code(.tooLarge)

        public var description: String { base.rawValue }
    }

    /// The class of the failure.
    public var code: Code
    /// What was wrong, where and what was expected, for people.
    public var message: String

    /// A failure with its explanation.
    public init(code: Code, message: String) {
        self.code = code
        self.message = message
    }

    public var description: String { message }
}
