#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#else
internal import Darwin
#endif
internal import NIOCore

/// All addresses of a host.
enum HostLookup {
    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    /// Asks the system, which may take as long as its name servers do.
    ///
    /// - Returns: at least one address, IPv4 first: agents listen there more often.
    static func addresses(host: String, port: Int) throws(Failure) -> [SocketAddress] {
        var list: UnsafeMutablePointer<addrinfo>?
        let code = getaddrinfo(host, nil, nil, &list)
        defer { if let list { freeaddrinfo(list) } }
        guard code == 0 else {
            throw Failure(description: "the host name cannot be resolved: \(gai_strerror(code).map { String(cString: $0) } ?? "error \(code)")")
        }
        var first: [SocketAddress] = []
        var second: [SocketAddress] = []
        var entry = list
        while let info = entry?.pointee {
            entry = info.ai_next
            guard let raw = UnsafeRawPointer(info.ai_addr) else { continue }
            // Unsafe: the system says in `ai_family` what `ai_addr` points to; the list lives until the end of the call.
            switch info.ai_family {
            case AF_INET: first.append(SocketAddress(raw.loadUnaligned(as: sockaddr_in.self)))
            case AF_INET6: second.append(SocketAddress(raw.loadUnaligned(as: sockaddr_in6.self)))
            default: continue
            }
        }
        var result: [SocketAddress] = []
        // One entry comes for each kind of socket.
        for var address in first + second {
            address.port = port
            if !result.contains(address) { result.append(address) }
        }
        if result.isEmpty { throw Failure(description: "the host has no internet address") }
        return result
    }
}

extension IOError {
    /// The host answered that no one listens on the port.
    var isRefusal: Bool { errnoCode == ECONNREFUSED }
}
