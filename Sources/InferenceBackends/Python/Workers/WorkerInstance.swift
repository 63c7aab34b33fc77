internal import Glibc
internal import Inference
internal import JSONCoding
internal import Logging
internal import NeedletailTracing
internal import Synchronization

/// One worker process of a model, kept alive: started, watched, ended, and started again after a crash.
///
/// A thread of its own does all of that (``supervise()``); it ends after ``stop()``.
final class WorkerInstance: BatchWorker {
    /// How the process is started.
    struct Launch: Sendable {
        var arguments: [String]
        var environment: [String: String]
        /// What the worker is told to serve: JSON of `welcome`.
        var welcome: [UInt8]
    }

    private enum Phase {
        case starting
        case ready(WorkerLink)
        /// Not before `until` (``MonotonicClock``).
        case pausing(until: UInt64, reason: String)
        case stopped(reason: String)
    }

    private struct State {
        var phase = Phase.starting
        var failures = 0
        var waiters: [UnsafeContinuation<Result<WorkerLink, PythonFailure>, Never>] = []
        var finishWaiters: [UnsafeContinuation<Void, Never>] = []
        var isStopping = false
        var stopDeadline: UInt64 = 0
        var isFinished = false
        var declaration: JSONValue?
        var socket: WorkerSocket?
    }

    private let launch: Launch
    private let settings: PythonSettings
    private let modelName: String
    private let log: WorkerLog
    private let onUnrecoverable: @Sendable (String) -> Void
    private let state = Mutex(State())

    init(launch: Launch, settings: PythonSettings, modelName: String, index: Int, logger: Logger, onUnrecoverable: @escaping @Sendable (String) -> Void) {
        self.launch = launch
        self.settings = settings
        self.modelName = modelName
        self.onUnrecoverable = onUnrecoverable
        log = WorkerLog(logger, model: modelName, instance: index)
    }

    // MARK: What others ask

    /// The worker answers batches now.
    var isReady: Bool {
        state.withLock { if case .ready = $0.phase { true } else { false } }
    }

    /// What the worker told of its model.
    var declaration: JSONValue? { state.withLock { $0.declaration } }

    /// Starts the thread, and with it the worker.
    func start() throws {
        try BlockingThread.start { self.supervise() }
    }

    /// The connection to the worker; waits while it is being started.
    ///
    /// - Throws: why there is none.
    func link() async throws -> WorkerLink {
        let result: Result<WorkerLink, PythonFailure> = await withUnsafeContinuation { continuation in
            // Unsafe: each waiter is taken from the list, and so resumed, exactly once.
            let immediate: Result<WorkerLink, PythonFailure>? = state.withLock { state in
                switch state.phase {
                case .ready(let link): return .success(link)
                case .stopped(let reason): return .failure(Self.unavailable(reason))
                case .pausing(let until, let reason):
                    let now = MonotonicClock.now()
                    let left = until > now ? until - now : 0
                    guard left > Self.shortPause else { break }
                    return .failure(Self.unavailable("\(reason); it is started again in \(left / 1_000_000_000 + 1) s"))
                case .starting: break
                }
                state.waiters.append(continuation)
                return nil
            }
            if let immediate { continuation.resume(returning: immediate) }
        }
        return try result.get()
    }

    /// Lets the worker finish, ends it by force when it does not, and waits for both.
    func stop() async {
        let link: WorkerLink? = state.withLock { state in
            if !state.isStopping {
                state.isStopping = true
                state.stopDeadline = MonotonicClock.now() &+ settings.stopTimeout.nanoseconds
            }
            state.socket?.wake()
            if case .ready(let link) = state.phase { return link } else { return nil }
        }
        link?.stop()
        await withUnsafeContinuation { (continuation: UnsafeContinuation<Void, Never>) in
            let isFinished = state.withLock { state in
                if !state.isFinished { state.finishWaiters.append(continuation) }
                return state.isFinished
            }
            if isFinished { continuation.resume() }
        }
    }

    /// Nanoseconds; requests wait for a pause that is shorter.
    private static let shortPause: UInt64 = 1_000_000_000
    /// Nanoseconds; a worker that lived longer has recovered from what made it fail.
    private static let stableTime: UInt64 = 60_000_000_000

    private static func unavailable(_ reason: String) -> PythonFailure { PythonFailure(InferenceError(.unavailable, reason)) }

    // MARK: The thread

    private func supervise() {
        while true {
            let begin = MonotonicClock.now()
            let reason = runOnce()
            let isStable = MonotonicClock.now() &- begin > Self.stableTime
            guard pause(after: reason, isStable: isStable) else { break }
        }
        let (waiters, finishWaiters) = state.withLock { state in
            state.isFinished = true
            state.phase = .stopped(reason: "the Python worker of model '\(modelName)' is stopped")
            defer {
                state.waiters = []
                state.finishWaiters = []
            }
            return (state.waiters, state.finishWaiters)
        }
        for waiter in waiters { waiter.resume(returning: .failure(Self.unavailable("the Python worker of model '\(modelName)' is stopped"))) }
        for waiter in finishWaiters { waiter.resume() }
    }

