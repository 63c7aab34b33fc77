/// Where OTLP goes over HTTP: a checked URL.
struct OTLPEndpoint: Hashable, Sendable, CustomStringConvertible {
    /// With a scheme; the path is the one that was given, `/` when there was none.
    let url: String

    var description: String { url }

    /// Reads an endpoint with or without scheme (`http` is assumed).
    ///
    /// - Throws: ``TracingConfigurationError`` `.invalidEndpoint`.
    init(_ text: String) throws(TracingConfigurationError) {
        func failure(_ reason: String) -> TracingConfigurationError {
            TracingConfigurationError(
                code: .invalidEndpoint,
                message: "OTLP endpoint \"\(text)\": \(reason); expected host:port/path or http(s)://host:port/path, "
                    + "for instance http://localhost:4318/v1/traces"
            )
        }
        guard text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f }), !text.isEmpty else { throw failure("empty, or blanks or other characters that must be encoded") }
        var scheme = "http"
        var rest = Substring(text)
        if let separator = text.firstRange(of: "://") {
            scheme = text[..<separator.lowerBound].lowercased()
            rest = text[separator.upperBound...]
        }
        guard scheme == "http" || scheme == "https" else { throw failure("unknown scheme \"\(scheme)\"") }
        let pathStart = rest.firstIndex { $0 == "/" || $0 == "?" } ?? rest.endIndex
        let authority = rest[..<pathStart]
        var path = String(rest[pathStart...])
        if !path.hasPrefix("/") { path = "/" + path }
        guard Self.isHostAndPort(authority) else { throw failure("no host, or a bad port") }
        url = "\(scheme)://\(authority)\(path)"
    }

    /// `host`, `host:port` or `[IPv6]:port`.
    private static func isHostAndPort(_ authority: Substring) -> Bool {
        var host = authority
        if let bracket = authority.lastIndex(of: "]") {
            guard authority.first == "[" else { return false }
            host = authority[...bracket]
        } else if let colon = authority.firstIndex(of: ":") {
            host = authority[..<colon]
        }
        guard !host.isEmpty, !host.contains("@") else { return false }
        let port = authority[host.endIndex...]
        if port.isEmpty { return true }
        guard port.first == ":", let number = Int(port.dropFirst()) else { return false }
        return (1...65535).contains(number)
    }
}
