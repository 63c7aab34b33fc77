internal import TraceModel

/// The parts of an absolute URL that a client span tells (RFC 3986), found without building a `URL`.
public struct HTTPURL: Hashable, Sendable {
    /// In lower case.
    public var scheme: String
    /// Where the request goes; `nil` when the URL names no host.
    public var server: NetworkEndpoint?
    /// The text with credentials and secret parameters replaced: the value of `url.full`.
    public var redacted: String

    /// - Returns: `nil` when the text is no absolute URL.
    public init?(_ text: String, redacting sensitive: SensitiveQuery) {
        guard let separator = Self.schemeSeparator(in: text) else { return nil }
        scheme = text[..<separator.lowerBound].lowercased()
        let authorityStart = separator.upperBound
        let bytes = text.utf8
        let authorityEnd = bytes[authorityStart...].firstIndex { $0 == UInt8(ascii: "/") || $0 == UInt8(ascii: "?") || $0 == UInt8(ascii: "#") } ?? text.endIndex
        let authority = text[authorityStart..<authorityEnd]
        let at = authority.utf8.lastIndex(of: UInt8(ascii: "@"))
        let host = at.map { text[bytes.index(after: $0)..<authorityEnd] } ?? authority
        server = Self.server(host: host, scheme: scheme)

        let queryStart = bytes[authorityEnd...].firstIndex { $0 == UInt8(ascii: "?") || $0 == UInt8(ascii: "#") }
        let hasQuery = queryStart.map { bytes[$0] == UInt8(ascii: "?") } ?? false
        guard at != nil || hasQuery else {
            redacted = text
            return
        }
        var result = String(text[..<authorityStart])
        if let at {
            let userInfo = authority[..<at]
            result += userInfo.utf8.contains(UInt8(ascii: ":")) ? "REDACTED:REDACTED@" : "REDACTED@"
        }
        result += host
        if hasQuery, let queryStart {
            let first = bytes.index(after: queryStart)
            let end = bytes[first...].firstIndex(of: UInt8(ascii: "#")) ?? text.endIndex
            result += text[authorityEnd..<first]
            result += sensitive.redacted(String(text[first..<end]))
            result += text[end...]
        } else {
            result += text[authorityEnd...]
        }
        redacted = result
    }

    /// The port that a scheme stands for.
    public static func defaultPort(ofScheme scheme: String) -> Int? {
        switch scheme {
        case "http", "ws": 80
        case "https", "wss": 443
        default: nil
        }
    }

    private static func schemeSeparator(in text: String) -> Range<String.Index>? {
        let bytes = text.utf8
        guard let colon = bytes.firstIndex(of: UInt8(ascii: ":")), colon != bytes.startIndex else { return nil }
        guard text[colon...].utf8.starts(with: "://".utf8) else { return nil }
        return colon..<bytes.index(colon, offsetBy: 3)
    }

    private static func server(host: Substring, scheme: String) -> NetworkEndpoint? {
        // AsyncHTTPClient's own schemes: the host is the percent-encoded path of a socket.
        if scheme.hasSuffix("+unix") { return host.percentDecoded().map { NetworkEndpoint(address: $0) } }
        guard var endpoint = NetworkEndpoint(authority: host) else { return nil }
        if endpoint.port == nil { endpoint.port = defaultPort(ofScheme: scheme) }
        return endpoint
    }
}
