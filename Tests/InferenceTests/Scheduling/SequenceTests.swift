import Synchronization
import Testing

@testable import Inference

@Suite struct SequenceTests {
    static func definition(_ policy: SequenceBatching, maxBatchSize: Int = 4, instanceCount: Int = 1) -> ModelDefinition {
        var definition = integerModel("stateful", maxBatchSize: maxBatchSize, instanceCount: instanceCount)
        definition.batching = .sequence(policy)
        return definition
    }

    private static let controls = [
        SequenceBatching.ControlInput(name: "START", kind: .start, dataType: .int32, falseTrue: [0, 1]),
        SequenceBatching.ControlInput(name: "END", kind: .end, dataType: .fp32, falseTrue: [-1, 1]),
        SequenceBatching.ControlInput(name: "READY", kind: .ready, dataType: .bool, falseTrue: [0, 1]),
        SequenceBatching.ControlInput(name: "ID", kind: .correlationID, dataType: .uint64),
    ]

    private static let oldest = SequenceBatching.Strategy.oldest(maxCandidateSequences: 8, preferredBatchSizes: [], maxQueueDelayMicroseconds: 0)

    /// Adds up its inputs over a sequence, in a state that the server keeps.
    private func accumulator(_ strategy: SequenceBatching.Strategy) -> ModelScheduler {
        let policy = SequenceBatching(
            maxSequenceIdleMicroseconds: 3_600_000_000,
            states: [SequenceBatching.State(inputName: "before", outputName: "after", dataType: .int32, shape: [1])],
            strategy: strategy
        )
        return ModelScheduler(
            Model(Self.definition(policy)) { requests in
                try requests.map { request in
                    let sum = try request.inputs.require("before").first(as: Int32.self) + request.inputs.require("x").first(as: Int32.self)
                    return ["y": try Tensor([sum], shape: [1, 1]), "after": try Tensor([sum], shape: [1, 1])]
                }
            }
        )
    }

    private func position(_ id: UInt64, start: Bool = false, end: Bool = false) -> SequencePosition {
        SequencePosition(id: .number(id), isStart: start, isEnd: end)
    }

    @Test(arguments: [SequenceBatching.Strategy.direct(maxQueueDelayMicroseconds: 0, minimumSlotUtilization: 0), oldest])
    func statesAreKeptWithinASequenceAndNotBeyond(strategy: SequenceBatching.Strategy) async throws {
        let scheduler = accumulator(strategy)
        var sums: [UInt64: [Int32]] = [:]
        for step in 0..<3 {
            for id in [UInt64(1), 2, 3] {
                let request = try InferenceRequest(Int32(id), sequence: position(id, start: step == 0, end: step == 2))
                sums[id, default: []].append(try await scheduler.submit(request).value())
            }
        }
        #expect(sums == [1: [1, 2, 3], 2: [2, 4, 6], 3: [3, 6, 9]])
        // The same name again is a new sequence.
        #expect(try await scheduler.submit(try InferenceRequest(5, sequence: position(1, start: true))).value() == 5)
        #expect(try await scheduler.submit(try InferenceRequest(1, sequence: position(1))).value() == 6)
        // A start within a sequence begins anew.
        #expect(try await scheduler.submit(try InferenceRequest(7, sequence: position(1, start: true))).value() == 7)
    }

    @Test func sequencesAreIndependentUnderLoad() async throws {
        let scheduler = accumulator(.direct(maxQueueDelayMicroseconds: 0, minimumSlotUtilization: 0))
        // More of them than there are places.
        try await withThrowingTaskGroup(of: Void.self) { group in
            for id in 1...UInt64(40) {
                group.addTask {
                    var sum: Int32 = 0
                    for step in 0..<20 {
                        let value = Int32(id) + Int32(step)
                        sum += value
                        let position = SequencePosition(id: .number(id), isStart: step == 0, isEnd: step == 19)
                        let completion = await scheduler.submit(try InferenceRequest(value, sequence: position))
                        let answer = try completion.value()
                        #expect(answer == sum)
                    }
                }
            }
            try await group.waitForAll()
        }
        #expect(scheduler.statistics.success.count == 800)
    }

