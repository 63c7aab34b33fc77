internal import TraceModel

/// What proxies say of the request they passed on: `Forwarded` (RFC 7239), else `X-Forwarded-For`, `-Proto` and `-Host`.
///
/// Anybody can send these headers: only read them behind a proxy that sets them.
public struct ForwardedHeaders: Hashable, Sendable {
    public var client: NetworkEndpoint?
    public var scheme: String?
    public var server: NetworkEndpoint?

    /// Reads the headers; what is missing, obfuscated or malformed is `nil`.
    ///
    /// - Parameter values: the lines of the header of this name (in lower case), in their order.
    public init(values: (_ name: String) -> [String]) {
        if let first = values("forwarded").first {
            readForwarded(first)
            return
        }
        if let address = Self.first(values("x-forwarded-for")) { client = Self.endpoint(address) }
        if let scheme = Self.first(values("x-forwarded-proto")) { self.scheme = Self.scheme(scheme) }
        if let host = Self.first(values("x-forwarded-host")) { server = NetworkEndpoint(authority: host) }
    }

    /// The first element is that of the proxy nearest to the client.
    private mutating func readForwarded(_ text: String) {
        let element = text.prefix { $0 != "," }
        for pair in element.split(separator: ";") {
            guard let equals = pair.firstIndex(of: "=") else { continue }
            let name = pair[..<equals].trimmingBlanks().lowercased()
            var value = pair[pair.index(after: equals)...].trimmingBlanks()
            if value.count >= 2, value.first == "\"", value.last == "\"" { value = value.dropFirst().dropLast() }
            switch name {
            case "for": client = Self.endpoint(value)
            case "proto": scheme = Self.scheme(value)
            case "host": server = NetworkEndpoint(authority: value)
            default: break
            }
        }
    }

    private static func first(_ lines: [String]) -> Substring? {
        lines.first.map { $0.prefix { $0 != "," }.trimmingBlanks() }
    }

    /// `unknown` and obfuscated names (`_gazonk`) tell nothing.
    private static func endpoint(_ text: Substring) -> NetworkEndpoint? {
        guard !text.isEmpty, text.first != "_", text.lowercased() != "unknown" else { return nil }
        return NetworkEndpoint(authority: text)
    }

    private static func scheme(_ text: Substring) -> String? {
        let scheme = text.lowercased()
        return scheme == "http" || scheme == "https" ? scheme : nil
    }
}
