/// The waiting requests of a model by priority level: Triton's queue policies.
///
/// Executed are first the requests of the highest level in the order of their arrival, then those of it that waited too long
/// and whose policy is to delay them, then the next level.
struct PolicyQueue<Waiter: Sendable>: Sendable {
    typealias Entry = QueueEntry<Waiter>

    private struct Level {
        let number: Int
        let policy: QueuePolicy
        var entries = TicketQueue<Waiter>()
        /// Those whose time is over, in that order.
        var delayed: [Entry] = []

        var count: Int { entries.count + delayed.count }
    }

    /// All levels without a size of their own hold so many together.
    let maxQueueSize: Int
    private let levelCount: Int
    private let defaultLevel: Int
    private let defaultPolicy: QueuePolicy
    private let policies: [Int: QueuePolicy]
    /// Sorted by number; those that were used.
    private var levels: [Level] = []
    private var deadlines = DeadlineHeap()
    private(set) var count = 0
    /// How many wait in levels without a size of their own.
    private var sharedCount = 0

    init(maxQueueSize: Int, batching: DynamicBatching?) {
        self.maxQueueSize = maxQueueSize
        levelCount = batching?.priorityLevels ?? 0
        defaultLevel = batching?.defaultPriorityLevel ?? 0
        defaultPolicy = batching?.defaultQueuePolicy ?? QueuePolicy()
        policies = batching?.priorityQueuePolicies ?? [:]
    }

    var isEmpty: Bool { count == 0 }
    /// The next moment at which someone's time is over.
    var nextDeadline: UInt64? { deadlines.first?.deadline }

    /// The level of a request that asks for one; 0 and levels that do not exist stand for the default.
    func level(priority: Int) -> Int {
        guard levelCount > 0 else { return 0 }
        return (1...levelCount).contains(priority) ? priority : defaultLevel
    }

    /// Why one more request of this level cannot wait; `nil` when it can.
    func refusal(level: Int) -> Rejection? {
        let ownSize = policy(of: level).maxQueueSize
        if ownSize > 0 {
            let waiting = levels.first { $0.number == level }?.count ?? 0
            return waiting < ownSize ? nil : .queueFull(limit: ownSize)
        }
        return sharedCount < maxQueueSize ? nil : .queueFull(limit: maxQueueSize)
    }

    /// Adds a request, and sets its deadline.
    ///
    /// - Parameter timeout: what the request itself says, nanoseconds; 0 says nothing.
    mutating func append(_ entry: Entry, timeout: UInt64) {
        var entry = entry
        let index = levelIndex(entry.level)
        let policy = levels[index].policy
        if let limit = policy.timeoutNanoseconds(requested: timeout) {
            entry.deadline = entry.queued &+ limit
            if deadlines.count > 2 * count + 64 { forgetStaleDeadlines() }
            deadlines.insert(DeadlineHeap.Item(deadline: entry.deadline, level: entry.level, ticket: entry.ticket))
        }
        levels[index].entries.append(entry)
        count += 1
        if policy.maxQueueSize == 0 { sharedCount += 1 }
    }

    /// Takes a request out; `nil` when it is not there.
    mutating func remove(ticket: UInt64, level: Int) -> Entry? {
        guard let index = levels.firstIndex(where: { $0.number == level }) else { return nil }
        var entry = levels[index].entries.remove(ticket: ticket)
        if entry == nil, let position = levels[index].delayed.firstIndex(where: { $0.ticket == ticket }) {
            entry = levels[index].delayed.remove(at: position)
        }
        if entry != nil { noteRemoval(from: levels[index]) }
        return entry
    }

    /// Takes out whose time is over and is to be rejected, and sets back who is to be delayed.
    mutating func expire(now: UInt64) -> [Entry] {
        var rejected: [Entry] = []
        while let next = deadlines.first, next.deadline <= now {
            _ = deadlines.popFirst()
            guard let index = levels.firstIndex(where: { $0.number == next.level }),
                let entry = levels[index].entries.remove(ticket: next.ticket)
            else { continue }
            switch levels[index].policy.timeoutAction {
            case .reject:
                rejected.append(entry)
                noteRemoval(from: levels[index])
            case .delay: levels[index].delayed.append(entry)
            }
        }
        return rejected
    }

    /// Takes all out, in the order of execution.
    mutating func removeAll() -> [Entry] {
        var all: [Entry] = []
        for index in levels.indices {
            all += levels[index].entries.removeAll()
            all += levels[index].delayed
            levels[index].delayed = []
        }
        count = 0
        sharedCount = 0
        deadlines = DeadlineHeap()
        return all
    }

    /// Goes through the requests in the order of execution until the closure gives `false`.
    func forEach(_ body: (Entry) -> Bool) {
        for level in levels where level.count > 0 {
            guard level.entries.forEach(body) else { return }
            for entry in level.delayed where !body(entry) { return }
        }
    }

    private func policy(of level: Int) -> QueuePolicy { policies[level] ?? defaultPolicy }

    private mutating func levelIndex(_ number: Int) -> Int {
        let index = levels.firstIndex { $0.number >= number } ?? levels.endIndex
        if index == levels.endIndex || levels[index].number != number {
            levels.insert(Level(number: number, policy: policy(of: number)), at: index)
        }
        return index
    }

    private mutating func noteRemoval(from level: Level) {
        count -= 1
        if level.policy.maxQueueSize == 0 { sharedCount -= 1 }
    }

    private mutating func forgetStaleDeadlines() {
        var waiting: Set<UInt64> = []
        for level in levels { _ = level.entries.forEach { waiting.insert($0.ticket).inserted || true } }
        deadlines.keep { waiting.contains($0.ticket) }
    }
}

extension QueuePolicy {
    /// How long a request may wait; `nil`: as long as it takes. A request's own limit counts when it is the shorter one.
    func timeoutNanoseconds(requested: UInt64) -> UInt64? {
        let limit = defaultTimeoutMicroseconds == 0 ? nil : Self.nanoseconds(defaultTimeoutMicroseconds)
        guard allowTimeoutOverride, requested > 0 else { return limit }
        return min(requested, limit ?? .max)
    }

    /// Clamped to 292 years, so that a deadline does not overflow.
    static func nanoseconds(_ microseconds: UInt64) -> UInt64 {
        let (product, overflow) = microseconds.multipliedReportingOverflow(by: 1000)
        return overflow ? UInt64(Int64.max) : min(product, UInt64(Int64.max))
    }
}
