import Testing

@testable import Inference

@Suite struct SchedulerStateTests {
    private func state(
        instances: Int = 1,
        maxBatchSize: Int = 4,
        maxQueueSize: Int = 10,
        batching: DynamicBatching? = nil,
        isDecoupled: Bool = false
    ) -> SchedulerState<String> {
        var definition = ModelDefinition(
            name: "m", inputs: [], outputs: [], maxBatchSize: maxBatchSize, instanceCount: instances, maxQueueSize: maxQueueSize)
        if let batching { definition.batching = .dynamic(batching) }
        definition.isDecoupled = isDecoupled
        return SchedulerState(definition)
    }

    private func entry(_ name: String, _ size: Int = 1, at time: UInt64 = 0) -> QueueEntry<String> {
        QueueEntry(waiter: name, batchSize: size, queued: time)
    }

    private func names(_ actions: SchedulerState<String>.Actions) -> [[String]] { actions.batches.map { $0.entries.map(\.waiter) } }

    /// A model all of whose instances are busy.
    private func busy(_ state: inout SchedulerState<String>) -> [Int] {
        var instances: [Int] = []
        while case .run(_, let instance) = state.admit(batchSize: 1, priority: 0) { instances.append(instance) }
        return instances
    }

    @Test func freeInstanceRunsAtOnceAndBusyOnesWait() {
        var state = state(instances: 2)
        let instances = busy(&state)
        #expect(instances == [0, 1])
        guard case .wait = state.admit(batchSize: 1, priority: 0) else { Issue.record("should wait"); return }
        #expect(state.release(instance: 1, now: 0).isEmpty)
        guard case .run(_, 1) = state.admit(batchSize: 1, priority: 0) else { Issue.record("should run on 1"); return }
    }

    @Test(arguments: [
        // As much as fits, in order; a big one that does not fit is not overtaken.
        (4, [("a", 1), ("b", 2), ("c", 2), ("d", 1)], [["a", "b"], ["c", "d"]]),
        (4, [("a", 4), ("b", 4)], [["a"], ["b"]]),
        (4, [("a", 3), ("b", 2), ("c", 1)], [["a"], ["b", "c"]]),
        // Without a batch axis each runs alone.
        (0, [("a", 1), ("b", 1)], [["a"], ["b"]]),
    ] as [(Int, [(String, Int)], [[String]])])
    func freedInstancesTakeWhatWaits(maxBatchSize: Int, requests: [(String, Int)], expected: [[String]]) throws {
        var state = state(maxBatchSize: maxBatchSize)
        _ = busy(&state)
        for (name, size) in requests { _ = state.enqueue(entry(name, size), now: 0) }
        var executed: [[String]] = []
        while state.busyInstances > 0 { executed += names(state.release(instance: 0, now: 0)) }
        #expect(executed == expected)
    }

    @Test func fullQueueRefuses() {
        var state = state(maxQueueSize: 1)
        _ = busy(&state)
        guard case .wait = state.admit(batchSize: 1, priority: 0) else { Issue.record("should wait"); return }
        _ = state.enqueue(entry("a"), now: 0)
        guard case .reject(.queueFull(limit: 1)) = state.admit(batchSize: 1, priority: 0) else { Issue.record("should reject"); return }
        guard case .failure(let refusal) = state.enqueue(entry("b"), now: 0) else { Issue.record("should reject"); return }
        #expect(refusal.reason == .queueFull(limit: 1))
    }

    // MARK: Dynamic batching

    @Test(arguments: [
        // sizes waiting, preferred, delay (ns), age of the oldest (ns), expected
        ([1], [], 0, 0, .execute(count: 1)),
        ([1, 1, 1], [4], 0, 0, .execute(count: 3)),
        ([1, 1, 1], [4], 1000, 0, .wait(until: 1000)),
        ([1, 1, 1], [2], 1000, 0, .execute(count: 2)),
        ([1, 1, 1, 1, 1], [2, 4], 1000, 0, .execute(count: 4)),
        ([1, 1, 1], [4], 1000, 1000, .execute(count: 3)),
        // Full without having met a preferred size.
        ([3, 3], [4], 1000, 0, .execute(count: 2)),
        // Nothing preferred: a full batch is.
        ([4, 4], [], 1000, 0, .execute(count: 2)),
        ([4, 3], [], 1000, 0, .wait(until: 1000)),
    ] as [([Int], [Int], UInt64, UInt64, BatchRule.Verdict)])
    func batchesAreSentWhenTheyAreBigOrOldEnough(sizes: [Int], preferred: [Int], delay: UInt64, age: UInt64, expected: BatchRule.Verdict) {
        let rule = BatchRule(maxBatchSize: 8, preferredSizes: preferred, maxDelayMicroseconds: delay / 1000)
        #expect(rule.verdict(sizes: sizes, isSaturated: false, oldest: 0, now: age) == expected)
    }

