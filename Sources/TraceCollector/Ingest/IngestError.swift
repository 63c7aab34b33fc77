/// Why a batch was not made durable. The sender may send it again in every case: nothing of the batch was acknowledged.
public struct IngestError: Error, Sendable, CustomStringConvertible {
    /// The reason, open to additions.
    public struct Code: Hashable, Sendable, CustomStringConvertible {
        private enum Wrapped: String { case overloaded, storeFailed, shuttingDown }
        private var wrapped: Wrapped

        /// The queue of pending spans is full: come back after ``IngestError/retryAfterSeconds``.
        public static let overloaded = Code(wrapped: .overloaded)
        /// The store could not commit.
        public static let storeFailed = Code(wrapped: .storeFailed)
        /// The back end is stopping.
        public static let shuttingDown = Code(wrapped: .shuttingDown)

        public var description: String { wrapped.rawValue }
    }

    public var code: Code
    /// What happened and what to do, for people.
    public var message: String
    /// Seconds after which sending again makes sense.
    public var retryAfterSeconds: Int
    /// The store's own error.
    public var cause: (any Error)?

    public init(code: Code, message: String, retryAfterSeconds: Int = 1, cause: (any Error)? = nil) {
        self.code = code
        self.message = message
        self.retryAfterSeconds = retryAfterSeconds
        self.cause = cause
    }

    public var description: String { "\(code): \(message)" }
}
