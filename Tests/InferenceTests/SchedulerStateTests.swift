import Testing

@testable import Inference

@Suite struct SchedulerStateTests {
    private func state(instances: Int = 1, maxBatchSize: Int = 4, maxQueueSize: Int = 10) -> SchedulerState<String> {
        SchedulerState(
            ModelDefinition(
                name: "m", inputs: [], outputs: [], maxBatchSize: maxBatchSize, instanceCount: instances, maxQueueSize: maxQueueSize)
        )
    }

    @Test func freeInstanceRunsAtOnceAndBusyOnesWait() {
        var state = state(instances: 2)
        guard case .run(let first) = state.admit(), case .run(let second) = state.admit() else { Issue.record("should run"); return }
        #expect(first != second)
        guard case .wait = state.admit() else { Issue.record("should wait"); return }
        #expect(state.release() == nil)
        guard case .run = state.admit() else { Issue.record("should run"); return }
    }

    @Test func releaseTakesAsMuchAsFitsInOrder() {
        var state = state(maxBatchSize: 4)
        _ = state.admit()
        for (name, size) in [("a", 1), ("b", 2), ("c", 2), ("d", 1)] { state.enqueue(name, batchSize: size) }
        #expect(state.release()?.waiters == ["a", "b"])
        #expect(state.release()?.waiters == ["c", "d"])
        #expect(state.busyInstances == 1)
        #expect(state.release() == nil)
        #expect(state.busyInstances == 0)
    }

    @Test func withoutBatchingEachRunsAlone() {
        var state = state(maxBatchSize: 0)
        _ = state.admit()
        for name in ["a", "b"] { state.enqueue(name, batchSize: 1) }
        #expect(state.release()?.waiters == ["a"])
        #expect(state.release()?.waiters == ["b"])
    }

    @Test func fullQueueRejectsAndCounts() {
        var state = state(maxQueueSize: 1)
        _ = state.admit()
        guard case .wait = state.admit() else { Issue.record("should wait"); return }
        state.enqueue("a", batchSize: 1)
        guard case .reject = state.admit() else { Issue.record("should reject"); return }
        #expect(state.statistics.rejectedCount == 1)
    }

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
}
