internal import Glibc

/// Reads one worker's socket and its output, and sends what could not be sent at once, until the connection ends.
struct WorkerLoop {
    let socket: WorkerSocket
    /// Its standard output and error; `nil` for a worker that the server did not start.
    let output: Int32?
    let onFrame: (WorkerFrame) throws -> Void
    let onLine: (Substring) -> Void
    /// Asked about every ``tick`` milliseconds; what it gives ends the loop.
    let endsBecause: () -> String?

    /// Milliseconds.
    private static let tick: Int32 = 100
    private static let bufferSize = 256 << 10

    /// - Returns: why it ended; `nil` when the worker closed the connection.
    func run() -> String? {
        var decoder = WorkerFrameDecoder()
        var lines = LineBuffer()
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: Self.bufferSize, alignment: 16)
        defer {
            if let output { lines.drain(output, into: buffer, onLine) }
            buffer.deallocate()
        }
        var polls = [
            pollfd(fd: socket.descriptor, events: 0, revents: 0),
            pollfd(fd: socket.wakeDescriptor, events: Int16(POLLIN), revents: 0),
            pollfd(fd: output ?? -1, events: Int16(POLLIN), revents: 0),
        ]
        while true {
            polls[0].events = Int16(socket.hasPending ? POLLIN | POLLOUT : POLLIN)
            let count = poll(&polls, nfds_t(polls.count), Self.tick)
            if count < 0, errno != EINTR { return "\(SystemError("waiting for a worker"))" }
            if let reason = endsBecause() { return reason }
            guard count > 0 else { continue }
            if polls[1].revents != 0 { _ = read(socket.wakeDescriptor, buffer.baseAddress, buffer.count) }
            if polls[2].revents != 0, let output, !lines.read(output, into: buffer, onLine) { polls[2].fd = -1 }
            if polls[0].revents & Int16(POLLOUT) != 0 { socket.flush() }
            if polls[0].revents & ~Int16(POLLOUT) != 0 {
                let count = recv(socket.descriptor, buffer.baseAddress, buffer.count, Int32(MSG_DONTWAIT))
                if count == 0 { return nil }
                if count < 0 {
                    if errno == EINTR || errno == EAGAIN { continue }
                    return nil
                }
                decoder.append(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
                do {
                    while let frame = try decoder.next() { try onFrame(frame) }
                } catch {
                    return "\(error)"
                }
            }
        }
    }
}

/// Cuts output into lines.
struct LineBuffer {
    private var rest: [UInt8] = []

    /// - Returns: `false` at the end.
    mutating func read(_ descriptor: Int32, into buffer: UnsafeMutableRawBufferPointer, _ onLine: (Substring) -> Void) -> Bool {
        let count = Glibc.read(descriptor, buffer.baseAddress, buffer.count)
        if count < 0 { return errno == EAGAIN || errno == EINTR }
        rest.append(contentsOf: UnsafeRawBufferPointer(rebasing: buffer[..<count]))
        let isEnd = count == 0
        while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
            emit(rest[..<end], onLine)
            rest.removeFirst(end + 1)
        }
        if isEnd || rest.count > WorkerLog.maxLineLength {
            emit(rest[...], onLine)
            rest = []
        }
        return !isEnd
    }

    /// Reads what is there.
    mutating func drain(_ descriptor: Int32, into buffer: UnsafeMutableRawBufferPointer, _ onLine: (Substring) -> Void) {
        var polled = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        while poll(&polled, 1, 0) > 0, read(descriptor, into: buffer, onLine) {}
        if !rest.isEmpty { emit(rest[...], onLine) }
        rest = []
    }

    private func emit(_ line: ArraySlice<UInt8>, _ onLine: (Substring) -> Void) {
        guard !line.isEmpty else { return }
        onLine(Substring(decoding: line, as: UTF8.self))
    }
}
