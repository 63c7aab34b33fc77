internal import NIOCore
internal import TracingConventions

extension NetworkEndpoint {
    /// `nil` for an address of no kind that spans know.
    init?(_ address: SocketAddress) {
        if let ip = address.ipAddress {
            self.init(address: ip, port: address.port)
        } else if let path = address.pathname, !path.isEmpty {
            self.init(address: path)
        } else {
            return nil
        }
    }
}
