public import TraceModel

/// What a server knows of a request.
public struct HTTPServerRequest: Hashable, Sendable {
    public var method: String
    public var scheme: String
    public var path: String
    /// Without the question mark.
    public var query: String?
    /// The template that matched, such as `/users/{id}`.
    public var route: String?
    /// The host the caller asked for.
    public var server: NetworkEndpoint?
    /// Who asked, before any proxies.
    public var client: NetworkEndpoint?
    /// The other end of the connection.
    public var peer: NetworkEndpoint?
    /// `1.1` or `2`.
    public var protocolVersion: String?
    public var userAgent: String?
    public var bodySize: Int?
    /// Made by ``CapturedHeaders``.
    public var capturedHeaders: [Attribute] = []

    public init(method: String, scheme: String, path: String) {
        self.method = method
        self.scheme = scheme
        self.path = path
    }
}
