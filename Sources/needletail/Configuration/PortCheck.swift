internal import ArgumentParser
internal import NIOCore
internal import NIOPosix

#if canImport(Glibc)
internal import Glibc
#else
internal import Darwin
#endif

/// Checks of port numbers given on the command line.
enum PortCheck {
    /// - Throws: `ValidationError` for a number that is no port, and for one port given to two listeners.
    static func validate(_ ports: [(flag: String, port: Int)]) throws {
        var users: [Int: String] = [:]
        for (flag, port) in ports {
            guard (0...65535).contains(port) else {
                throw ValidationError("--\(flag) must be between 0 and 65535 (0 lets the system choose), got \(port).")
            }
            if port != 0, let other = users.updateValue(flag, forKey: port) {
                throw ValidationError("--\(other) and --\(flag) are both \(port). Give each listener a port of its own.")
            }
        }
    }

    /// Tries each port once before anything starts, so that a refusal names the setting to change.
    ///
    /// - Throws: ``ListenError``.
    static func available(_ ports: [(flag: String, port: Int)], host: String) async throws {
        let bootstrap = ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
        for (flag, port) in ports where port != 0 {
            do {
                try await bootstrap.bind(host: host, port: port).get().close()
            } catch {
                throw ListenError(flag: flag, host: host, port: port, cause: error)
            }
        }
    }
}

/// A port that cannot be listened on, and what to do about it.
struct ListenError: Error, CustomStringConvertible {
    var flag: String
    var host: String
    var port: Int
    var cause: any Error

    var description: String {
        switch (cause as? IOError)?.errnoCode {
        case EADDRINUSE?:
            "Port \(port) is in use on \(host): another program listens there. Stop it, or choose another port with --\(flag)."
        case EACCES?:
            "Port \(port) is not allowed to this user. Choose one above 1023 with --\(flag)."
        case EADDRNOTAVAIL?:
            "\(host) is no address of this machine. Choose another with --host; 0.0.0.0 means all addresses."
        default:
            "Cannot listen on \(host) port \(port) (--\(flag)): \(cause)"
        }
    }
}
