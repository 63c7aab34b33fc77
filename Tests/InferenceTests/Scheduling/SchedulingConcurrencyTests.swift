import Glibc
import NeedletailTracing
import Synchronization
import Testing
import TraceModel

@testable import Inference

@Suite struct SchedulingConcurrencyTests {
    private func echo(_ definition: ModelDefinition, gate: ExecutionGate? = nil) -> ModelScheduler {
        ModelScheduler(
            Model(definition) { requests in
                await gate?.pass()
                return try requests.map { ["y": try $0.inputs.require("x")] }
            }
        )
    }

    // MARK: Leaving

    @Test func whoLeavesTheQueueIsAnsweredAtOnceAndNotExecuted() async throws {
        let gate = ExecutionGate()
        let scheduler = echo(integerModel(), gate: gate)
        let first = Task { await scheduler.submit(try InferenceRequest(1)) }
        try await eventually { gate.arrivals == 1 }
        let leaver = Task { await scheduler.submit(try InferenceRequest(2)) }
        try await eventually { scheduler.queueDepth == 1 }
        leaver.cancel()
        // The model still holds the first request.
        let completion = try await leaver.value
        #expect(completion.outcome == .canceled)
        #expect(completion.execution == nil)
        #expect(scheduler.queueDepth == 0)
        gate.open()
        #expect(try await first.value.value() == 1)
        #expect(scheduler.statistics.inferenceCount == 1)
        #expect(scheduler.statistics.fail.count == 1)
    }

    @Test func whoLeavesABatchHarmsNobodyInIt() async throws {
        let first = ExecutionGate()
        let second = ExecutionGate()
        let seen = Mutex<[Bool]>([])
        let scheduler = ModelScheduler(
            Model(integerModel()) { requests in
                await (requests.count == 1 ? first : second).pass()
                seen.withLock { $0.append(Task.isCancelled) }
                return try requests.map { $0.isCancelled ? .failure(CancellationError()) : ["y": try $0.inputs.require("x")] }
            }
        )
        let opener = Task { await scheduler.submit(try InferenceRequest(0)) }
        try await eventually { first.arrivals == 1 }
        let members = (1...3).map { value in Task { await scheduler.submit(try InferenceRequest(Int32(value))) } }
        try await eventually { scheduler.queueDepth == 3 }
        first.open()
        try await eventually { second.arrivals == 1 }
        members[0].cancel()
        // The batch is still held, so this one does not wait for it.
        let left = try await members[0].value
        #expect(left.outcome == .canceled)
        #expect(left.execution?.requestCount == 3)
        second.open()
        #expect(try await members[1].value.value() == 2)
        #expect(try await members[2].value.value() == 3)
        _ = try await opener.value
        #expect(seen.withLock { $0 } == [false, false])
        #expect(scheduler.statistics.success.count == 3)
    }

