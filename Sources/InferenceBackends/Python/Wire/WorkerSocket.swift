internal import Glibc
internal import Synchronization

/// The server's end of the socket to one worker.
///
/// Any thread sends, without ever waiting: what the socket does not take at once is kept and sent by the thread that reads.
/// One thread reads (``WorkerLoop``).
final class WorkerSocket: Sendable {
    private struct Outgoing {
        var pending: [UInt8] = []
        var isClosed = false
    }

    let descriptor: Int32
    /// Wakes the reading thread.
    let wakeDescriptor: Int32
    private let wakeWriter: Int32
    private let outgoing = Mutex(Outgoing())

    /// What waits to be sent beyond this ends the connection: the worker does not read. One batch is under way at a time, so
    /// only a worker that is broken comes here.
    static let maxPending = 2 << 30

    /// Takes over a connected socket, which is closed with this, or when this fails.
    ///
    /// - Throws: ``SystemError``.
    init(descriptor: Int32) throws {
        self.descriptor = descriptor
        var pipes: [Int32] = [0, 0]
        guard pipe(&pipes) == 0 else {
            let error = SystemError("making a pipe")
            close(descriptor)
            throw error
        }
        for pipe in pipes {
            _ = fcntl(pipe, F_SETFD, FD_CLOEXEC)
            _ = fcntl(pipe, F_SETFL, O_NONBLOCK)
        }
        wakeDescriptor = pipes[0]
        wakeWriter = pipes[1]
        var size: Int32 = 1 << 20
        // The system may give less; that is a matter of speed only.
        setsockopt(descriptor, SOL_SOCKET, SO_SNDBUF, &size, socklen_t(MemoryLayout<Int32>.size))
        _ = fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) | O_NONBLOCK)
    }

    deinit {
        close(descriptor)
        close(wakeDescriptor)
        close(wakeWriter)
    }

    /// Sends a frame; after the end of the connection it is dropped, of which the reading thread tells.
    func send(_ frame: WorkerFrame) {
        let bytes = frame.bytes
        let isKept = outgoing.withLock { outgoing in
            guard !outgoing.isClosed else { return false }
            var sent = 0
            if outgoing.pending.isEmpty { sent = Self.sendNow(bytes, from: 0, to: descriptor) }
            guard sent < bytes.count else { return false }
            guard outgoing.pending.count + bytes.count - sent <= Self.maxPending else {
                outgoing.isClosed = true
                shutdown(descriptor, Int32(SHUT_RDWR))
                return false
            }
            outgoing.pending.append(contentsOf: bytes[sent...])
            return true
        }
        if isKept { wake() }
    }

    /// Sends a frame together with open files, which the worker gets as its own. Only for small frames while nothing waits.
    ///
    /// - Throws: ``SystemError``.
    func send(_ frame: WorkerFrame, descriptors: [Int32]) throws {
        let bytes = frame.bytes
        try outgoing.withLock { outgoing in
            let sent = try Self.sendNow(bytes, descriptors: descriptors, to: descriptor)
            outgoing.pending.append(contentsOf: bytes[sent...])
        }
        wake()
    }

    var hasPending: Bool { outgoing.withLock { !$0.pending.isEmpty } }

    /// Sends what waits, as far as the socket takes it. Called by the reading thread.
    func flush() {
        outgoing.withLock { outgoing in
            guard !outgoing.pending.isEmpty else { return }
            let sent = Self.sendNow(outgoing.pending, from: 0, to: descriptor)
            if sent == outgoing.pending.count { outgoing.pending = [] } else { outgoing.pending.removeFirst(sent) }
        }
    }

    /// Nothing is sent any more, and the worker reads the end.
    func end() {
        outgoing.withLock { outgoing in
            outgoing.isClosed = true
            outgoing.pending = []
            shutdown(descriptor, Int32(SHUT_RDWR))
        }
    }

    func wake() {
        var one: UInt8 = 1
        // When the pipe is full the thread is about to wake anyway.
        _ = write(wakeWriter, &one, 1)
    }

    /// - Returns: how many bytes the socket took.
    private static func sendNow(_ bytes: [UInt8], from start: Int, to descriptor: Int32) -> Int {
        var sent = start
        bytes.withUnsafeBytes { buffer in
            while sent < buffer.count {
                let count = Glibc.send(descriptor, buffer.baseAddress! + sent, buffer.count - sent, Int32(MSG_NOSIGNAL | MSG_DONTWAIT))
                if count < 0, errno == EINTR { continue }
                guard count > 0 else { return }
                sent += count
            }
        }
        return sent
    }

    private static func sendNow(_ bytes: [UInt8], descriptors: [Int32], to socket: Int32) throws -> Int {
        // `cmsghdr` of 64-bit Linux, with SCM_RIGHTS: length, level, type, then the descriptors, padded to 8 bytes.
        let payload = descriptors.count * MemoryLayout<Int32>.size
        var control = [UInt8](repeating: 0, count: 16 + (payload + 7) / 8 * 8)
        control.withUnsafeMutableBytes { buffer in
            buffer.storeBytes(of: 16 + payload, toByteOffset: 0, as: Int.self)
            buffer.storeBytes(of: SOL_SOCKET, toByteOffset: 8, as: Int32.self)
            buffer.storeBytes(of: Int32(SCM_RIGHTS), toByteOffset: 12, as: Int32.self)
            for (index, descriptor) in descriptors.enumerated() {
                buffer.storeBytes(of: descriptor, toByteOffset: 16 + index * 4, as: Int32.self)
            }
        }
        return try bytes.withUnsafeBytes { data in
            try control.withUnsafeMutableBytes { control in
                var vector = iovec(iov_base: UnsafeMutableRawPointer(mutating: data.baseAddress), iov_len: data.count)
                return try withUnsafeMutablePointer(to: &vector) { vector in
                    var message = msghdr()
                    message.msg_iov = vector
                    message.msg_iovlen = 1
                    message.msg_control = control.baseAddress
                    message.msg_controllen = control.count
                    let count = sendmsg(socket, &message, Int32(MSG_NOSIGNAL))
                    guard count > 0 else { throw SystemError("sending shared memory to a worker") }
                    return count
                }
            }
        }
    }
}
