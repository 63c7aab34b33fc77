internal import AsyncHTTPClient
internal import TracingConventions

extension Error {
    /// The value of `error.type`: the reason where it is one of a few, else the type.
    var errorType: String {
        guard let error = self as? HTTPClientError else { return ErrorType.name(of: self) }
        // Fixed words without details of the request: "Connect timeout".
        return "HTTPClientError: \(error.shortDescription)"
    }
}
