internal import TraceModel

/// Which attributes name the other side of a call.
enum ZipkinPeer {
    /// How the value of an attribute is written into Zipkin's endpoint.
    private enum Part {
        case name
        /// An address, and the attribute with its port.
        case address(port: String)
    }

    /// OpenTelemetry specification, "OpenTelemetry to Zipkin Transformation", "Remote endpoint"; the first that is set counts.
    private static let ranking: [(key: String, part: Part)] = [
        ("peer.service", .name),
        ("server.address", .address(port: "server.port")),
        ("net.peer.name", .address(port: "net.peer.port")),
        ("network.peer.address", .address(port: "network.peer.port")),
        ("server.socket.domain", .address(port: "server.socket.port")),
        ("server.socket.address", .address(port: "server.socket.port")),
        ("net.sock.peer.name", .address(port: "net.sock.peer.port")),
        ("net.sock.peer.addr", .address(port: "net.sock.peer.port")),
        ("peer.hostname", .address(port: "peer.port")),
        ("peer.address", .address(port: "peer.port")),
        ("db.name", .name),
    ]

    /// Attributes that may have been made into `remoteEndpoint.serviceName`.
    static let nameKeys = ranking.map(\.key)
    /// Attributes that may have been made into the address of the remote endpoint.
    static let addressKeys = nameKeys + [ZipkinTag.peerIP]
    static let portKeys = ["server.port", "net.peer.port", "network.peer.port", "server.socket.port", "net.sock.peer.port", "peer.port"]
    static let localAddressKeys = [ZipkinTag.hostIP, "network.local.address", "server.address", "net.sock.host.addr"]
    static let localPortKeys = [ZipkinTag.hostPort, "network.local.port", "server.port", "net.sock.host.port"]

    /// The remote endpoint of a client's or producer's span; empty when no attribute names it.
    static func endpoint(of span: Span) -> ZipkinEndpoint {
        var endpoint = ZipkinEndpoint()
        guard span.kind == .client || span.kind == .producer else { return endpoint }
        for (key, part) in ranking {
            guard let value = span.attributes[key].map(PlainJSON.text), !value.isEmpty else { continue }
            switch part {
            case .name: endpoint.serviceName = value
            case .address(let portKey):
                if isIPv4(value) {
                    endpoint.ipv4 = value
                } else if isIPv6(value) {
                    endpoint.ipv6 = value
                } else {
                    endpoint.serviceName = value
                }
                endpoint.port = span.attributes[portKey].flatMap { UInt16(PlainJSON.text($0)) } ?? 0
            }
            return endpoint
        }
        return endpoint
    }

    /// Four numbers of 0 to 255.
    static func isIPv4(_ text: String) -> Bool {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 4 && parts.allSatisfy { $0.utf8.count <= 3 && $0.first?.isNumber == true && UInt8($0) != nil }
    }

    /// Hexadecimal digits and colons.
    static func isIPv6(_ text: String) -> Bool { text.utf8.contains(UInt8(ascii: ":")) && text.utf8.allSatisfy(isIPv6Byte) }

    private static func isIPv6Byte(_ byte: UInt8) -> Bool {
        Hex.value(of: byte) != nil || byte == UInt8(ascii: ":") || byte == UInt8(ascii: ".")
    }
}