    @Test func aRequestWaitsForOthersAsLongAsTheDelay() {
        var state = state(batching: DynamicBatching(maxQueueDelayMicroseconds: 10))
        guard case .wait = state.admit(batchSize: 1, priority: 0) else { Issue.record("should wait for others"); return }
        _ = state.enqueue(entry("a"), now: 0)
        let first = state.advance(now: 0)
        #expect(first.batches.isEmpty)
        #expect(first.wakeAt == 10_000)
        _ = state.enqueue(entry("b", at: 5_000), now: 5_000)
        #expect(state.advance(now: 5_000).wakeAt == 10_000)
        #expect(names(state.advance(now: 10_000)) == [["a", "b"]])
    }

    @Test func aPreferredSizeDoesNotWait() {
        var state = state(batching: DynamicBatching(preferredBatchSizes: [2], maxQueueDelayMicroseconds: 10))
        _ = state.enqueue(entry("a"), now: 0)
        #expect(state.advance(now: 0).batches.isEmpty)
        _ = state.enqueue(entry("b"), now: 1)
        #expect(names(state.advance(now: 1)) == [["a", "b"]])
        // A request that is one by itself needs no queue.
        _ = state.release(instance: 0, now: 2)
        guard case .run = state.admit(batchSize: 2, priority: 0) else { Issue.record("should run"); return }
    }

    @Test func onlyOneKindOfRequestGoesIntoABatch() {
        var state = state(maxBatchSize: 8)
        _ = busy(&state)
        for (name, shape) in [("a", 3), ("x", 5), ("b", 3), ("y", 5), ("c", 3)] {
            var entry = entry(name)
            let request = InferenceRequest(
                id: name, modelName: "m", modelVersion: 1,
                inputs: ["i": Tensor(uncheckedDataType: .int8, shape: [1, shape], storage: Array(repeating: 0, count: shape))])
            let definition = ModelDefinition(
                name: "m", inputs: [TensorSpecification("i", Int8.self, shape: [-1])], outputs: [], maxBatchSize: 8)
            entry.group = BatchGroup(request, definition: definition)
            _ = state.enqueue(entry, now: 0)
        }
        #expect(names(state.release(instance: 0, now: 0)) == [["a", "b", "c"]])
        #expect(names(state.release(instance: 0, now: 0)) == [["x", "y"]])
    }

    // MARK: Priorities and queue policies

    @Test func higherLevelsGoFirst() {
        var state = state(maxBatchSize: 0, batching: DynamicBatching(priorityLevels: 3, defaultPriorityLevel: 2))
        _ = busy(&state)
        // 0 and 9 are no levels: the default counts.
        for (name, priority) in [("c", 3), ("b", 2), ("a", 1), ("d", 0), ("e", 9)] { _ = state.enqueue(entry(name), priority: priority, now: 0) }
        var order: [String] = []
        while state.busyInstances > 0 { order += names(state.release(instance: 0, now: 0)).flatMap { $0 } }
        #expect(order == ["a", "b", "d", "e", "c"])
    }

    @Test func eachLevelHasItsOwnBound() {
        var state = state(
            batching: DynamicBatching(priorityLevels: 2, defaultPriorityLevel: 1, priorityQueuePolicies: [2: QueuePolicy(maxQueueSize: 1)])
        )
        _ = busy(&state)
        for (priority, isTaken) in [(2, true), (2, false), (1, true), (1, true)] {
            if case .success = state.enqueue(entry("x"), priority: priority, now: 0) {
                #expect(isTaken)
            } else {
                #expect(!isTaken)
            }
        }
    }

    @Test(arguments: [
        // policy's own, may be shortened, the request's (µs) → nanoseconds
        (0, false, 5, nil),
        (0, true, 5, 5000),
        (0, true, 0, nil),
        (10, false, 5, 10_000),
        (10, true, 5, 5000),
        (10, true, 50, 10_000),
    ] as [(UInt64, Bool, UInt64, UInt64?)])
    func aRequestMayOnlyShortenItsTime(limit: UInt64, allows: Bool, own: UInt64, expected: UInt64?) {
        let policy = QueuePolicy(defaultTimeoutMicroseconds: limit, allowTimeoutOverride: allows)
        #expect(policy.timeoutNanoseconds(requested: own * 1000) == expected)
    }

    @Test func whoWaitsTooLongIsRejected() {
        var state = state(batching: DynamicBatching(defaultQueuePolicy: QueuePolicy(defaultTimeoutMicroseconds: 10, allowTimeoutOverride: true)))
        _ = busy(&state)
        _ = state.enqueue(entry("a"), now: 0)
        _ = state.enqueue(entry("b"), timeout: 4_000, now: 0)
        #expect(state.advance(now: 0).wakeAt == 4_000)
        let first = state.advance(now: 4_000)
        #expect(first.rejected.map(\.entry.waiter) == ["b"])
        #expect(first.rejected.map(\.reason) == [.timeout])
        #expect(first.wakeAt == 10_000)
        #expect(state.advance(now: 10_000).rejected.map(\.entry.waiter) == ["a"])
        #expect(state.waitingCount == 0)
        #expect(state.release(instance: 0, now: 10_001).isEmpty)
    }

