#if canImport(Glibc)
internal import Glibc
#else
internal import Darwin
#endif

/// The standard output, written at once and whole.
enum StandardOutput {
    /// Prints a line.
    static func line(_ text: String) {
        write(Array((text + "\n").utf8))
    }

    /// Writes bytes. When nobody reads any more (`… | head`), the program ends as others do then; other failures end it too.
    static func write(_ bytes: [UInt8]) {
        fflush(nil)
        var written = 0
        while written < bytes.count {
            let count = bytes.withUnsafeBytes { put($0, to: STDOUT_FILENO, from: written) }
            if count >= 0 {
                written += count
            } else if errno == EPIPE {
                _exit(128 + SIGPIPE)
            } else if errno == EAGAIN {
                var poll = pollfd(fd: STDOUT_FILENO, events: Int16(POLLOUT), revents: 0)
                _ = withUnsafeMutablePointer(to: &poll) { Self.wait($0) }
            } else if errno != EINTR {
                StandardError.line("needletail: cannot write to the standard output: \(String(cString: strerror(errno)))")
                _exit(TraceExit.unreachable.rawValue)
            }
        }
    }

    /// One call of `write(2)`.
    static func put(_ buffer: UnsafeRawBufferPointer, to descriptor: Int32, from start: Int) -> Int {
        let rest = UnsafeRawBufferPointer(rebasing: buffer[start...])
        #if canImport(Glibc)
        return Glibc.write(descriptor, rest.baseAddress, rest.count)
        #else
        return Darwin.write(descriptor, rest.baseAddress, rest.count)
        #endif
    }

    private static func wait(_ descriptor: UnsafeMutablePointer<pollfd>) -> Int32 { poll(descriptor, 1, -1) }
}

/// The standard error: what goes wrong, and hints that are no part of an answer.
enum StandardError {
    static func line(_ text: String) {
        let bytes = Array((text + "\n").utf8)
        // What cannot be said is not worth failing for.
        _ = bytes.withUnsafeBytes { StandardOutput.put($0, to: STDERR_FILENO, from: 0) }
    }
}
