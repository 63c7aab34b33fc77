internal import NIOCore

/// `host`, `host:port`, `address:port` or `[IPv6]:port`.
struct HostAndPort: Hashable, Sendable {
    /// A name or an address, without brackets.
    let host: String
    let port: Int?

    /// What is wrong with a text that is neither.
    static let mistake = "no host, or a bad port; an IPv6 address stands in brackets"

    /// - Returns: `nil` when the host has characters that no host has, or the port is no number from 1 to 65535.
    init?(_ authority: Substring) {
        var end = authority.firstIndex(of: ":") ?? authority.endIndex
        if authority.first == "[" {
            guard let bracket = authority.firstIndex(of: "]") else { return nil }
            host = String(authority[authority.index(after: authority.startIndex)..<bracket])
            guard case .v6? = try? SocketAddress(ipAddress: host, port: 0) else { return nil }
            end = authority.index(after: bracket)
        } else {
            host = String(authority[..<end])
            guard !host.isEmpty, host.utf8.allSatisfy(Self.isHostByte) else { return nil }
        }
        let rest = authority[end...]
        if rest.isEmpty {
            port = nil
        } else {
            guard rest.first == ":", let number = Int(rest.dropFirst()), (1...65535).contains(number) else { return nil }
            port = number
        }
    }

    /// Letters, digits, and what names in real networks have besides.
    private static func isHostByte(_ byte: UInt8) -> Bool {
        byte.isASCIILetterOrDigit || "-._".utf8.contains(byte)
    }
}
