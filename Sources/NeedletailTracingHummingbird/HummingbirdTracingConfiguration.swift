public import HTTPTypes
internal import TracingConventions

/// What the server spans of ``NeedletailTracingMiddleware`` tell.
public struct HummingbirdTracingConfiguration: Sendable {
    /// Request headers to record as `http.request.header.<name>`. None unless you name them: headers carry secrets.
    public var capturedRequestHeaders: [String] = []
    /// Response headers to record as `http.response.header.<name>`. None unless you name them.
    public var capturedResponseHeaders: [String] = []
    /// Query parameters whose values are replaced by `REDACTED`, with regard to case. Setting it replaces the default list
    /// of signatures and credentials.
    public var sensitiveQueryParameters: Set<String> = SensitiveQuery.defaultParameters
    /// Methods that appear under their name; others are `_OTHER`, so that a caller cannot invent span names.
    public var knownMethods: Set<String> = HTTPConventions.defaultKnownMethods
    /// Also record `http.request.body.size` and `http.response.body.size`, where the size is known beforehand.
    public var recordsBodySizes = false
    /// Take client address, scheme and host from `Forwarded` or `X-Forwarded-For`, `-Proto` and `-Host`. Only behind a proxy
    /// that sets them itself: otherwise anybody can claim any address.
    public var trustsForwardedHeaders = false
    /// The scheme of the requests: `https` for a server that speaks TLS itself. `nil` takes it from the request, where
    /// Hummingbird's HTTP/1 server always has `http`.
    public var scheme: String?
    /// A response header that tells the caller the trace id. On responses and on Hummingbird's `HTTPError`; errors of other
    /// types become responses out of the middleware's reach.
    public var traceIDResponseHeader: HTTPField.Name?

    public init() {}

    var conventions: HTTPConventions {
        HTTPConventions(
            knownMethods: knownMethods,
            sensitiveParameters: sensitiveQueryParameters,
            requestHeaders: capturedRequestHeaders,
            responseHeaders: capturedResponseHeaders,
            recordsBodySizes: recordsBodySizes
        )
    }
}
