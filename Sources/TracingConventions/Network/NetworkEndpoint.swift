/// One end of a connection: an address, and a port where the transport has ports.
public struct NetworkEndpoint: Hashable, Sendable {
    /// An IP address, a host name, or the path of a Unix domain socket.
    public var address: String
    public var port: Int?

    public init(address: String, port: Int? = nil) {
        self.address = address
        self.port = port
    }

    /// Reads `host`, `host:port`, `[v6]` and `[v6]:port`, as a `Host` header has it.
    ///
    /// A bare IPv6 address without brackets is taken as an address without a port.
    ///
    /// - Returns: `nil` when there is no host, or the port is no number from 0 to 65535.
    public init?(authority: some StringProtocol) {
        let text = authority.utf8
        if text.first == UInt8(ascii: "[") {
            guard let close = text.firstIndex(of: UInt8(ascii: "]")) else { return nil }
            let host = authority[authority.index(after: authority.startIndex)..<close]
            guard !host.isEmpty else { return nil }
            let rest = authority[text.index(after: close)...]
            if rest.isEmpty {
                self.init(address: String(host))
                return
            }
            guard rest.utf8.first == UInt8(ascii: ":"), let port = Self.port(rest.dropFirst()) else { return nil }
            self.init(address: String(host), port: port)
            return
        }
        guard let colon = text.firstIndex(of: UInt8(ascii: ":")), !text[text.index(after: colon)...].contains(UInt8(ascii: ":")) else {
            guard !text.isEmpty else { return nil }
            self.init(address: String(authority))
            return
        }
        let host = authority[..<colon]
        let rest = authority[text.index(after: colon)...]
        guard !host.isEmpty else { return nil }
        if rest.isEmpty {
            self.init(address: String(host))
            return
        }
        guard let port = Self.port(rest) else { return nil }
        self.init(address: String(host), port: port)
    }

    /// Reads the description of a peer as gRPC transports give it: `ipv4:127.0.0.1:31415`, `ipv6:[::1]:443`,
    /// `unix:/run/socket`. Other transports have no address: `nil`.
    public init?(grpcPeer peer: String) {
        guard let colon = peer.utf8.firstIndex(of: UInt8(ascii: ":")) else { return nil }
        let rest = peer[peer.utf8.index(after: colon)...]
        switch peer[..<colon] {
        case "ipv4", "ipv6":
            self.init(authority: rest)
        case "unix":
            guard !rest.isEmpty else { return nil }
            self.init(address: String(rest))
        default:
            return nil
        }
    }

    private static func port(_ text: some StringProtocol) -> Int? {
        guard text.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }), let port = UInt16(text) else { return nil }
        return Int(port)
    }
}
