internal import Dispatch
internal import Synchronization
internal import TraceStore

/// Runs reads on their own threads, each with its own read-only connections, so that no task's thread ever waits for the disk.
final class ReaderPool: Sendable {
    /// Gets the open files, or `nil` when the pool was closed meanwhile.
    private typealias Job = @Sendable (OpenPartitions?) -> Void

    private struct Reader: Sendable {
        let partitions: OpenPartitions
        let queue: DispatchQueue
    }

    private struct State {
        var idle: [Reader]
        /// Jobs that wait for a reader, oldest first; as many as there are callers that wait.
        var waiting: [Job] = []
        var isClosed = false
    }

    private let state: Mutex<State>

    private let readers: [Reader]

    init(count: Int) {
        readers = (0..<max(1, count)).map { Reader(partitions: OpenPartitions(), queue: DispatchQueue(label: "needletail.store.read.\($0)")) }
        state = Mutex(State(idle: readers))
    }

    /// Closes the files of all but these partitions, each reader as soon as it is free.
    func closeFiles(keeping numbers: Set<Int>) {
        for reader in readers { reader.queue.async { reader.partitions.close(keeping: numbers) } }
    }

    /// Runs `body` on a reader's thread as soon as one is free.
    func run<R: Sendable>(_ body: @escaping @Sendable (OpenPartitions) throws -> R) async throws -> R {
        try await withCheckedThrowingContinuation { continuation in
            submit { partitions in
                guard let partitions else {
                    continuation.resume(throwing: StoreError.closed)
                    return
                }
                continuation.resume(with: Result { try body(partitions) })
            }
        }
    }

    /// Refuses new reads, lets running ones finish, and closes the files.
    func close() async {
        let (waiting, idle) = state.withLock { state in
            defer { (state.waiting, state.idle, state.isClosed) = ([], [], true) }
            return (state.waiting, state.idle)
        }
        for job in waiting { job(nil) }
        for reader in idle { reader.queue.sync { reader.partitions.close() } }
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
            job(reader.partitions)
            (next, mustClose) = state.withLock { state in
                if !state.waiting.isEmpty { return (state.waiting.removeFirst(), false) }
                if !state.isClosed { state.idle.append(reader) }
                return (nil, state.isClosed)
            }
        }
        // Once idle, the files belong to the next job: they are closed here only when the pool no longer has them.
        if mustClose { reader.partitions.close() }
    }
}
