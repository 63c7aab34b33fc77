internal import HTTPTypes

/// An answer that is an error.
struct APIError: Error, Hashable {
    /// HTTP status code, repeated in the body where the API's errors have one.
    var status: Int
    var message: String
    /// The trace the error is about, where one of several failed.
    var traceID: String?
    /// Where in a parameter.
    var place: BadParameter.Place?
    /// After how many seconds the same request may succeed: `Retry-After`.
    var retryAfter: Int64?

    static func notFound(_ message: String) -> APIError { APIError(status: 404, message: message) }
    static func badRequest(_ message: String) -> APIError { APIError(status: 400, message: message) }
}
