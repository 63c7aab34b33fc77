#if canImport(Glibc)
internal import Glibc
#else
internal import Darwin
#endif
internal import Synchronization

/// The sockets that datagrams come over, and what the kernel dropped of them: a reader that is too slow is not told otherwise.
final class DatagramSockets: Sendable {
    private struct State {
        var ports: [SpanProtocol: Set<Int>] = [:]
        /// Of sockets that are closed.
        var closed: [SpanProtocol: UInt64] = [:]
    }

    private let state = Mutex(State())

    func add(port: Int, for spanProtocol: SpanProtocol) {
        state.withLock { _ = $0.ports[spanProtocol, default: []].insert(port) }
    }

    /// The socket is about to be closed: its drops are remembered.
    func remove(port: Int, for spanProtocol: SpanProtocol) {
        let dropped = KernelDrops.read()[port] ?? 0
        state.withLock { state in
            if state.ports[spanProtocol]?.remove(port) != nil { state.closed[spanProtocol, default: 0] += dropped }
        }
    }

    var drops: [SpanProtocol: UInt64] {
        let (ports, closed) = state.withLock { ($0.ports, $0.closed) }
        guard !ports.isEmpty else { return closed }
        let read = KernelDrops.read()
        var result = closed
        for (spanProtocol, ports) in ports { result[spanProtocol, default: 0] += ports.reduce(0) { $0 + (read[$1] ?? 0) } }
        return result
    }
}

/// The kernel's count of datagrams that did not fit into a socket's buffer: the column `drops` of `/proc/net/udp` and `udp6`.
enum KernelDrops {
    /// By local port; empty where there is no such file.
    static func read() -> [Int: UInt64] {
        var drops: [Int: UInt64] = [:]
        for path in ["/proc/net/udp", "/proc/net/udp6"] {
            for (port, count) in parse(SystemFile.text(path) ?? "") { drops[port, default: 0] += count }
        }
        return drops
    }

    /// `sl local_address rem_address st tx_queue:rx_queue tr:tm->when retrnsmt uid timeout inode ref pointer drops`; addresses are
    /// `ADDRESS:PORT` in hexadecimal digits.
    static func parse(_ text: String) -> [(port: Int, drops: UInt64)] {
        text.split(separator: "\n").dropFirst().compactMap { line in
            let fields = line.split(separator: " ", omittingEmptySubsequences: true)
            guard fields.count >= 13, let port = fields[1].split(separator: ":").last.flatMap({ Int($0, radix: 16) }),
                let drops = UInt64(fields[fields.count - 1])
            else { return nil }
            return (port, drops)
        }
    }
}

/// Reads files of `/proc`, which have no size.
enum SystemFile {
    /// Bytes that are read at most.
    private static let maximumSize = 4 << 20

    static func text(_ path: String) -> String? {
        guard let file = fopen(path, "r") else { return nil }
        defer { fclose(file) }
        var bytes: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 64 * 1024)
        while bytes.count < maximumSize {
            let count = fread(&piece, 1, piece.count, file)
            if count == 0 { break }
            bytes += piece[..<count]
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
