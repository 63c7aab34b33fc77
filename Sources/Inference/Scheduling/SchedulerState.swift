/// The decisions of a model's scheduler, without the waiting: who runs now, who waits, and what is executed together.
///
/// `Waiter` is whatever stands for a waiting request. Times are nanoseconds of one clock that never steps.
struct SchedulerState<Waiter: Sendable>: Sendable {
    typealias Entry = QueueEntry<Waiter>

    /// What becomes of an arriving request.
    enum Admission {
        /// An instance is free: execute this request now, alone.
        case run(batchID: UInt64, instance: Int)
        /// It has to be added to the queue.
        case wait
        case reject(Rejection)
    }

    /// A batch to be executed.
    struct Batch: Sendable {
        var id: UInt64
        var instance: Int
        var entries: [Entry]
    }

    /// What has to be done after a change.
    struct Actions: Sendable {
        var batches: [Batch] = []
        var rejected: [(entry: Entry, reason: Rejection)] = []
        /// ``advance(now:)`` has to be called at this moment, at the latest.
        var wakeAt: UInt64?
        /// The last execution of a model that takes no requests any more is over.
        var isDrained = false

        var isEmpty: Bool { batches.isEmpty && rejected.isEmpty && wakeAt == nil && !isDrained }
    }

    /// How many requests are looked at beyond one that does not fit into a batch.
    static var maxLookahead: Int { 128 }
    /// Executions that may be finished but unanswered, when the order is kept.
    static var maxUnansweredBatches: UInt64 { 1024 }

    /// Answers leave in the order of arrival, so batches are never filled with later requests.
    private let keepsOrder: Bool
    /// Batches may overtake each other, so that answers have to be held back.
    let holdsAnswers: Bool
    private let rule: BatchRule
    private let queuesAlways: Bool
    private var freeInstances: [Int]
    /// Of each instance the batch that it executes; 0 for none.
    private var runningBatches: [UInt64]
    private var queue: PolicyQueue<Waiter>
    private var sequences: SequenceQueue<Waiter>?
    private var lastBatchID: UInt64 = 0
    private var lastTicket: UInt64 = 0
    private(set) var isDraining = false
    var statistics = ModelStatistics()

    init(_ definition: ModelDefinition) {
        // An instance that executes several batches at a time is here as often.
        let slots = definition.instanceCount * max(1, definition.executionsPerInstance)
        freeInstances = Array((0..<slots).reversed())
        runningBatches = Array(repeating: 0, count: slots)
        var dynamic: DynamicBatching?
        switch definition.batching {
        case .none: break
        case .dynamic(let policy): dynamic = policy
        case .sequence(let policy): sequences = SequenceQueue(policy, definition: definition)
        }
        rule = BatchRule(
            maxBatchSize: definition.maxBatchSize,
            preferredSizes: dynamic?.preferredBatchSizes ?? [],
            maxDelayMicroseconds: dynamic?.maxQueueDelayMicroseconds ?? 0
        )
        keepsOrder = dynamic?.preserveOrdering ?? false
        // Of a decoupled model's answers most have left before its execution ends.
        holdsAnswers = keepsOrder && definition.instanceCount > 1 && !definition.isDecoupled
        // Who has to wait for others, or must be told apart from them, goes through the queue even when an instance is free.
        queuesAlways = holdsAnswers || sequences != nil || definition.isDecoupled
        queue = PolicyQueue(maxQueueSize: definition.maxQueueSize, batching: dynamic)
    }

    var waitingCount: Int { sequences?.count ?? queue.count }
    var busyInstances: Int { runningBatches.count - freeInstances.count }
    /// Nothing runs, and nothing waits.
    var isIdle: Bool { busyInstances == 0 && waitingCount == 0 }

    // MARK: Arriving

    /// Decides about a request; `run` takes an instance, which ``release(_:now:)`` gives back.
    mutating func admit(batchSize: Int, priority: Int) -> Admission {
        if isDraining { return .reject(.draining) }
        // A freed instance goes to the queue first; what waits although one is free waits for others to come.
        if !queuesAlways, queue.isEmpty, rule.runsAlone(batchSize), let instance = freeInstances.popLast() {
            return .run(batchID: begin(on: instance), instance: instance)
        }
        if sequences == nil, let refusal = queue.refusal(level: queue.level(priority: priority)) { return .reject(refusal) }
        return .wait
    }

    /// Adds a request to the queue.
    ///
    /// - Parameters:
    ///   - priority: as the request says; 0 for the default.
    ///   - timeout: as the request says, nanoseconds; 0 for none.
    /// - Returns: its ticket, or why it was refused.
    mutating func enqueue(_ entry: Entry, priority: Int = 0, timeout: UInt64 = 0, now: UInt64) -> Result<UInt64, Refusal> {
        var entry = entry
        if isDraining { return .failure(Refusal(reason: .draining)) }
        if let mark = entry.sequence {
            if let refusal = sequences?.refusal(mark) { return .failure(Refusal(reason: refusal)) }
        } else {
            entry.level = queue.level(priority: priority)
            if let refusal = queue.refusal(level: entry.level) { return .failure(Refusal(reason: refusal)) }
        }
        lastTicket += 1
        entry.ticket = lastTicket
        if let mark = entry.sequence {
            sequences?.append(entry, mark: mark, now: now)
        } else {
            queue.append(entry, timeout: timeout)
        }
        return .success(lastTicket)
    }

