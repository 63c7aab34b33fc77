internal import NeedletailTracing
internal import Synchronization

/// A request that waits in a scheduler's queue, or is executed in a task that is not its own.
final class Waiter: Sendable {
    /// Why the request's own task goes on.
    enum Wake: Sendable {
        /// It executes a batch of itself alone.
        case lead(SchedulerState<Waiter>.Batch)
        case finished(ModelScheduler.Completion)
    }

    /// Who is told.
    enum Destination: Sendable {
        case task(UnsafeContinuation<Wake, Never>)
        case channel(ResponseChannel)
        /// The request left before it waited at all.
        case nobody

        func wake(_ wake: Wake) {
            switch (self, wake) {
            case (.task(let continuation), _): continuation.resume(returning: wake)
            case (.channel(let channel), .finished(let completion)): channel.finish(completion)
            case (.channel, .lead), (.nobody, _): break
            }
        }
    }

    private struct State: Sendable {
        var destination: Destination
        var isDone = false
        /// Set while it is executed with others.
        var run: BatchRun?
    }

    let request: InferenceRequest
    let queued: UInt64
    let limiter: RateLimiter?
    /// Set by the scheduler when it takes the request into the queue.
    let ticket = Atomic<UInt64>(0)
    private let state: Mutex<State>

    init(_ request: InferenceRequest, queued: UInt64, limiter: RateLimiter?, channel: ResponseChannel? = nil) {
        var request = request
        // A channel knows by itself when its client left.
        if channel == nil { request.cancellation = CancellationFlag() }
        self.request = request
        self.queued = queued
        self.limiter = limiter
        state = Mutex(State(destination: channel.map { .channel($0) } ?? .nobody))
    }

    /// The request's own task waits from now on.
    ///
    /// - Returns: `false` when it left before.
    func wait(_ continuation: UnsafeContinuation<Wake, Never>) -> Bool {
        state.withLock { state in
            guard !state.isDone else { return false }
            state.destination = .task(continuation)
            return true
        }
    }

    /// The request was answered, or its client left.
    var isDone: Bool { state.withLock(\.isDone) }

    /// Takes the right to wake it, which one caller gets; `nil` for the others.
    func claim() -> (destination: Destination, run: BatchRun?)? {
        state.withLock { state in
            guard !state.isDone else { return nil }
            state.isDone = true
            return (state.destination, state.run)
        }
    }

    /// It is executed in a task of the scheduler.
    ///
    /// - Returns: `false` when it left before.
    func join(_ run: BatchRun) -> Bool {
        state.withLock { state in
            guard !state.isDone else { return false }
            state.run = run
            return true
        }
    }
}

/// Says that nobody waits for a request's answer any more.
package final class CancellationFlag: Sendable {
    private let flag = Atomic(false)

    package init() {}

    package var isSet: Bool { flag.load(ordering: .relaxed) }

    package func set() { flag.store(true, ordering: .relaxed) }
}

/// A batch that is executed in a task of the scheduler; cancelled when nobody waits for it any more.
final class BatchRun: Sendable {
    private struct State: Sendable {
        var task: Task<Void, Never>?
        var memberCount = 0
        var record: ExecutionRecord?
    }

    private let state = Mutex(State())

    func begin(task: Task<Void, Never>, memberCount: Int) {
        let isAbandoned = state.withLock { state in
            state.task = task
            // Members may have left since they joined.
            state.memberCount += memberCount
            return state.memberCount == 0
        }
        if isAbandoned { task.cancel() }
    }

    func leave() {
        let task = state.withLock { state in
            state.memberCount -= 1
            return state.memberCount == 0 ? state.task : nil
        }
        task?.cancel()
    }

    /// The execution so far, for a member that leaves; ended now.
    func recordSoFar() -> ExecutionRecord? {
        guard var record = state.withLock(\.record) else { return nil }
        let now = MonotonicClock.now()
        record.outputStart = now
        record.computeEnd = now
        return record
    }

    func note(_ record: ExecutionRecord) { state.withLock { $0.record = record } }
}
