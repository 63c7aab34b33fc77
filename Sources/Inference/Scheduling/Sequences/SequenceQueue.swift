/// The waiting requests of a model with sequence batching: Triton's sequence batcher.
///
/// Each sequence has a place on one instance, from its first request to its last or until it was silent for too long; of its
/// requests one is executed at a time, in order. Sequences that find no place wait in a backlog, in the order of their start.
struct SequenceQueue<Waiter: Sendable>: Sendable {
    typealias Entry = QueueEntry<Waiter>
    typealias ID = SequencePosition.ID

    private struct Sequence {
        var pending: [Entry] = []
        /// `nil`: in the backlog.
        var instance: Int?
        var slot = 0
        var isRunning = false
        /// The newest request that arrived is its last.
        var isEnding = false
        /// When it was heard of, or executed, last.
        var lastActive: UInt64
        var memory = SequenceMemory()
    }

    private struct Ready {
        var ticket: UInt64
        var id: ID
    }

    let maxQueueSize: Int
    private let maxIdle: UInt64
    /// Free places of each instance, the next one last.
    private var freeSlots: [[Int]]
    private let slotCount: Int
    private let isDirect: Bool
    private let rule: BatchRule
    private let minimumSlotUtilization: Double
    private var sequences: [ID: Sequence] = [:]
    private var backlog: [ID] = []
    /// Of each instance the sequences that could be executed now, the one whose request waits longest first.
    private var ready: [[Ready]]
    private(set) var count = 0
    /// When silent sequences have to be looked for next.
    private var nextIdleCheck: UInt64?

    init(_ policy: SequenceBatching, definition: ModelDefinition) {
        maxQueueSize = definition.maxQueueSize
        maxIdle = QueuePolicy.nanoseconds(policy.maxSequenceIdleMicroseconds)
        let size = max(1, definition.maxBatchSize)
        switch policy.strategy {
        case .direct(let delay, let utilization):
            isDirect = true
            slotCount = size
            minimumSlotUtilization = utilization
            rule = BatchRule(maxBatchSize: size, preferredSizes: [], maxDelayMicroseconds: delay)
        case .oldest(let candidates, let preferred, let delay):
            isDirect = false
            slotCount = max(1, candidates)
            minimumSlotUtilization = 0
            rule = BatchRule(maxBatchSize: size, preferredSizes: preferred, maxDelayMicroseconds: delay)
        }
        let slots = Array((0..<slotCount).reversed())
        freeSlots = Array(repeating: slots, count: definition.instanceCount)
        ready = Array(repeating: [], count: definition.instanceCount)
    }

    var isEmpty: Bool { count == 0 }
    /// How many sequences are known, with a place or without.
    var sequenceCount: Int { sequences.count }

    // MARK: Arriving and leaving

    /// Why a request cannot wait; `nil` when it can.
    func refusal(_ mark: SequenceMark) -> Rejection? {
        if !mark.isStart {
            guard let sequence = sequences[mark.id], !sequence.isEnding else { return .sequenceNotStarted }
        }
        return count < maxQueueSize ? nil : .queueFull(limit: maxQueueSize)
    }

    mutating func append(_ entry: Entry, mark: SequenceMark, now: UInt64) {
        let isNew = sequences[mark.id] == nil
        sequences[mark.id, default: Sequence(lastActive: now)].pending.append(entry)
        sequences[mark.id]?.isEnding = mark.isEnd
        sequences[mark.id]?.lastActive = now
        count += 1
        if isNew {
            backlog.append(mark.id)
            fillPlaces(now: now)
        } else if sequences[mark.id]?.pending.count == 1 {
            makeReady(mark.id)
        }
    }

    /// Takes a request out; `nil` when it is not there. A start is handed on to the sequence's next request.
    mutating func remove(ticket: UInt64, id: ID, now: UInt64) -> Entry? {
        guard let index = sequences[id]?.pending.firstIndex(where: { $0.ticket == ticket }),
            let entry = sequences[id]?.pending.remove(at: index)
        else { return nil }
        count -= 1
        if entry.sequence?.isStart == true {
            if sequences[id]?.pending.indices.contains(index) == true {
                sequences[id]?.pending[index].sequence?.isStart = true
            } else {
                // Nothing of it was executed: whatever comes next has to start anew.
                sequences[id]?.isEnding = true
            }
        }
        if index == 0 {
            unready(id)
            settle(id, now: now)
        }
        return entry
    }

    /// Takes all waiting requests out, and forgets the sequences.
    mutating func removeAll() -> [Entry] {
        let all = sequences.values.flatMap(\.pending).sorted { $0.ticket < $1.ticket }
        for id in sequences.keys {
            sequences[id]?.pending = []
            sequences[id]?.isEnding = true
        }
        for index in ready.indices { ready[index] = [] }
        backlog = []
        sequences = sequences.filter { $0.value.isRunning }
        count = 0
        return all
    }

