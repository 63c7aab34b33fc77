/// Why bytes could not be compressed or decompressed.
public struct CompressionError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The kind of failure; compare with the static members.
    public struct Code: Hashable, Sendable {
        private let name: String

        private init(_ name: String) {
            self.name = name
        }

        /// The bytes are not of the expected format, are damaged, or end too early.
        public static let malformed = Code("malformed")
        /// The decompressed bytes would be more than the caller allowed.
        public static let tooLarge = Code("tooLarge")
        /// The library could not allocate its working memory.
        public static let outOfMemory = Code("outOfMemory")
    }

    public var code: Code
    /// What was wrong and where, for people.
    public var message: String

    public init(code: Code, message: String) {
        self.code = code
        self.message = message
    }

    public var description: String { message }
}