    @Test func aBatchThatNobodyWaitsForIsCancelled() async throws {
        let first = ExecutionGate()
        let started = ExecutionGate()
        started.open()
        let wasCancelled = Atomic(false)
        let scheduler = ModelScheduler(
            Model(integerModel()) { requests in
                if requests.count == 1 {
                    await first.pass()
                } else {
                    await started.pass()
                    try? await Task.sleep(for: .seconds(3600))
                    wasCancelled.store(Task.isCancelled, ordering: .sequentiallyConsistent)
                }
                return try requests.map { ["y": try $0.inputs.require("x")] }
            }
        )
        let opener = Task { await scheduler.submit(try InferenceRequest(0)) }
        try await eventually { first.arrivals == 1 }
        let members = (1...2).map { value in Task { await scheduler.submit(try InferenceRequest(Int32(value))) } }
        try await eventually { scheduler.queueDepth == 2 }
        first.open()
        try await eventually { started.arrivals == 1 }
        for member in members { member.cancel() }
        for member in members { #expect(try await member.value.outcome == .canceled) }
        try await eventually { wasCancelled.load(ordering: .sequentiallyConsistent) }
        _ = try await opener.value
        #expect(try await scheduler.submit(try InferenceRequest(9)).outcome == .success)
    }

    @Test func aStormOfRequestsAndCancellationsLosesNothing() async throws {
        let executed = Mutex<[Int32: Int]>([:])
        let definition = integerModel(maxBatchSize: 8, instanceCount: 2)
        let scheduler = ModelScheduler(
            Model(definition) { requests in
                #expect(requests.reduce(0) { $0 + $1.batchSize } <= 8)
                await Task.yield()
                return try requests.map { request in
                    let x = try request.inputs.require("x")
                    let value = try x.first(as: Int32.self)
                    executed.withLock { $0[value, default: 0] += 1 }
                    return ["y": x]
                }
            }
        )
        let count: Int32 = 4000
        let outcomes = try await withThrowingTaskGroup(of: (Int32, ModelScheduler.Completion).self) { group in
            for value in 0..<count {
                group.addTask {
                    let task = Task { await scheduler.submit(try InferenceRequest(value)) }
                    if value % 3 == 0 {
                        for _ in 0..<(value % 5) { await Task.yield() }
                        task.cancel()
                    }
                    return (value, try await task.value)
                }
            }
            var outcomes: [Int32: EndedRequest.Outcome] = [:]
            for try await (value, completion) in group {
                #expect(outcomes.updateValue(completion.outcome, forKey: value) == nil)
                if completion.outcome == .success { #expect(try completion.value() == value) }
                if value % 3 != 0 { #expect(completion.outcome == .success) }
            }
            return outcomes
        }
        #expect(outcomes.count == Int(count))
        #expect(executed.withLock { $0.values.max() } == 1)
        #expect(scheduler.queueDepth == 0)
        let statistics = scheduler.statistics
        #expect(statistics.success.count + statistics.fail.count == UInt64(count))
        #expect(statistics.success.count == UInt64(outcomes.values.count { $0 == .success }))
        await scheduler.drain()
    }

    // MARK: Timers, order, isolation

    @Test func theDelayBringsRequestsTogether() async throws {
        var definition = integerModel(maxBatchSize: 64)
        definition.batching = .dynamic(DynamicBatching(preferredBatchSizes: [3], maxQueueDelayMicroseconds: 3_600_000_000))
        let scheduler = echo(definition)
        let completions = try await withThrowingTaskGroup(of: ModelScheduler.Completion.self) { group in
            for value in 0..<Int32(3) { group.addTask { await scheduler.submit(try InferenceRequest(value)) } }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(completions.map { $0.execution?.requestCount } == [3, 3, 3])
        #expect(Set(completions.map { $0.execution?.batchID }).count == 1)
    }

    @Test func theDelayEndsByItself() async throws {
        var definition = integerModel(maxBatchSize: 64)
        definition.batching = .dynamic(DynamicBatching(maxQueueDelayMicroseconds: 2_000))
        let scheduler = echo(definition)
        #expect(try await scheduler.submit(try InferenceRequest(5)).value() == 5)
        #expect(try await scheduler.submit(try InferenceRequest(6)).value() == 6)
    }

    @Test func whoWaitsTooLongHearsSoWhileTheModelHangs() async throws {
        let gate = ExecutionGate()
        var definition = integerModel()
        definition.batching = .dynamic(DynamicBatching(defaultQueuePolicy: QueuePolicy(allowTimeoutOverride: true)))
        let scheduler = echo(definition, gate: gate)
        let first = Task { await scheduler.submit(try InferenceRequest(1)) }
        try await eventually { gate.arrivals == 1 }
        let late = try await scheduler.submit(try InferenceRequest(2, timeout: 1_000))
        #expect(late.outcome == .rejected)
        #expect(late.errorText?.hasPrefix("Request timeout expired") == true)
        gate.open()
        #expect(try await first.value.outcome == .success)
        #expect(scheduler.statistics.rejectedCount == 1)
    }

    @Test func answersLeaveInTheOrderOfArrival() async throws {
        let gate = ExecutionGate()
        var definition = integerModel(maxBatchSize: 1, instanceCount: 3)
        definition.batching = .dynamic(DynamicBatching(preserveOrdering: true))
        let finished = Atomic(0)
        let scheduler = ModelScheduler(
            Model(definition) { requests in
                // The first is held, the others overtake it.
                if try requests[0].inputs.require("x").first(as: Int32.self) == 0 { await gate.pass() }
                finished.add(1, ordering: .relaxed)
                return try requests.map { ["y": try $0.inputs.require("x")] }
            }
        )
        let order = Recorder<Int32>()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for value in 0..<Int32(6) {
                let before = scheduler.statistics.executionCount
                group.addTask {
                    let completion = await scheduler.submit(try InferenceRequest(value))
                    order.append((try? completion.value()) ?? -1)
                }
                // Each is known before the next comes.
                if value == 0 { try await eventually { gate.arrivals == 1 } } else { try await eventually { scheduler.statistics.executionCount > before } }
            }
            let count = finished.load(ordering: .relaxed)
            #expect(count == 5)
            #expect(order.values.isEmpty)
            gate.open()
            try await group.waitForAll()
        }
        #expect(Set(order.values) == Set(0..<6))
    }

    @Test func eachInstanceIsUsedByOneBatchAtATime() async throws {
        let definition = integerModel(maxBatchSize: 2, instanceCount: 3)
        let backend = InstanceRecorder()
        let scheduler = ModelScheduler(Model(definition, backend: backend))
        try await withThrowingTaskGroup(of: ModelScheduler.Completion.self) { group in
            for value in 0..<Int32(300) { group.addTask { await scheduler.submit(try InferenceRequest(value)) } }
            for try await completion in group { #expect((0..<3).contains(completion.execution?.instance ?? -1)) }
        }
        let wasShared = backend.wasShared.load(ordering: .relaxed)
        #expect(!wasShared)
        #expect(backend.used.withLock { $0 }.isSubset(of: [0, 1, 2]))
    }

    private final class InstanceRecorder: ModelBackend {
        let busy = Mutex<Set<Int>>([])
        let used = Mutex<Set<Int>>([])
        let wasShared = Atomic(false)

        func execute(_ batch: ModelBatch) async throws -> [InferenceResult] {
            let isFree = busy.withLock { $0.insert(batch.instance).inserted }
            if !isFree { wasShared.store(true, ordering: .relaxed) }
            used.withLock { _ = $0.insert(batch.instance) }
            await Task.yield()
            busy.withLock { _ = $0.remove(batch.instance) }
            return try batch.requests.map { ["y": try $0.inputs.require("x")] }
        }
    }

    @Test func blockedModelsHarmNoOther() async throws {
        let release = BlockingGate()
        // More of them than the concurrency pool has threads.
        let blocked = (0..<32).map { index in
            ModelScheduler(
                Model(integerModel("blocked\(index)"), executeBlocking: { requests in
                    release.wait()
                    return try requests.map { ["y": try $0.inputs.require("x")] }
                })
            )
        }
        let held = blocked.map { scheduler in Task { await scheduler.submit(try InferenceRequest(1)) } }
        try await eventually { release.waiting == 32 }
        let other = echo(integerModel("other"))
        for value in 0..<Int32(100) { #expect(try await other.submit(try InferenceRequest(value)).value() == value) }
        release.open()
        for task in held { #expect(try await task.value.value() == 1) }
    }

    @Test func aBlockedRequestSeesThatItsClientLeft() async throws {
        let sawCancellation = Atomic(false)
        let started = Atomic(false)
        let scheduler = ModelScheduler(
            Model(integerModel(), executeBlocking: { requests in
                started.store(true, ordering: .sequentiallyConsistent)
                while !requests[0].isCancelled { usleep(1_000) }
                sawCancellation.store(true, ordering: .sequentiallyConsistent)
                throw CancellationError()
            })
        )
        let task = Task { await scheduler.submit(try InferenceRequest(1)) }
        try await eventually { started.load(ordering: .sequentiallyConsistent) }
        task.cancel()
        #expect(try await task.value.outcome == .canceled)
        let isSeen = sawCancellation.load(ordering: .sequentiallyConsistent)
        #expect(isSeen)
    }

    // MARK: Draining

    @Test(arguments: [true, false])
    func drainingWaitsForWhatIsUnderWay(finishesQueued: Bool) async throws {
        let gate = ExecutionGate()
        let scheduler = echo(integerModel(), gate: gate)
        let first = Task { await scheduler.submit(try InferenceRequest(1)) }
        try await eventually { gate.arrivals == 1 }
        let second = Task { await scheduler.submit(try InferenceRequest(2)) }
        try await eventually { scheduler.queueDepth == 1 }
        let drained = Atomic(false)
        let drain = Task {
            await scheduler.drain(finishesQueued: finishesQueued)
            drained.store(true, ordering: .sequentiallyConsistent)
        }
        try await eventually { scheduler.state.withLock { $0.scheduler.isDraining } }
        let refused = try await scheduler.submit(try InferenceRequest(3))
        #expect(refused.errorText?.contains("is being unloaded") == true)
        if !finishesQueued { #expect(try await second.value.errorText?.contains("is being unloaded") == true) }
        let isDrained = drained.load(ordering: .sequentiallyConsistent)
        #expect(!isDrained)
        gate.open()
        await drain.value
        #expect(try await first.value.outcome == .success)
        #expect(try await second.value.outcome == (finishesQueued ? .success : .rejected))
    }

    // MARK: Batch identity

    @Test func computeSpansTellWhomTheyShareTheirBatchWith() async throws {
        let tracer = InferenceTracer(settings: TraceSettings(level: .timestamps, rate: 1), processor: RequestExchangeTests.SpanList())
        let gate = ExecutionGate()
        let scheduler = echo(integerModel(), gate: gate)
        let traces = (0..<4).map { RequestTrace(parent: nil, number: UInt64($0 + 1)) }
        let first = Task { await scheduler.submit(try InferenceRequest(0, trace: traces[0], tracer: tracer)) }
        try await eventually { gate.arrivals == 1 }
        // The last one is not sampled.
        let tasks = (1...4).map { index in
            Task { await scheduler.submit(try InferenceRequest(Int32(index), trace: index < 4 ? traces[index] : nil, tracer: tracer)) }
        }
        try await eventually { scheduler.queueDepth == 4 }
        gate.open()
        #expect(try await first.value.execution?.members.isEmpty == true)
        for (index, task) in tasks.prefix(3).enumerated() {
            var traced = TracedRequest(trace: traces[index + 1], timestamps: .now(), exchange: nil)
            traced.modelName = "m"
            traced.execution = try await task.value.execution
            let compute = try #require(traced.spans().first { $0.name == "compute" })
            #expect(compute.attributes.contains(Attribute("batch.size", .int(4))))
            #expect(compute.attributes.contains(Attribute("batch.requests", .int(4))))
            #expect(compute.attributes.contains(Attribute("instance", .string("m_0_0"))))
            let others = traces[1...].filter { $0.number != traces[index + 1].number }
            #expect(Set(compute.links.map(\.spanID)) == Set(others.map(\.computeSpanID)))
            #expect(Set(compute.links.map(\.traceID)) == Set(others.map(\.traceID)))
        }
        _ = try await tasks[3].value
    }
}
