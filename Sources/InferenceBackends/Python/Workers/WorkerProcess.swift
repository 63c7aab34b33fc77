internal import Glibc
internal import Synchronization

/// A Python process that the server started. Used by one thread.
struct WorkerProcess {
    let pid: pid_t
    /// The server's end of its socket; whoever takes it closes it.
    let socket: Int32
    /// Reads its standard output and error.
    let output: Int32

    /// Starts a process in a group of its own, so that a Ctrl-C at the terminal reaches the server alone. Its end of the
    /// socket is descriptor 3; what else it inherits the worker closes first of all.
    ///
    /// - Parameters:
    ///   - arguments: the program, found through `PATH`, and what follows it.
    /// - Throws: ``SystemError``.
    static func start(_ arguments: [String], environment: [String: String]) throws -> WorkerProcess {
        // One at a time: no process gets the descriptors of another between their making and their marking.
        try starting.withLock { _ in try startAlone(arguments, environment: environment) }
    }

    private static let starting = Mutex(())

    private static func startAlone(_ arguments: [String], environment: [String: String]) throws -> WorkerProcess {
        var sockets: [Int32] = [0, 0]
        guard socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0, &sockets) == 0 else { throw SystemError("making a socket") }
        var pipes: [Int32] = [0, 0]
        guard pipe(&pipes) == 0 else {
            let error = SystemError("making a pipe")
            close(sockets[0])
            close(sockets[1])
            throw error
        }
        for descriptor in pipes { _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC) }
        defer {
            close(sockets[1])
            close(pipes[1])
        }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_adddup2(&actions, pipes[1], 1)
        posix_spawn_file_actions_adddup2(&actions, pipes[1], 2)
        posix_spawn_file_actions_adddup2(&actions, sockets[1], 3)
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var signals = sigset_t()
        sigemptyset(&signals)
        posix_spawnattr_setsigmask(&attributes, &signals)
        for signal in [SIGINT, SIGTERM, SIGPIPE, SIGHUP, SIGUSR1, SIGUSR2] { sigaddset(&signals, signal) }
        posix_spawnattr_setsigdefault(&attributes, &signals)
        posix_spawnattr_setpgroup(&attributes, 0)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))

        var pid = pid_t()
        let code = withStrings(arguments) { arguments in
            withStrings(environment.map { "\($0.key)=\($0.value)" }) { environment in
                // Unwrapped: there is always the program's name.
                posix_spawnp(&pid, arguments[0]!, &actions, &attributes, arguments, environment)
            }
        }
        guard code == 0 else {
            close(sockets[0])
            close(pipes[0])
            throw SystemError("starting '\(arguments.first ?? "")'", code: code)
        }
        _ = fcntl(pipes[0], F_SETFL, O_NONBLOCK)
        return WorkerProcess(pid: pid, socket: sockets[0], output: pipes[0])
    }

    /// Waits for its end, and ends it by force after `grace` milliseconds.
    ///
    /// - Returns: how it ended, for people.
    func end(grace: Int) -> String {
        var status: Int32 = 0
        var waited = 0
        while true {
            let result = waitpid(pid, &status, WNOHANG)
            if result == pid { break }
            if result < 0, errno != EINTR { return "ended" }
            if waited >= grace {
                // Its whole group, with what it started itself.
                kill(-pid, SIGKILL)
                while waitpid(pid, &status, 0) < 0, errno == EINTR {}
                break
            }
            usleep(5_000)
            waited += 5
        }
        // What it started and left behind.
        kill(-pid, SIGKILL)
        let signal = status & 0x7f
        return signal == 0 ? "ended with code \((status >> 8) & 0xff)" : "was ended by signal \(signal) (\(String(cString: strsignal(signal))))"
    }

    /// Lends C strings, with the null pointer that ends their list.
    private static func withStrings<R>(_ strings: [String], _ body: ([UnsafeMutablePointer<CChar>?]) -> R) -> R {
        let pointers = strings.map { strdup($0) } + [nil]
        defer { for pointer in pointers { free(pointer) } }
        return body(pointers)
    }
}
