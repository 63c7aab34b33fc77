internal import GRPCNIOTransportHTTP2Posix
internal import NIOCore

/// Where an exporter sends over gRPC.
///
/// `https://host[:port]` is spoken to over TLS, `http://host[:port]` without, whatever else is set. `host:port`,
/// `grpc://host[:port]` and gRPC's own names (`dns:host:port`, `dns:///host:port`, `ipv4:address:port`,
/// `ipv6:[address]:port`, leave that to a setting; `unix:path` and `unix:///path` are plain. Without a port it is 443 for `https`, 80 for
/// `http`, the protocol's own for all others.
struct GRPCEndpoint: Hashable, Sendable, CustomStringConvertible {
    enum Target: Hashable, Sendable {
        case dns(host: String, port: Int)
        case ipv4(address: String, port: Int)
        case ipv6(address: String, port: Int)
        case unix(path: String)
    }

    let target: Target
    let usesTLS: Bool
    /// As it was given.
    let description: String

    /// - Throws: ``TracingConfigurationError`` `.invalidEndpoint`.
    init(_ text: String, isInsecure: Bool, defaultPort: Int, names: ExporterNames) throws(TracingConfigurationError) {
        let parts = EndpointText(text)
        func failure(_ reason: String) -> TracingConfigurationError {
            .endpoint(parts, reason, names, expected: "host:port or http(s)://host:port")
        }
        description = text
        if text.hasPrefix("unix:") {
            target = .unix(path: try Self.socketPath(text.dropFirst(5), failure))
            usesTLS = false
            return
        }
        if let reason = parts.mistake(names) { throw failure(reason) }
        var authority = parts.authority
        var path = parts.path
        var port = defaultPort
        switch parts.scheme {
        case "https"?: (usesTLS, port) = (true, 443)
        case "http"?: (usesTLS, port) = (false, 80)
        case "grpc"?, nil: usesTLS = !isInsecure
        case "dns"?:
            // The part before the path would be a name server of its own (grpc/doc/naming.md).
            guard authority.isEmpty else { throw failure("a name server of its own is not supported") }
            usesTLS = !isInsecure
            authority = path.dropFirst()
            path = ""
        case let scheme?: throw failure("unknown scheme \"\(scheme)\"")
        }
        guard path.isEmpty || path == "/" else {
            throw failure("a path (\"\(path)\") means nothing to gRPC; \(names.otherProtocol)")
        }
        for scheme in ["dns:", "ipv4:", "ipv6:"] where parts.scheme == nil && authority.hasPrefix(scheme) {
            authority = authority.dropFirst(scheme.utf8.count)
        }
        guard let place = HostAndPort(authority) else { throw failure(HostAndPort.mistake) }
        target =
            switch try? SocketAddress(ipAddress: place.host, port: 0) {
            case .v4?: .ipv4(address: place.host, port: place.port ?? port)
            case .v6?: .ipv6(address: place.host, port: place.port ?? port)
            default: .dns(host: place.host, port: place.port ?? port)
            }
    }

    /// Finds the mistakes of an endpoint, before it is known what else belongs to it.
    ///
    /// - Throws: ``TracingConfigurationError`` `.invalidEndpoint`.
    static func check(_ text: String, _ names: ExporterNames) throws(TracingConfigurationError) {
        _ = try GRPCEndpoint(text, isInsecure: false, defaultPort: 1, names: names)
    }

    /// `path`, `/path` or `///path`.
    private static func socketPath(
        _ text: Substring, _ failure: (String) -> TracingConfigurationError
    ) throws(TracingConfigurationError) -> String {
        let path = text.hasPrefix("///") ? text.dropFirst(2) : text
        guard !path.isEmpty, !path.hasPrefix("//") else {
            throw failure("no path of a Unix domain socket; expected unix:///path")
        }
        // The size of `sun_path` on Linux, with the zero byte that ends it; macOS has four less.
        guard path.utf8.count < 104 else { throw failure("the path of a Unix domain socket has at most 103 bytes") }
        return String(path)
    }

    /// For grpc-swift. An address gets no DNS target, because TLS could not check its certificate by an address then.
    var resolvable: any ResolvableTarget {
        switch target {
        case .dns(let host, let port): .dns(host: host, port: port)
        case .ipv4(let address, let port): .ipv4(address: address, port: port)
        case .ipv6(let address, let port): .ipv6(address: address, port: port)
        case .unix(let path): .unixDomainSocket(path: path, authority: "localhost")
        }
    }
}
