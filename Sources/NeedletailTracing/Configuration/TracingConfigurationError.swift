/// A setting that cannot be used.
public struct TracingConfigurationError: Error, CustomStringConvertible, Hashable, Sendable {
    /// The kind of mistake.
    public struct Code: Hashable, Sendable, CustomStringConvertible {
        public let description: String

        /// The endpoint is no http or https URL.
        public static let invalidEndpoint = Code(description: "invalidEndpoint")
        /// The name or value of a header cannot be sent.
        public static let invalidHeader = Code(description: "invalidHeader")
        /// A local address or port is none.
        public static let invalidAddress = Code(description: "invalidAddress")
        /// A file cannot be written.
        public static let invalidPath = Code(description: "invalidPath")
        /// The protocol has no such compression.
        public static let invalidCompression = Code(description: "invalidCompression")
        /// A certificate or key cannot be read or does not fit.
        public static let invalidTLS = Code(description: "invalidTLS")
        /// A configuration file cannot be read or has mistakes; the message has a line `file:line: …` for each.
        public static let invalidFile = Code(description: "invalidFile")
        /// A pattern is no regular expression.
        public static let invalidPattern = Code(description: "invalidPattern")
    }

    public var code: Code
    /// What was wrong, and what was expected.
    public var message: String

    public init(code: Code, message: String) {
        self.code = code
        self.message = message
    }

    public var description: String { message }
}
