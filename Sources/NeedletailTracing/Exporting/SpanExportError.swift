/// Why a batch of spans is lost.
public struct SpanExportError: Error, CustomStringConvertible, Sendable {
    /// The kind of failure.
    public struct Code: Hashable, Sendable, CustomStringConvertible {
        public let description: String

        /// No receiver could be reached, or it went away without an answer, until the retries were used up.
        public static let unavailable = Code(description: "unavailable")
        /// The receiver refused the batch in a way that a retry does not help.
        public static let refused = Code(description: "refused")
        /// The receiver took too long.
        public static let timedOut = Code(description: "timedOut")
        /// The encoded batch is larger than a request may be.
        public static let tooLarge = Code(description: "tooLarge")
        /// The exporter was shut down before.
        public static let shutDown = Code(description: "shutDown")
    }

    public var code: Code
    /// What happened, where, and what to do.
    public var message: String
    /// How long the receiver asked to wait before the batch is sent again.
    public var retryAfter: Duration?

    public init(code: Code, message: String, retryAfter: Duration? = nil) {
        self.code = code
        self.message = message
        self.retryAfter = retryAfter
    }

    public var description: String { message }
}
