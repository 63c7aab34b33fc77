internal import Dispatch
internal import Synchronization
internal import TraceStore

/// Runs reads on their own threads, each with its own read-only connection, so that no task's thread ever waits for the disk.
final class ReaderPool: Sendable {
    /// Gets a connection, or `nil` when the pool was closed meanwhile.
    private typealias Job = @Sendable (SQLiteConnection?) -> Void

    private struct Reader: Sendable {
        let connection: SQLiteConnection
        let queue: DispatchQueue
    }

    private struct State {
        var idle: [Reader]
        /// Jobs that wait for a reader, oldest first; as many as there are callers that wait.
        var waiting: [Job] = []
        var isClosed = false
    }

    private let state: Mutex<State>

    init(path: String, count: Int) throws(StoreError) {
        var readers: [Reader] = []
        for index in 0..<max(1, count) {
            readers.append(Reader(connection: try StoreFile.openForReading(path: path), queue: DispatchQueue(label: "needletail.store.read.\(index)")))
        }
        state = Mutex(State(idle: readers))
    }

    /// Runs `body` on a reader's thread as soon as one is free.
    func run<R: Sendable>(_ body: @escaping @Sendable (SQLiteConnection) throws -> R) async throws -> R {
        try await withCheckedThrowingContinuation { continuation in
            submit { connection in
                guard let connection else {
                    continuation.resume(throwing: StoreError.closed)
                    return
                }
                continuation.resume(with: Result { try body(connection) })
            }
        }
    }

    /// Refuses new reads, lets running ones finish, and closes the connections.
    func close() async {
        let (waiting, idle) = state.withLock { state in
            defer { (state.waiting, state.idle, state.isClosed) = ([], [], true) }
            return (state.waiting, state.idle)
        }
        for job in waiting { job(nil) }
        for reader in idle { reader.connection.close() }
    }

    private func submit(_ job: @escaping Job) {
        enum Decision {
            case run(Reader)
            case wait
            case refuse
        }
        let decision: Decision = state.withLock { state in
            if state.isClosed { return .refuse }
            if let reader = state.idle.popLast() { return .run(reader) }
            state.waiting.append(job)
            return .wait
        }
        switch decision {
        case .run(let reader): reader.queue.async { self.work(job, on: reader) }
        case .wait: break
        case .refuse: job(nil)
        }
    }

    /// Runs a job and then those that wait, on the reader's thread.
    private func work(_ first: @escaping Job, on reader: Reader) {
        var next: Job? = first
        var mustClose = false
        while let job = next {
            job(reader.connection)
            (next, mustClose) = state.withLock { state in
                if !state.waiting.isEmpty { return (state.waiting.removeFirst(), false) }
                if !state.isClosed { state.idle.append(reader) }
                return (nil, state.isClosed)
            }
        }
        // Once idle, the connection belongs to the next job: it is closed here only when the pool no longer has it.
        if mustClose { reader.connection.close() }
    }
}
