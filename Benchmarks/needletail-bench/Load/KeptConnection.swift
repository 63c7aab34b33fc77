internal import Glibc

/// One kept HTTP/1.1 connection without blocking: sends a request, collects its answer.
struct KeptConnection {
    private(set) var descriptor: Int32
    /// Which request is under way.
    private(set) var request = -1
    private(set) var startedAt = 0.0
    private var sent = 0
    private var answer: [UInt8] = []

    init(port: UInt16) throws(BenchmarkFailure) {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let descriptor = descriptor
        // The address is read as the generic type that `connect` asks for, and lives until it returns.
        let status = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) }
        }
        guard status == 0 else { throw BenchmarkFailure("cannot connect to 127.0.0.1:\(port): errno \(errno)") }
        var on: Int32 = 1
        setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &on, socklen_t(MemoryLayout<Int32>.size))
        _ = fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) | O_NONBLOCK)
    }

    var isIdle: Bool { request < 0 }

    /// The events to wait for.
    func interest(requestSize: Int) -> Int16 { Int16(sent < requestSize ? POLLOUT | POLLIN : POLLIN) }

    mutating func begin(request: Int, at time: Double) {
        self.request = request
        startedAt = time
        sent = 0
        answer.removeAll(keepingCapacity: true)
    }

    /// Sends what the socket takes.
    mutating func send(_ bytes: [UInt8]) throws(BenchmarkFailure) {
        while sent < bytes.count {
            let offset = sent
            let written = bytes.withUnsafeBytes { Glibc.send(descriptor, $0.baseAddress! + offset, $0.count - offset, Int32(MSG_NOSIGNAL)) }
            if written < 0 {
                if errno == EAGAIN { return }
                throw BenchmarkFailure("the server closed a connection while a request was sent: errno \(errno)")
            }
            sent += written
        }
    }

    /// Reads what is there; the status code once the answer is whole, and the connection is idle again.
    mutating func receive() throws(BenchmarkFailure) -> Int? {
        var buffer = [UInt8](repeating: 0, count: 16384)
        let count = recv(descriptor, &buffer, buffer.count, 0)
        if count < 0, errno == EAGAIN { return nil }
        guard count > 0 else { throw BenchmarkFailure("the server closed a connection before its answer was whole") }
        answer.append(contentsOf: buffer[..<count])
        guard let status = wholeAnswer() else { return nil }
        request = -1
        return status
    }

    private func wholeAnswer() -> Int? {
        let text = String(decoding: answer, as: UTF8.self)
        guard let end = text.firstRange(of: "\r\n\r\n") else { return nil }
        var length = 0
        for line in text[..<end.lowerBound].split(separator: "\r\n") where line.lowercased().hasPrefix("content-length:") {
            length = Int(line.dropFirst("content-length:".count).filter { $0 != " " }) ?? 0
        }
        let head = text[..<end.upperBound].utf8.count
        guard answer.count >= head + length else { return nil }
        return Int(text.dropFirst("HTTP/1.1 ".count).prefix(3))
    }

    func close() { _ = Glibc.close(descriptor) }
}