    /// A request was not taken.
    struct Refusal: Error {
        var reason: Rejection
    }

    // MARK: Changes

    /// Gives an instance back.
    mutating func release(_ batch: Batch, now: UInt64) -> Actions {
        release(instance: batch.instance, marks: batch.entries.lazy.compactMap(\.sequence), now: now)
    }

    /// Gives back an instance that executed one request without the queue.
    mutating func release(instance: Int, now: UInt64) -> Actions {
        release(instance: instance, marks: EmptyCollection(), now: now)
    }

    private mutating func release(instance: Int, marks: some Swift.Sequence<SequenceMark>, now: UInt64) -> Actions {
        runningBatches[instance] = 0
        freeInstances.append(instance)
        for mark in marks { sequences?.finish(mark, now: now) }
        return advance(now: now)
    }

    /// Takes out a request whose client left; `nil` when it does not wait (any more).
    mutating func cancel(ticket: UInt64, priority: Int, sequence: SequencePosition.ID?, now: UInt64) -> Entry? {
        if let sequence { return sequences?.remove(ticket: ticket, id: sequence, now: now) }
        return queue.remove(ticket: ticket, level: queue.level(priority: priority))
    }

    /// Takes nothing any more.
    ///
    /// - Parameter finishesQueued: what waits is executed; otherwise it is rejected.
    mutating func drain(finishesQueued: Bool) -> Actions {
        isDraining = true
        var actions = Actions()
        guard !finishesQueued else { return actions }
        for entry in queue.removeAll() + (sequences?.removeAll() ?? []) { actions.rejected.append((entry, .draining)) }
        return actions
    }

    /// Does what is due: gives work to free instances, and rejects whose time is over.
    mutating func advance(now: UInt64) -> Actions {
        var actions = dueActions(now: now)
        actions.isDrained = isDraining && isIdle
        return actions
    }

    private mutating func dueActions(now: UInt64) -> Actions {
        var actions = Actions()
        // Not bound to a name: a second reference would make each change copy the whole.
        if sequences != nil {
            guard sequences?.sequenceCount != 0 else { return actions }
            advanceSequences(&actions, now: now)
            return actions
        }
        guard !queue.isEmpty else { return actions }
        if let deadline = queue.nextDeadline, deadline <= now {
            for entry in queue.expire(now: now) { actions.rejected.append((entry, .timeout)) }
        }
        while let instance = freeInstances.last, mayBegin {
            let (entries, lookAgain) = takeBatch(now: now)
            guard !entries.isEmpty else {
                actions.wakeAt = lookAgain
                break
            }
            freeInstances.removeLast()
            actions.batches.append(Batch(id: begin(on: instance), instance: instance, entries: entries))
        }
        if let deadline = queue.nextDeadline { actions.wakeAt = min(actions.wakeAt ?? deadline, deadline) }
        return actions
    }

    private mutating func advanceSequences(_ actions: inout Actions, now: UInt64) {
        let idleCheck = sequences?.forgetIdle(now: now)
        actions.wakeAt = idleCheck
        var idle: [Int] = []
        while let instance = freeInstances.popLast() {
            guard let (entries, lookAgain) = sequences?.takeBatch(instance: instance, now: now), !entries.isEmpty || lookAgain != nil else {
                idle.append(instance)
                continue
            }
            if let lookAgain { actions.wakeAt = min(actions.wakeAt ?? lookAgain, lookAgain) }
            if entries.isEmpty {
                idle.append(instance)
            } else {
                actions.batches.append(Batch(id: begin(on: instance), instance: instance, entries: entries))
            }
        }
        freeInstances = idle.reversed()
    }

    // MARK: Batches

    private mutating func begin(on instance: Int) -> UInt64 {
        lastBatchID += 1
        runningBatches[instance] = lastBatchID
        return lastBatchID
    }

    /// With an order to keep, a batch that hangs must not let finished ones pile up behind it.
    private var mayBegin: Bool {
        guard holdsAnswers, let oldest = runningBatches.filter({ $0 > 0 }).min() else { return true }
        return lastBatchID &- oldest < Self.maxUnansweredBatches
    }

    private mutating func takeBatch(now: UInt64) -> (entries: [Entry], lookAgain: UInt64?) {
        var picked: [Entry] = []
        var size = 0
        var looked = 0
        var oldest = UInt64.max
        var isSaturated = false
        queue.forEach { entry in
            looked += 1
            if let first = picked.first, first.group != entry.group {
                isSaturated = isSaturated || keepsOrder
                return !keepsOrder && looked < Self.maxLookahead
            }
            guard picked.isEmpty || size + entry.batchSize <= rule.maxBatchSize else {
                isSaturated = true
                return false
            }
            picked.append(entry)
            size += entry.batchSize
            oldest = min(oldest, entry.queued)
            return size < rule.maxBatchSize
        }
        guard !picked.isEmpty else { return ([], nil) }
        switch rule.verdict(sizes: picked.map(\.batchSize), isSaturated: isSaturated, oldest: oldest, now: now) {
        case .wait(let moment): return ([], moment)
        case .execute(let count):
            if count < picked.count { picked.removeSubrange(count...) }
            for entry in picked { _ = queue.remove(ticket: entry.ticket, level: entry.level) }
            return (picked, nil)
        }
    }
}
