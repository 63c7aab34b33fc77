internal import TracingConventions

/// What the client spans of ``TracedHTTPClient`` tell.
public struct HTTPClientTracingConfiguration: Sendable {
    /// Request headers to record as `http.request.header.<name>`. None unless you name them: headers carry secrets.
    public var capturedRequestHeaders: [String] = []
    /// Response headers to record as `http.response.header.<name>`. None unless you name them.
    public var capturedResponseHeaders: [String] = []
    /// Query parameters whose values are replaced by `REDACTED` in `url.full`, with regard to case. Setting it replaces the
    /// default list of signatures and credentials. User names and passwords are always replaced.
    public var sensitiveQueryParameters: Set<String> = SensitiveQuery.defaultParameters
    /// Methods that appear under their name; others are `_OTHER`.
    public var knownMethods: Set<String> = HTTPConventions.defaultKnownMethods
    /// Also record `http.request.body.size` (from `Content-Length`) and `http.response.body.size` (what was read).
    public var recordsBodySizes = false

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