    /// Waits before the next start.
    ///
    /// - Returns: `false` when the worker is to be stopped.
    private func pause(after reason: String, isStable: Bool) -> Bool {
        let (until, waiters, isStopping) = state.withLock { state in
            state.failures = isStable ? 1 : state.failures + 1
            // At once after the first failure, then half a second, doubled each time.
            let doubled = state.failures < 2 ? 0 : UInt64(500_000_000) << UInt64(min(state.failures - 2, 16))
            let delay = min(doubled, settings.maxRestartDelay.nanoseconds)
            let until = MonotonicClock.now() &+ delay
            state.phase = .pausing(until: until, reason: reason)
            // Who waited for this start is told how it went; the next ones wait for the next.
            let waiters = state.failures > 1 ? state.waiters : []
            if state.failures > 1 { state.waiters = [] }
            return (until, waiters, state.isStopping)
        }
        for waiter in waiters { waiter.resume(returning: .failure(Self.unavailable(reason))) }
        if isStopping { return false }
        let seconds = Double(until &- MonotonicClock.now()) / 1e9
        log.logger.error("\(reason). It is started again \(until > MonotonicClock.now() ? "in \(seconds) s" : "now").")
        while MonotonicClock.now() < until {
            if state.withLock({ $0.isStopping }) { return false }
            usleep(50_000)
        }
        return state.withLock { state in
            if !state.isStopping { state.phase = .starting }
            return !state.isStopping
        }
    }

    /// Starts the worker and stays with it until it ends.
    ///
    /// - Returns: how it ended, for people.
    private func runOnce() -> String {
        let name = "the Python worker of model '\(modelName)'"
        let process: WorkerProcess
        do {
            process = try WorkerProcess.start(launch.arguments, environment: launch.environment)
        } catch {
            return "\(name) cannot be started: \(error)"
        }
        defer { close(process.output) }
        let end: String?
        let link: WorkerLink
        do {
            let socket = try WorkerSocket(descriptor: process.socket)
            link = try WorkerLink(socket: socket, log: log, maxSharedMemory: settings.maxSharedMemory)
            state.withLock { $0.socket = socket }
            try link.welcome(launch.welcome)
            end = read(socket, link: link, output: process.output)
        } catch {
            let how = process.end(grace: 0)
            return "\(name) cannot be used: \(error) (\(how))"
        }
        // Killed at once when it hangs or breaks the protocol; who closed the connection is about to end.
        let how = process.end(grace: end == nil ? Self.exitGrace : 0)
        let failure = startFailure.withLock { failure in
            defer { failure = nil }
            return failure
        }
        let reason = failure.map { "\(name) cannot serve it: \($0)" } ?? end.map { "\(name) \($0)" } ?? "\(name) \(how)"
        state.withLock { state in
            state.socket = nil
            if case .ready = state.phase { state.phase = .starting }
        }
        link.end(reason)
        return reason
    }

    /// Milliseconds that a process may take to end after it closed its connection.
    private static let exitGrace = 2_000

    /// Why the worker says it cannot serve its model.
    private let startFailure = Mutex<String?>(nil)

    private func read(_ socket: WorkerSocket, link: WorkerLink, output: Int32) -> String? {
        let startDeadline = MonotonicClock.now() &+ settings.startTimeout.nanoseconds
        let loop = WorkerLoop(
            socket: socket,
            output: output,
            onFrame: { frame in try self.receive(frame, link: link) },
            onLine: { self.log.line($0) },
            endsBecause: { self.endReason(link, startDeadline: startDeadline) }
        )
        return loop.run()
    }

    private func receive(_ frame: WorkerFrame, link: WorkerLink) throws {
        switch frame.kind {
        case .ready:
            let declaration = frame.header.isEmpty ? nil : try JSONValue.parse(frame.header)
            let waiters = state.withLock { state in
                state.declaration = declaration
                state.phase = .ready(link)
                defer { state.waiters = [] }
                return state.waiters
            }
            for waiter in waiters { waiter.resume(returning: .success(link)) }
        case .failed:
            let value = try JSONValue.parse(frame.header)
            startFailure.withLock { $0 = value["message"]?.stringValue ?? "it does not say why" }
        case .fatal:
            onUnrecoverable((try? JSONValue.parse(frame.header))?["message"]?.stringValue ?? "")
        default:
            link.receive(frame)
        }
    }

    private func endReason(_ link: WorkerLink, startDeadline: UInt64) -> String? {
        let now = MonotonicClock.now()
        let (isStarting, isOver) = state.withLock { state in
            if case .ready = state.phase { return (false, state.isStopping && now > state.stopDeadline) }
            return (true, state.isStopping)
        }
        if isOver { return "was stopped" }
        if isStarting, now > startDeadline { return "was not ready within \(settings.startTimeout)" }
        if let limit = settings.batchTimeout {
            let start = link.batchStart
            if start != 0, now > start, now - start > limit.nanoseconds { return "took longer than \(limit) for a batch and was ended" }
        }
        return nil
    }
}

extension Duration {
    /// 0 for negative ones.
    var nanoseconds: UInt64 {
        let (seconds, attoseconds) = components
        guard seconds >= 0, attoseconds >= 0 else { return 0 }
        return UInt64(seconds).multipliedReportingOverflow(by: 1_000_000_000).partialValue &+ UInt64(attoseconds / 1_000_000_000)
    }
}
