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
    static func validate(_ uses: [PortUse]) throws {
        var users: [PortUse.Transport: [Int: String]] = [:]
        for use in uses {
            guard (0...65535).contains(use.port) else {
                let off = use.canBeOff ? ", or off" : ""
                throw ValidationError("--\(use.flag) must be between 0 and 65535 (0 lets the system choose)\(off), got \(use.port).")
            }
            if use.port != 0, let other = users[use.transport, default: [:]].updateValue(use.flag, forKey: use.port) {
                throw ValidationError("--\(other) and --\(use.flag) are both \(use.port). Give each listener a port of its own.")
            }
        }
    }

    /// Tries each port once before anything starts, so that a refusal names the setting to change.
    ///
    /// - Throws: ``ListenError``.
    static func available(_ uses: [PortUse], host: String) async throws {
        let group = MultiThreadedEventLoopGroup.singleton
        for use in uses where use.port != 0 {
            do {
                switch use.transport {
                case .tcp:
                    let bootstrap = ServerBootstrap(group: group).serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
                    try await bootstrap.bind(host: host, port: use.port).get().close()
                case .udp:
                    try await DatagramBootstrap(group: group).bind(host: host, port: use.port).get().close()
                }
            } catch {
                throw ListenError(use: use, host: host, cause: error)
            }
        }
    }
}

/// A port that cannot be listened on, and what to do about it.
struct ListenError: Error, CustomStringConvertible {
    var use: PortUse
    var host: String
    var cause: any Error

    var description: String {
        switch (cause as? IOError)?.errnoCode {
        case EADDRINUSE?:
            """
            \(place) is in use on \(host): another program listens there. Stop it, or choose another port with \
            --\(use.flag)\(use.canBeOff ? "; --\(use.flag) off does without" : "").
            """
        case EACCES?:
            "\(place) is not allowed to this user. Choose one above 1023 with --\(use.flag)."
        case EADDRNOTAVAIL?:
            "\(host) is no address of this machine. Choose another with --host; 0.0.0.0 means all addresses."
        default:
            "Cannot listen on \(host) port \(use.port) (--\(use.flag)): \(cause)"
        }
    }

    private var place: String { use.transport == .tcp ? "Port \(use.port)" : "\(use.transport.rawValue) port \(use.port)" }
}
