#if canImport(Glibc)
internal import Glibc
#elseif canImport(Musl)
internal import Musl
#else
internal import Darwin
#endif

/// Writing to file descriptors as programs should: no part is forgotten, and no signal ends the process.
package enum SystemWrite {
    /// Writes all bytes; blocks until the descriptor takes them.
    ///
    /// - Returns: how many bytes were written, and the `errno` that stopped it, 0 for none.
    package static func all(_ descriptor: Int32, _ bytes: UnsafeRawBufferPointer) -> (written: Int, error: Int32) {
        withoutSignals {
            var written = 0
            while written < bytes.count {
                let count = write(descriptor, UnsafeRawBufferPointer(rebasing: bytes[written...]).baseAddress, bytes.count - written)
                if count >= 0 {
                    written += count
                    continue
                }
                switch errno {
                case EINTR: continue
                case EAGAIN:
                    // Someone made the descriptor non-blocking, which all processes that share it see.
                    var ready = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                    _ = poll(&ready, 1, -1)
                default: return (written, errno)
                }
            }
            return (written, 0)
        }
    }

    /// The text of an `errno`.
    package static func text(_ error: Int32) -> String {
        String(cString: strerror(error))
    }

    /// Keeps the signals of a write to a closed pipe and beyond a file size limit from the process, whose default is to die.
    ///
    /// Both are sent to the thread that wrote: it blocks them, and takes what came before it unblocks them. The program's own
    /// handlers stay as they are.
    private static func withoutSignals(_ body: () -> (written: Int, error: Int32)) -> (written: Int, error: Int32) {
        var signals = sigset_t()
        sigemptyset(&signals)
        sigaddset(&signals, SIGPIPE)
        sigaddset(&signals, SIGXFSZ)
        var former = sigset_t()
        guard pthread_sigmask(SIG_BLOCK, &signals, &former) == 0 else { return body() }
        let result = body()
        if result.error == EPIPE { take(SIGPIPE) }
        if result.error == EFBIG { take(SIGXFSZ) }
        pthread_sigmask(SIG_SETMASK, &former, nil)
        return result
    }

    private static func take(_ signal: Int32) {
        var pending = sigset_t()
        sigemptyset(&pending)
        guard sigpending(&pending) == 0, sigismember(&pending, signal) == 1 else { return }
        var one = sigset_t()
        sigemptyset(&one)
        sigaddset(&one, signal)
        var taken: Int32 = 0
        sigwait(&one, &taken)
    }
}