    @Test func wrongPositionsAreRefusedInTritonsWords() async throws {
        let scheduler = accumulator(Self.oldest)
        let cases: [(InferenceRequest, String)] = [
            (try InferenceRequest(1), "inference request to model 'stateful' must specify a non-zero or non-empty correlation ID"),
            (try InferenceRequest(1, sequence: position(0, start: true)), "inference request to model 'stateful' must specify a non-zero or non-empty correlation ID"),
            (
                try InferenceRequest(1, sequence: position(7)),
                "inference request for sequence 7 to model 'stateful' must specify the START flag on the first request of the sequence"
            ),
            (
                try InferenceRequest(1, sequence: SequencePosition(id: .text("chat"))),
                "inference request for sequence chat to model 'stateful' must specify the START flag on the first request of the sequence"
            ),
            (
                InferenceRequest(
                    id: "", modelName: "stateful", modelVersion: 1, inputs: ["x": try Tensor([1, 2] as [Int32], shape: [2, 1])], batchSize: 2,
                    sequence: position(1, start: true)),
                "inference request to model 'stateful' must specify batch-size 1 due to requirements of sequence batcher"
            ),
        ]
        for (request, message) in cases { #expect(await scheduler.submit(request).errorText == message) }
        // After its end a sequence is not known any more.
        _ = await scheduler.submit(try InferenceRequest(1, sequence: position(7, start: true, end: true)))
        #expect(await scheduler.submit(try InferenceRequest(1, sequence: position(7))).errorText?.contains("START flag") == true)
    }

    @Test func controlInputsSayWhatHappens() async throws {
        let seen = Mutex<[[String]]>([])
        let policy = SequenceBatching(maxSequenceIdleMicroseconds: 3_600_000_000, controlInputs: Self.controls, strategy: Self.oldest)
        let scheduler = ModelScheduler(
            Model(Self.definition(policy)) { requests in
                try requests.map { request in
                    let texts = try ["START", "END", "READY", "ID"].map { name in
                        let tensor = try request.inputs.require(name)
                        return "\(tensor.dataType)\(tensor.shape)\(try tensor.doubles()[0])"
                    }
                    seen.withLock { $0.append(texts) }
                    return ["y": try request.inputs.require("x")]
                }
            }
        )
        _ = await scheduler.submit(try InferenceRequest(1, sequence: position(42, start: true)))
        _ = await scheduler.submit(try InferenceRequest(1, sequence: position(42, end: true)))
        #expect(
            seen.withLock { $0 } == [
                ["INT32[1, 1]1.0", "FP32[1, 1]-1.0", "BOOL[1, 1]1.0", "UINT64[1, 1]42.0"],
                ["INT32[1, 1]0.0", "FP32[1, 1]1.0", "BOOL[1, 1]1.0", "UINT64[1, 1]42.0"],
            ]
        )
        let text = await scheduler.submit(try InferenceRequest(1, sequence: SequencePosition(id: .text("chat"), isStart: true)))
        #expect(text.errorText == "the sequence id \"chat\" cannot be given to model 'stateful', whose control input 'ID' is UINT64")
    }

    @Test func directSequencesKeepTheirSlotAndEmptyOnesAreMarked() async throws {
        let gate = ExecutionGate()
        let seen = Mutex<[[String]]>([])
        let policy = SequenceBatching(
            maxSequenceIdleMicroseconds: 3_600_000_000, controlInputs: Self.controls,
            strategy: .direct(maxQueueDelayMicroseconds: 0, minimumSlotUtilization: 0)
        )
        let scheduler = ModelScheduler(
            Model(Self.definition(policy)) { requests in
                let texts = try requests.map { request in
                    try request.inputs.require("READY").first(as: Bool.self) ? "\(try request.inputs.require("ID").first(as: UInt64.self))" : "-"
                }
                seen.withLock { $0.append(texts) }
                if texts == ["9"] { await gate.pass() }
                return try requests.map { ["y": try $0.inputs.require("x")] }
            }
        )
        let first = Task { await scheduler.submit(try InferenceRequest(1, sequence: SequencePosition(id: .number(9), isStart: true))) }
        try await eventually { gate.arrivals == 1 }
        let others = [8, 7].map { id in Task { await scheduler.submit(try InferenceRequest(1, sequence: SequencePosition(id: .number(id), isStart: true))) } }
        try await eventually { scheduler.queueDepth == 2 }
        gate.open()
        _ = try await first.value
        for task in others { _ = try await task.value }
        let last = try await scheduler.submit(try InferenceRequest(5, sequence: position(8)))
        #expect(try last.value() == 5)
        let batches = seen.withLock { $0 }
        #expect(batches[0] == ["9"])
        #expect(batches[1].first == "-" && Set(batches[1].dropFirst()) == ["8", "7"])
        let slot = try #require(batches[1].firstIndex(of: "8"))
        #expect(batches[2] == Array(repeating: "-", count: slot) + ["8"])
    }

    // MARK: The queue itself