    // MARK: Executing

    /// The requests that an instance should execute now, one of each sequence; or when to look again.
    mutating func takeBatch(instance: Int, now: UInt64) -> (entries: [Entry], lookAgain: UInt64?) {
        var picked: [Entry] = []
        var isSaturated = false
        for candidate in ready[instance] {
            guard let sequence = sequences[candidate.id], var entry = sequence.pending.first else { continue }
            if let first = picked.first, first.group != entry.group { continue }
            guard picked.count < rule.maxBatchSize else {
                isSaturated = true
                break
            }
            entry.sequence?.slot = isDirect ? sequence.slot : 0
            entry.sequence?.memory = sequence.memory
            picked.append(entry)
        }
        guard let oldest = picked.first else { return ([], nil) }
        if isDirect, minimumSlotUtilization > 0, Double(picked.count) >= minimumSlotUtilization * Double(slotCount) {
            isSaturated = true
        }
        switch rule.verdict(sizes: picked.map { _ in 1 }, isSaturated: isSaturated, oldest: oldest.queued, now: now) {
        case .wait(let moment): return ([], moment)
        case .execute(let count):
            let taken = Array(picked.prefix(count))
            for entry in taken {
                guard let id = entry.sequence?.id else { continue }
                sequences[id]?.pending.removeFirst()
                sequences[id]?.isRunning = true
                self.count -= 1
            }
            let ids = Set(taken.compactMap(\.sequence?.id))
            ready[instance].removeAll { ids.contains($0.id) }
            return (taken, nil)
        }
    }

    /// The request of a sequence was executed.
    mutating func finish(_ mark: SequenceMark, now: UInt64) {
        guard sequences[mark.id] != nil else { return }
        sequences[mark.id]?.isRunning = false
        sequences[mark.id]?.lastActive = now
        if mark.isEnd, sequences[mark.id]?.pending.isEmpty == false {
            // A new sequence of the same name: behind those that wait for a place already.
            givePlaceBack(mark.id)
            sequences[mark.id]?.instance = nil
            sequences[mark.id]?.memory = SequenceMemory()
            backlog.append(mark.id)
            fillPlaces(now: now)
        } else {
            settle(mark.id, now: now)
        }
    }

    /// Forgets sequences that were silent for too long.
    ///
    /// - Returns: when to look again.
    mutating func forgetIdle(now: UInt64) -> UInt64? {
        guard let check = nextIdleCheck else {
            guard sequences.values.contains(where: { $0.instance != nil }) else { return nil }
            nextIdleCheck = now &+ maxIdle
            return nextIdleCheck
        }
        guard check <= now else { return check }
        var next: UInt64?
        for (id, sequence) in sequences where sequence.pending.isEmpty && !sequence.isRunning {
            let limit = sequence.lastActive &+ maxIdle
            if limit <= now {
                givePlaceBack(id)
                sequences[id] = nil
            } else {
                next = min(next ?? limit, limit)
            }
        }
        fillPlaces(now: now)
        nextIdleCheck = next ?? (sequences.isEmpty ? nil : now &+ maxIdle)
        return nextIdleCheck
    }

    // MARK: Places

    /// Readies the sequence's next request, or forgets a sequence that has ended.
    private mutating func settle(_ id: ID, now: UInt64) {
        guard let sequence = sequences[id], !sequence.isRunning else { return }
        if !sequence.pending.isEmpty {
            makeReady(id)
        } else if sequence.isEnding || sequence.instance == nil {
            givePlaceBack(id)
            sequences[id] = nil
            backlog.removeAll { $0 == id }
            fillPlaces(now: now)
        }
    }

    private mutating func givePlaceBack(_ id: ID) {
        guard let sequence = sequences[id], let instance = sequence.instance else { return }
        freeSlots[instance].append(sequence.slot)
    }

    /// Gives free places to the sequences of the backlog, on the instance that has most of them.
    private mutating func fillPlaces(now: UInt64) {
        var given = 0
        for id in backlog {
            let instance = freeSlots.indices.max { freeSlots[$0].count < freeSlots[$1].count } ?? 0
            guard let slot = freeSlots[instance].popLast() else { break }
            given += 1
            sequences[id]?.instance = instance
            sequences[id]?.slot = slot
            makeReady(id)
        }
        if given > 0 { backlog.removeFirst(given) }
    }

    private mutating func makeReady(_ id: ID) {
        guard let sequence = sequences[id], let instance = sequence.instance, !sequence.isRunning, let first = sequence.pending.first else { return }
        var index = ready[instance].endIndex
        while index > 0, ready[instance][index - 1].ticket > first.ticket { index -= 1 }
        ready[instance].insert(Ready(ticket: first.ticket, id: id), at: index)
    }

    private mutating func unready(_ id: ID) {
        guard let instance = sequences[id]?.instance else { return }
        ready[instance].removeAll { $0.id == id }
    }
}
