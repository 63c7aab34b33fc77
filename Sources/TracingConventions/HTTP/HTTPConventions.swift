public import TraceModel

/// Names, attributes and status of HTTP spans by the stable semantic conventions ("HTTP spans", version 1.4x).
///
/// It holds what a user may set, worked out once; each call takes values and gives a list of attributes.
public struct HTTPConventions: Sendable {
    /// The methods of RFC 9110, PATCH (RFC 5789) and QUERY.
    public static let defaultKnownMethods: Set<String> = [
        "GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH", "QUERY",
    ]

    public let knownMethods: Set<String>
    public let sensitiveQuery: SensitiveQuery
    public let requestHeaders: CapturedHeaders
    public let responseHeaders: CapturedHeaders
    public let recordsBodySizes: Bool

    /// - Parameters:
    ///   - knownMethods: other methods appear as `_OTHER`, so that a caller cannot invent span names.
    ///   - sensitiveParameters: query parameters whose values are replaced.
    ///   - requestHeaders: recorded as `http.request.header.<name>`; none unless asked for.
    ///   - responseHeaders: recorded as `http.response.header.<name>`; none unless asked for.
    ///   - recordsBodySizes: also `http.request.body.size` and `http.response.body.size`.
    public init(
        knownMethods: Set<String> = Self.defaultKnownMethods,
        sensitiveParameters: Set<String> = SensitiveQuery.defaultParameters,
        requestHeaders: [String] = [],
        responseHeaders: [String] = [],
        recordsBodySizes: Bool = false
    ) {
        self.knownMethods = knownMethods
        self.sensitiveQuery = SensitiveQuery(parameters: sensitiveParameters)
        self.requestHeaders = CapturedHeaders(requestHeaders, of: .request)
        self.responseHeaders = CapturedHeaders(responseHeaders, of: .response)
        self.recordsBodySizes = recordsBodySizes
    }

    /// `{method} {route}`, or `{method}` without a route: never the path, which would make a name for each request.
    public func spanName(method: String, route: String? = nil) -> String {
        let method = knownMethods.contains(method) ? method : "HTTP"
        return route.map { "\(method) \($0)" } ?? method
    }

    /// What is known of a request when a server gets it.
    public func attributes(of request: HTTPServerRequest) -> [Attribute] {
        var list: [Attribute] = []
        list.reserveCapacity(14)
        appendMethod(request.method, to: &list)
        list.append(Attribute("url.scheme", .string(request.scheme)))
        list.append(Attribute("url.path", .string(request.path)))
        if let query = request.query, !query.isEmpty { list.append(Attribute("url.query", .string(sensitiveQuery.redacted(query)))) }
        if let route = request.route { list.append(Attribute("http.route", .string(route))) }
        if let server = request.server {
            list.append(Attribute("server.address", .string(server.address)))
            if let port = server.port ?? HTTPURL.defaultPort(ofScheme: request.scheme) { list.append(Attribute("server.port", .int(Int64(port)))) }
        }
        if let client = request.client {
            list.append(Attribute("client.address", .string(client.address)))
            if let port = client.port { list.append(Attribute("client.port", .int(Int64(port)))) }
        }
        appendPeer(request.peer, to: &list)
        if let version = request.protocolVersion { list.append(Attribute("network.protocol.version", .string(version))) }
        if let agent = request.userAgent { list.append(Attribute("user_agent.original", .string(agent))) }
        if recordsBodySizes, let size = request.bodySize { list.append(Attribute("http.request.body.size", .int(Int64(size)))) }
        list += request.capturedHeaders
        return list
    }

    /// What is known of a request when a client sends it.
    ///
    /// - Parameters:
    ///   - url: an absolute URL; anything else is left out, as it may hold a secret in a place nobody knows.
    ///   - resendCount: how often the same request was sent before.
    public func attributes(ofRequestTo url: HTTPURL?, method: String, bodySize: Int?, resendCount: Int) -> [Attribute] {
        var list: [Attribute] = []
        list.reserveCapacity(8)
        appendMethod(method, to: &list)
        if let server = url?.server {
            list.append(Attribute("server.address", .string(server.address)))
            if let port = server.port { list.append(Attribute("server.port", .int(Int64(port)))) }
        }
        if let url { list.append(Attribute("url.full", .string(url.redacted))) }
        if resendCount > 0 { list.append(Attribute("http.request.resend_count", .int(Int64(resendCount)))) }
        if recordsBodySizes, let bodySize { list.append(Attribute("http.request.body.size", .int(Int64(bodySize)))) }
        return list
    }

    /// Status code, and the error type where the code is an error for this kind of span.
    public func appendStatus(_ code: Int, kind: SpanKind, to attributes: inout [Attribute]) {
        attributes.append(Attribute("http.response.status_code", .int(Int64(code))))
        if Self.isError(status: code, kind: kind) { attributes.append(Attribute("error.type", .string(String(code)))) }
    }

    /// A server fails with 5xx; a client with 4xx too. A code outside 100 to 599 is an error for both.
    public static func isError(status code: Int, kind: SpanKind) -> Bool {
        !(100..<(kind == .client ? 400 : 500)).contains(code)
    }

    private func appendMethod(_ method: String, to list: inout [Attribute]) {
        if knownMethods.contains(method) {
            list.append(Attribute("http.request.method", .string(method)))
        } else {
            list.append(Attribute("http.request.method", "_OTHER"))
            list.append(Attribute("http.request.method_original", .string(method)))
        }
    }

    private func appendPeer(_ peer: NetworkEndpoint?, to list: inout [Attribute]) {
        guard let peer else { return }
        list.append(Attribute("network.peer.address", .string(peer.address)))
        if let port = peer.port { list.append(Attribute("network.peer.port", .int(Int64(port)))) }
    }
}