    @Test func whoIsToBeDelayedComesAfterTheOthersOfItsLevel() {
        var state = state(
            maxBatchSize: 0,
            batching: DynamicBatching(
                priorityLevels: 2,
                defaultPriorityLevel: 1,
                defaultQueuePolicy: QueuePolicy(timeoutAction: .delay, defaultTimeoutMicroseconds: 10, allowTimeoutOverride: true)
            )
        )
        _ = busy(&state)
        _ = state.enqueue(entry("late"), timeout: 1_000, now: 0)
        _ = state.enqueue(entry("low"), priority: 2, now: 0)
        _ = state.enqueue(entry("other"), now: 0)
        #expect(state.advance(now: 2_000).rejected.isEmpty)
        var order: [String] = []
        while state.busyInstances > 0 { order += names(state.release(instance: 0, now: 2_000)).flatMap { $0 } }
        #expect(order == ["other", "late", "low"])
    }

    // MARK: Order, leaving, draining

    @Test func answersAreHeldUntilTheOlderOnesAreThere() {
        var order = ResponseOrder<String>()
        #expect(order.finish(2, "b").isEmpty)
        #expect(order.finish(3, "c").isEmpty)
        #expect(order.finish(1, "a") == ["a", "b", "c"])
        #expect(order.finish(4, "d") == ["d"])
    }

    @Test func keptOrderTakesNoLaterRequestFirst() {
        var state = state(maxBatchSize: 8, batching: DynamicBatching(preserveOrdering: true))
        _ = busy(&state)
        for (name, shape) in [("a", 1), ("x", 2), ("b", 1)] {
            var entry = entry(name)
            let request = InferenceRequest(
                id: name, modelName: "m", modelVersion: 1,
                inputs: ["i": Tensor(uncheckedDataType: .int8, shape: [1, shape], storage: Array(repeating: 0, count: shape))])
            entry.group = BatchGroup(
                request,
                definition: ModelDefinition(name: "m", inputs: [TensorSpecification("i", Int8.self, shape: [-1])], outputs: [], maxBatchSize: 8)
            )
            _ = state.enqueue(entry, now: 0)
        }
        #expect(names(state.release(instance: 0, now: 0)) == [["a"]])
        #expect(names(state.release(instance: 0, now: 0)) == [["x"]])
        #expect(names(state.release(instance: 0, now: 0)) == [["b"]])
    }

    @Test func whoLeavesIsTakenOutAtOnce() throws {
        var state = state()
        _ = busy(&state)
        _ = state.enqueue(entry("a"), now: 0)
        guard case .success(let ticket) = state.enqueue(entry("b"), now: 0) else { Issue.record("should wait"); return }
        _ = state.enqueue(entry("c"), now: 0)
        #expect(state.cancel(ticket: ticket, priority: 0, sequence: nil, now: 0)?.waiter == "b")
        #expect(state.cancel(ticket: ticket, priority: 0, sequence: nil, now: 0) == nil)
        #expect(names(state.release(instance: 0, now: 0)) == [["a", "c"]])
    }

    @Test(arguments: [true, false])
    func drainingTakesNothingNew(finishesQueued: Bool) {
        var state = state()
        _ = busy(&state)
        _ = state.enqueue(entry("a"), now: 0)
        let actions = state.drain(finishesQueued: finishesQueued)
        #expect(actions.rejected.map(\.reason) == (finishesQueued ? [] : [.draining]))
        guard case .reject(.draining) = state.admit(batchSize: 1, priority: 0) else { Issue.record("should refuse"); return }
        guard case .failure = state.enqueue(entry("b"), now: 0) else { Issue.record("should refuse"); return }
        #expect(names(state.release(instance: 0, now: 0)) == (finishesQueued ? [["a"]] : []))
        if finishesQueued { #expect(state.release(instance: 0, now: 0).isDrained) }
        #expect(state.isIdle)
    }

    // MARK: The queue

    @Test func queueKeepsOrderOverManyElements() {
        var queue = FIFO<Int>()
        var expected = 0
        for value in 0..<1000 {
            queue.append(value)
            if value % 3 == 0 {
                #expect(queue.popFirst() == expected)
                expected += 1
            }
        }
        while let value = queue.popFirst() {
            #expect(value == expected)
            expected += 1
        }
        #expect(expected == 1000)
        #expect(queue.isEmpty)
    }

    @Test func requestsAreFoundByTheirTicketsAmongHoles() {
        var queue = TicketQueue<Int>()
        for ticket in 1...1000 { queue.append(QueueEntry(waiter: ticket, ticket: UInt64(ticket), batchSize: 1, queued: 0)) }
        for ticket in stride(from: 1, through: 1000, by: 3) { #expect(queue.remove(ticket: UInt64(ticket))?.waiter == ticket) }
        #expect(queue.remove(ticket: 1) == nil)
        #expect(queue.remove(ticket: 1001) == nil)
        #expect(queue.count == 666)
        var seen: [Int] = []
        #expect(queue.forEach { seen.append($0.waiter); return true })
        #expect(seen == (1...1000).filter { $0 % 3 != 1 })
    }
}