    private func queue(_ policy: SequenceBatching, instances: Int = 1, maxBatchSize: Int = 1) -> SchedulerState<String> {
        SchedulerState(Self.definition(policy, maxBatchSize: maxBatchSize, instanceCount: instances))
    }

    private func entry(_ name: String, _ id: UInt64, start: Bool = false, end: Bool = false, at time: UInt64 = 0) -> QueueEntry<String> {
        QueueEntry(waiter: name, batchSize: 1, queued: time, sequence: SequenceMark(id: .number(id), isStart: start, isEnd: end))
    }

    @Test func oneRequestOfASequenceRunsAtATimeInOrder() {
        var state = queue(SequenceBatching(strategy: Self.oldest), instances: 2, maxBatchSize: 4)
        _ = state.enqueue(entry("a1", 1, start: true), now: 0)
        _ = state.enqueue(entry("a2", 1), now: 0)
        _ = state.enqueue(entry("b1", 2, start: true), now: 0)
        let actions = state.advance(now: 0)
        #expect(Set(actions.batches.flatMap { $0.entries.map(\.waiter) }) == ["a1", "b1"])
        let batch = actions.batches.first { $0.entries.contains { $0.waiter == "a1" } }
        let next = state.release(batch ?? actions.batches[0], now: 1)
        #expect(next.batches.map { $0.entries.map(\.waiter) } == [["a2"]])
        #expect(next.batches.first?.instance == batch?.instance)
    }

    @Test func sequencesWithoutAPlaceWaitUntilOneEnds() {
        var state = queue(SequenceBatching())
        for (name, id) in [("a", 1), ("b", 2), ("c", 3)] as [(String, UInt64)] { _ = state.enqueue(entry(name, id, start: true, end: true), now: 0) }
        var order: [String] = []
        var actions = state.advance(now: 0)
        while let batch = actions.batches.first {
            order += batch.entries.map(\.waiter)
            actions = state.release(batch, now: 0)
        }
        #expect(order == ["a", "b", "c"])
        #expect(state.isIdle)
    }

    @Test func silentSequencesLoseTheirPlace() {
        var state = queue(SequenceBatching(maxSequenceIdleMicroseconds: 10))
        _ = state.enqueue(entry("a", 1, start: true), now: 0)
        var actions = state.advance(now: 0)
        actions = state.release(actions.batches[0], now: 0)
        _ = state.enqueue(entry("b", 2, start: true), now: 0)
        actions = state.advance(now: 5_000)
        #expect(actions.batches.isEmpty)
        #expect(actions.wakeAt == 10_000)
        #expect(state.advance(now: 10_000).batches.map { $0.entries.map(\.waiter) } == [["b"]])
        guard case .failure(let refusal) = state.enqueue(entry("a2", 1), now: 10_001) else { Issue.record("should refuse"); return }
        #expect(refusal.reason == .sequenceNotStarted)
    }

    @Test func aCancelledStartIsHandedOn() throws {
        var state = queue(SequenceBatching())
        _ = state.enqueue(entry("other", 9, start: true, end: true), now: 0)
        let running = state.advance(now: 0).batches[0]
        guard case .success(let ticket) = state.enqueue(entry("a1", 1, start: true), now: 0) else { Issue.record("should wait"); return }
        _ = state.enqueue(entry("a2", 1, end: true), now: 0)
        #expect(state.cancel(ticket: ticket, priority: 0, sequence: .number(1), now: 0)?.waiter == "a1")
        let next = state.release(running, now: 0)
        #expect(next.batches.first?.entries.map(\.waiter) == ["a2"])
        #expect(next.batches.first?.entries[0].sequence?.isStart == true)
    }

    @Test func waitingForSlotsEndsWithTheDelay() {
        let policy = SequenceBatching(strategy: .direct(maxQueueDelayMicroseconds: 10, minimumSlotUtilization: 0.5))
        var state = queue(policy, maxBatchSize: 4)
        _ = state.enqueue(entry("a", 1, start: true), now: 0)
        #expect(state.advance(now: 0).batches.isEmpty)
        _ = state.enqueue(entry("b", 2, start: true), now: 1)
        let actions = state.advance(now: 1)
        #expect(actions.batches.map { $0.entries.map(\.waiter) } == [["a", "b"]])
        _ = state.release(actions.batches[0], now: 2)
        _ = state.enqueue(entry("a", 1, at: 100), now: 100)
        #expect(state.advance(now: 100).wakeAt.map { $0 <= 10_100 } == true)
        #expect(state.advance(now: 10_100).batches.count == 1)
    }
}
