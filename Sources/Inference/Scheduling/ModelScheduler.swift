internal import NeedletailTracing
internal import Synchronization

/// Brings a model's requests into batches and the batches to the model.
///
/// A request that finds an instance free is a batch of one and runs at once in its own task, without a task switch. When every
/// instance is busy, requests wait in a bounded queue; who finishes a batch takes the next one from it. A batch of one wakes
/// its request, which executes it; a batch of several is executed in a task of the scheduler, so that none of them has to
/// stay for the others. Decoupled requests are always executed in such a task. The decisions are ``SchedulerState``'s; the
/// one lock around it is held for those only.
package final class ModelScheduler: Sendable {
    struct State: Sendable {
        var scheduler: SchedulerState<Waiter>
        var order = ResponseOrder<[Answer]>()
        /// When the timer fires, and its task; `nil` while nothing is due.
        var timer: (moment: UInt64, task: Task<Void, Never>)?
        /// Who waits for the last execution.
        var drained: [UnsafeContinuation<Void, Never>] = []
    }

    /// What a request of a batch gets.
    struct Answer: Sendable {
        var waiter: Waiter
        var completion: Completion
    }

    let model: Model
    let sequences: SequenceInputs?
    private let needsGroups: Bool
    let holdsAnswers: Bool
    let state: Mutex<State>

    package init(_ model: Model) {
        self.model = model
        let definition = model.definition
        sequences = SequenceInputs(definition)
        needsGroups = definition.isBatching && !model.backend.mixesShapes && definition.inputs.contains { $0.isOptional || $0.shape.contains { $0 < 0 } }
        let scheduler = SchedulerState<Waiter>(definition)
        holdsAnswers = scheduler.holdsAnswers
        state = Mutex(State(scheduler: scheduler))
    }

    deinit { state.withLock { $0.timer?.task.cancel() } }

    /// A copy of the counters.
    package var statistics: ModelStatistics { state.withLock { $0.scheduler.statistics } }

    /// How many requests wait now.
    package var queueDepth: Int { state.withLock { $0.scheduler.waitingCount } }

    /// Executes a request, alone or with others.
    ///
    /// When the calling task is cancelled while the request waits or is executed with others, it is given up at once; when it
    /// is executed alone, its model sees the cancellation.
    ///
    /// - Parameters:
    ///   - queued: when the request was handed over (``MonotonicClock``).
    ///   - wallTime: the wall time of its arrival, nanoseconds since the epoch.
    ///   - limiter: says when it may be executed; `nil`: at once.
    package func submit(_ request: InferenceRequest, queued: UInt64, wallTime: UInt64, limiter: RateLimiter? = nil) async -> Completion {
        let admission = state.withLock { state in
            state.scheduler.statistics.noteArrival(wallTime: wallTime)
            return state.scheduler.admit(batchSize: request.batchSize, priority: request.priority)
        }
        switch admission {
        case .run(let batchID, let instance):
            return await executeAlone(request, queued: queued, batchID: batchID, instance: instance, limiter: limiter)
        case .reject(let reason):
            return reject(request, queued: queued, reason: reason)
        case .wait:
            return await wait(Waiter(request, queued: queued, limiter: limiter))
        }
    }

    /// Begins to execute a decoupled model's request; its end is told to the channel.
    ///
    /// - Returns: what ``leave(_:)`` takes when the client leaves.
    func begin(_ request: InferenceRequest, queued: UInt64, wallTime: UInt64, limiter: RateLimiter?, channel: ResponseChannel) -> Waiter {
        let waiter = Waiter(request, queued: queued, limiter: limiter, channel: channel)
        state.withLock { $0.scheduler.statistics.noteArrival(wallTime: wallTime) }
        enqueue(waiter)
        return waiter
    }

    /// Gives a request up, wherever it is; nothing happens when it was answered.
    ///
    /// - Returns: what it got instead of an answer.
    @discardableResult
    func leave(_ waiter: Waiter) -> Completion? {
        guard let (destination, run) = waiter.claim() else { return nil }
        waiter.request.cancellation?.set()
        let now = MonotonicClock.now()
        let actions = state.withLock { state in
            state.scheduler.statistics.countFailure(duration: now &- waiter.queued)
            let ticket = waiter.ticket.load(ordering: .relaxed)
            let entry = state.scheduler.cancel(ticket: ticket, priority: waiter.request.priority, sequence: waiter.request.sequence?.id, now: now)
            return entry == nil ? SchedulerState<Waiter>.Actions() : state.scheduler.advance(now: now)
        }
        let completion = Completion(
            outputs: .failure(RequestFailure(ResponseChannel.clientLeft)),
            execution: run?.recordSoFar(),
            outcome: .canceled
        )
        destination.wake(.finished(completion))
        run?.leave()
        perform(actions)
        return completion
    }

    /// Takes the model out of service: no request is taken any more; returns when none is under way.
    ///
    /// - Parameter finishesQueued: what waits is executed still; otherwise it fails.
    package func drain(finishesQueued: Bool = false) async {
        perform(state.withLock { $0.scheduler.drain(finishesQueued: finishesQueued) })
        // Unsafe: resumed once, by who takes it out of the list.
        await withUnsafeContinuation { (continuation: UnsafeContinuation<Void, Never>) in
            let isIdle = state.withLock { state in
                if state.scheduler.isIdle { return true }
                state.drained.append(continuation)
                return false
            }
            if isIdle { continuation.resume() }
        }
        state.withLock { $0.timer.take()?.task.cancel() }
    }

    // MARK: The queue

    private func wait(_ waiter: Waiter) async -> Completion {
        let wake = await withTaskCancellationHandler {
            // Unsafe: a checked one costs an allocation; who claims the waiter resumes it, and one does.
            await withUnsafeContinuation { (continuation: UnsafeContinuation<Waiter.Wake, Never>) in
                if waiter.wait(continuation) {
                    enqueue(waiter)
                } else {
                    let left = Completion(outputs: .failure(RequestFailure(ResponseChannel.clientLeft)), outcome: .canceled)
                    continuation.resume(returning: .finished(left))
                }
            }
        } onCancel: {
            leave(waiter)
        }
        switch wake {
        case .finished(let completion): return completion
        case .lead(let batch): return await lead(batch)
        }
    }

    private func enqueue(_ waiter: Waiter) {
        let request = waiter.request
        var entry = QueueEntry(waiter: waiter, batchSize: request.batchSize, queued: waiter.queued)
        if needsGroups { entry.group = BatchGroup(request, definition: model.definition) }
        if let sequences {
            do throws(InferenceError) {
                entry.sequence = try sequences.mark(request)
            } catch {
                answer([Answer(waiter: waiter, completion: Completion(outputs: .failure(RequestFailure(error)), outcome: .other))])
                return
            }
        }
        let timeout = QueuePolicy.nanoseconds(request.timeoutMicroseconds)
        var refusal: Rejection?
        let actions = state.withLock { state in
            // Who left before it could be found in the queue must not enter it.
            guard !waiter.isDone else { return SchedulerState<Waiter>.Actions() }
            let now = MonotonicClock.now()
            switch state.scheduler.enqueue(entry, priority: request.priority, timeout: timeout, now: now) {
            case .success(let ticket):
                waiter.ticket.store(ticket, ordering: .relaxed)
                return state.scheduler.advance(now: now)
            case .failure(let failure):
                refusal = failure.reason
                return SchedulerState<Waiter>.Actions()
            }
        }
        if let refusal { rejectWaiting(waiter, reason: refusal) }
        perform(actions)
    }

    private func rejectWaiting(_ waiter: Waiter, reason: Rejection) {
        guard let (destination, _) = waiter.claim() else { return }
        destination.wake(.finished(reject(waiter.request, queued: waiter.queued, reason: reason)))
    }

    /// Does what the state decided.
    func perform(_ actions: SchedulerState<Waiter>.Actions) {
        for (entry, reason) in actions.rejected { rejectWaiting(entry.waiter, reason: reason) }
        for batch in actions.batches { start(batch) }
        if let moment = actions.wakeAt { wake(at: moment) }
        if actions.isDrained { resumeDrained() }
    }

    private func resumeDrained() {
        let drained = state.withLock { state in
            guard !state.drained.isEmpty, state.scheduler.isIdle else { return [UnsafeContinuation<Void, Never>]() }
            defer { state.drained = [] }
            return state.drained
        }
        for continuation in drained { continuation.resume() }
    }

    /// Has the state looked at again at this moment, if that is not done before.
    private func wake(at moment: UInt64) {
        state.withLock { state in
            if let timer = state.timer {
                guard moment < timer.moment else { return }
                timer.task.cancel()
            }
            // Owned by the state: there is one at most, cancelled when it is replaced, drained or forgotten.
            let task = Task.detached { [weak self] in
                let now = MonotonicClock.now()
                if moment > now { try? await Task.sleep(nanoseconds: moment &- now) }
                guard !Task.isCancelled else { return }
                self?.advance(from: moment)
            }
            state.timer = (moment, task)
        }
    }

    private func advance(from moment: UInt64) {
        let actions = state.withLock { state in
            if state.timer?.moment == moment { state.timer = nil }
            return state.scheduler.advance(now: MonotonicClock.now())
        }
        perform(actions)
    }

    // MARK: Refusals

    private func reject(_ request: InferenceRequest, queued: UInt64, reason: Rejection) -> Completion {
        let duration = MonotonicClock.now() &- queued
        state.withLock { state in
            state.scheduler.statistics.rejectedCount += 1
            state.scheduler.statistics.countFailure(duration: duration)
        }
        var completion = Completion(outputs: .failure(RequestFailure(error(reason, of: request, waited: duration))), outcome: .rejected)
        completion.isDrained = reason == .draining
        return completion
    }

    private func error(_ reason: Rejection, of request: InferenceRequest, waited: UInt64) -> InferenceError {
        let name = model.definition.name
        let prefix = "[request id: \(request.id.isEmpty ? "<id_unknown>" : request.id)] "
        switch reason {
        case .queueFull(let limit):
            return InferenceError(
                .unavailable,
                "\(prefix)Exceeds maximum queue size: \(limit) requests wait for model '\(name)'; try again later or raise its maxQueueSize"
            )
        case .timeout:
            return InferenceError(.unavailable, "Request timeout expired: it waited \(waited / 1000) microseconds for model '\(name)'")
        case .draining:
            return InferenceError(.unavailable, "\(prefix)model '\(name)' is being unloaded and takes no requests; load it or call another version")
        case .sequenceNotStarted:
            let id =
                switch request.sequence?.id {
                case .number(let number): "\(number)"
                case .text(let text): text
                case nil: ""
                }
            return InferenceError(
                .invalidArgument,
                "inference request for sequence \(id) to model '\(name)' must specify the START flag on the first request of the sequence"
            )
        }
    }
}
