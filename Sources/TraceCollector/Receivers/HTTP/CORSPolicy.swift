internal import Hummingbird
internal import HTTPTypes

/// Which pages may send spans from a browser (`CORS`, Fetch standard section 3.2); nobody by default.
public struct CORSPolicy: Hashable, Sendable {
    /// Origins such as `https://shop.example`; one `*` in an origin stands for any characters, `*` alone for every origin.
    public var allowedOrigins: [String]
    /// How long a browser may remember the answer, in seconds.
    public var maximumAgeSeconds: Int

    public init(allowedOrigins: [String] = [], maximumAgeSeconds: Int = 7200) {
        self.allowedOrigins = allowedOrigins
        self.maximumAgeSeconds = maximumAgeSeconds
    }

    /// Whether a page of this origin may send spans.
    public func allows(origin: String) -> Bool {
        let origin = origin.lowercased()
        return allowedOrigins.contains { pattern in
            let pattern = pattern.lowercased()
            guard let star = pattern.firstIndex(of: "*") else { return pattern == origin }
            let prefix = pattern[..<star]
            let suffix = pattern[pattern.index(after: star)...]
            return origin.utf8.count >= prefix.utf8.count + suffix.utf8.count && origin.hasPrefix(prefix) && origin.hasSuffix(suffix)
        }
    }

    /// The headers for an answer to this request; none without `Origin` or for a foreign one.
    func headers(for request: HTTPFields) -> HTTPFields {
        guard !allowedOrigins.isEmpty, let origin = request[.origin], allows(origin: origin) else { return [:] }
        // `navigator.sendBeacon`, which exporters use when a page is left, always sends with credentials; there are none here.
        return [
            .accessControlAllowOrigin: origin, .accessControlAllowCredentials: "true", .accessControlExposeHeaders: "Retry-After", .vary: "Origin",
        ]
    }

    /// The headers for a preflight that is allowed.
    ///
    /// - Parameter methods: what the path takes.
    func preflightHeaders(for request: HTTPFields, methods: String = "POST") -> HTTPFields {
        var headers = headers(for: request)
        guard !headers.isEmpty else { return headers }
        headers[.accessControlAllowMethods] = methods
        headers[.accessControlAllowHeaders] = request[.accessControlRequestHeaders] ?? "content-type, content-encoding"
        headers[.accessControlMaxAge] = "\(maximumAgeSeconds)"
        headers[.vary] = "Origin, Access-Control-Request-Method, Access-Control-Request-Headers"
        // Private Network Access: a public page asks before it sends to an address of the local network.
        if let asked = Self.requestPrivateNetwork, let allowed = Self.allowPrivateNetwork, request[asked] == "true" { headers[allowed] = "true" }
        return headers
    }

    private static let requestPrivateNetwork = HTTPField.Name("Access-Control-Request-Private-Network")
    private static let allowPrivateNetwork = HTTPField.Name("Access-Control-Allow-Private-Network")
}
