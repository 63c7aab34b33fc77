/// What went wrong with one request, with the code that decides the protocol's status.
///
/// Codes are Triton's error codes; KServe v2, "Inference Errors". The message is sent to the client as it is.
public struct InferenceError: Error, Hashable, Sendable {
    /// The kind of failure. New kinds may be added; compare with the constants.
    public struct Code: Hashable, Sendable, CustomStringConvertible {
        /// A short lower-case name, fit for `error.type`.
        public let name: String

        private init(_ name: String) { self.name = name }

        /// The request is wrong and will fail again: HTTP 400.
        public static let invalidArgument = Code("invalid_argument")
        /// No such model or version: HTTP 404.
        public static let notFound = Code("not_found")
        /// The server cannot take the request now, for example because a queue is full: HTTP 503.
        public static let unavailable = Code("unavailable")
        /// The model or the server failed, or the body could not be parsed: HTTP 500.
        public static let `internal` = Code("internal")
        /// A feature that this server or model lacks: HTTP 501.
        public static let unsupported = Code("unsupported")
        /// The thing to be created is there: HTTP 400.
        public static let alreadyExists = Code("already_exists")
        /// The body is larger than the server's limit: HTTP 413.
        public static let payloadTooLarge = Code("payload_too_large")
        /// The request was given up before it was finished: HTTP 400.
        public static let cancelled = Code("cancelled")

        public var description: String { name }
    }

    public var code: Code
    /// For people: what was wrong, where, and what was expected.
    public var message: String

    public init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }
}

extension InferenceError: CustomStringConvertible {
    public var description: String { message }
}
