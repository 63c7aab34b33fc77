import Inference
import NeedletailTracing
import Synchronization
import Testing

@Suite struct ModelSchedulerTests {
    /// Holds executions until it is opened.
    final class Gate: Sendable {
        private let state = Mutex<(isOpen: Bool, waiting: [CheckedContinuation<Void, Never>])>((false, []))

        func pass() async {
            await withCheckedContinuation { continuation in
                let isOpen = state.withLock { state in
                    if !state.isOpen { state.waiting.append(continuation) }
                    return state.isOpen
                }
                if isOpen { continuation.resume() }
            }
        }

        func open() {
            let waiting = state.withLock { state in
                state.isOpen = true
                defer { state.waiting = [] }
                return state.waiting
            }
            for continuation in waiting { continuation.resume() }
        }
    }

    struct Odd: Error, CustomStringConvertible {
        var description: String { "odd one" }
    }

    private func definition(strict: Bool = false, maxBatchSize: Int = 16, maxQueueSize: Int = 1000) -> ModelDefinition {
        ModelDefinition(
            name: "m",
            inputs: [TensorSpecification("x", Int32.self, shape: [1])],
            outputs: [TensorSpecification("y", Int32.self, shape: [1])],
            maxBatchSize: maxBatchSize,
            strict: strict,
            maxQueueSize: maxQueueSize
        )
    }

    private func request(_ value: Int32) throws -> InferenceRequest {
        InferenceRequest(
            id: "r\(value)", modelName: "m", modelVersion: 1, inputs: ["x": try Tensor([value], shape: [1, 1])])
    }

    private func submit(_ scheduler: ModelScheduler, _ value: Int32) async throws -> ModelScheduler.Completion {
        await scheduler.submit(try request(value), queued: MonotonicClock.now(), wallTime: 1)
    }

    @Test func concurrentRequestsShareExecutionsAndEachGetsItsOwnAnswer() async throws {
        let gate = Gate()
        let scheduler = ModelScheduler(
            Model(definition()) { requests in
                await gate.pass()
                return try requests.map { ["y": try $0.inputs.require("x")] }
            }
        )
        try await withThrowingTaskGroup(of: (Int32, ModelScheduler.Completion).self) { group in
            for value in 0..<Int32(100) { group.addTask { (value, try await submit(scheduler, value)) } }
            while scheduler.queueDepth < 99 { await Task.yield() }
            gate.open()
            var sizes: [UInt64: Int] = [:]
            for try await (value, completion) in group {
                #expect(try completion.outputs.get()["y"]?.first(as: Int32.self) == value)
                let execution = try #require(completion.execution)
                #expect(execution.batchSize <= 16)
                sizes[execution.batchID] = execution.requestCount
            }
            #expect(sizes.values.reduce(0, +) == 100)
        }
        let statistics = scheduler.statistics
        // The first one alone, then full batches: 1 + 6 × 16 + 3.
        #expect(statistics.executionCount == 8)
        #expect(statistics.inferenceCount == 100)
        #expect(statistics.success.count == 100)
        #expect(statistics.batches[16]?.computeInfer.count == 6)
        #expect(scheduler.queueDepth == 0)
    }

    @Test func oneFailingRequestOfABatchFailsAlone() async throws {
        let gate = Gate()
        let scheduler = ModelScheduler(
            Model(definition()) { requests in
                await gate.pass()
                return try requests.map { request in
                    let x = try request.inputs.require("x")
                    return try x.first(as: Int32.self) % 10 == 3 ? .failure(Odd()) : ["y": x]
                }
            }
        )
        try await withThrowingTaskGroup(of: (Int32, ModelScheduler.Completion).self) { group in
            for value in 0..<Int32(40) { group.addTask { (value, try await submit(scheduler, value)) } }
            while scheduler.queueDepth < 39 { await Task.yield() }
            gate.open()
            for try await (value, completion) in group {
                switch completion.outputs {
                case .success(let outputs):
                    #expect(value % 10 != 3)
                    #expect(try outputs["y"]?.first(as: Int32.self) == value)
                case .failure(let failure):
                    #expect(value % 10 == 3)
                    #expect(failure.error == InferenceError(.internal, "odd one"))
                    #expect(failure.exceptionType == "Odd")
                }
            }
        }
        #expect(scheduler.statistics.fail.count == 4)
        #expect(scheduler.statistics.success.count == 36)
    }

    @Test func errorForTheListFailsAllOfTheBatchAndNoOther() async throws {
        let scheduler = ModelScheduler(
            Model(definition()) { requests in
                if try requests[0].inputs.require("x").first(as: Int32.self) == 1 { throw Odd() }
                return try requests.map { ["y": try $0.inputs.require("x")] }
            }
        )
        let failed = try await submit(scheduler, 1)
        guard case .failure(let failure) = failed.outputs else { Issue.record("should fail"); return }
        #expect(failure.error == InferenceError(.internal, "Failed to process the request(s) for model 'm', message: Odd: odd one"))
        let next = try await submit(scheduler, 2)
        #expect(try next.outputs.get().count == 1)
    }

    @Test func wrongNumberOfResultsIsAnError() async throws {
        let scheduler = ModelScheduler(Model(definition()) { _ in [] })
        let completion = try await submit(scheduler, 1)
        guard case .failure(let failure) = completion.outputs else { Issue.record("should fail"); return }
        #expect(failure.error.message == "model 'm' gave 0 results for 1 requests")
    }

    @Test func fullQueueIsUnavailableAndCounted() async throws {
        let gate = Gate()
        let scheduler = ModelScheduler(
            Model(definition(maxQueueSize: 2)) { requests in
                await gate.pass()
                return try requests.map { ["y": try $0.inputs.require("x")] }
            }
        )
        try await withThrowingTaskGroup(of: Void.self) { group in
            for value in 0..<Int32(3) { group.addTask { _ = try await submit(scheduler, value) } }
            while scheduler.queueDepth < 2 { await Task.yield() }
            let rejected = try await submit(scheduler, 9)
            guard case .failure(let failure) = rejected.outputs else { Issue.record("should fail"); return }
            #expect(failure.error.code == .unavailable)
            #expect(failure.error.message.contains("[request id: r9] Exceeds maximum queue size"))
            #expect(scheduler.statistics.rejectedCount == 1)
            gate.open()
            try await group.waitForAll()
        }
    }

    @Test(arguments: [
        (["z": Int32(1)], "model 'm' gave the output 'z', which it does not declare; declared are [\"y\"]"),
        ([:], "model 'm' gave no output 'y', which it declares; it gave []"),
    ] as [([String: Int32], String)])
    func strictModelsMustGiveWhatTheyDeclare(outputs: [String: Int32], message: String) async throws {
        let scheduler = ModelScheduler(
            Model(definition(strict: true)) { _ in
                var tensors = NamedTensors()
                for (name, value) in outputs { tensors[name] = try Tensor([value], shape: [1, 1]) }
                return [.success(tensors)]
            }
        )
        let completion = try await submit(scheduler, 1)
        guard case .failure(let failure) = completion.outputs else { Issue.record("should fail"); return }
        #expect(failure.error == InferenceError(.internal, message))
    }

    @Test func strictModelsMustGiveTypeAndShape() async throws {
        let type = ModelScheduler(Model(definition(strict: true)) { _ in [["y": try Tensor([1] as [Float], shape: [1, 1])]] })
        guard case .failure(let wrongType) = try await submit(type, 1).outputs else { Issue.record("should fail"); return }
        #expect(wrongType.error.message == "model 'm' gave FP32 for output 'y', but declares INT32")
        let shape = ModelScheduler(Model(definition(strict: true)) { _ in [["y": try Tensor([1, 2] as [Int32], shape: [1, 2])]] })
        guard case .failure(let wrongShape) = try await submit(shape, 1).outputs else { Issue.record("should fail"); return }
        #expect(wrongShape.error.message == "model 'm' gave the shape [1,2] for output 'y', but declares [-1,1]")
    }

    @Test func otherModelsAreCastAndUndeclaredOutputsDropped() async throws {
        let scheduler = ModelScheduler(
            Model(definition()) { _ in [["y": try Tensor([1.9] as [Float], shape: [1, 1]), "z": try Tensor([1] as [Float])]] })
        let outputs = try await submit(scheduler, 1).outputs.get()
        #expect(outputs.names == ["y"])
        #expect(try outputs["y"]?.values(as: Int32.self) == [1])
    }

    @Test func declarationsAreChecked() {
        let registry = ModelRegistry()
        let output = TensorSpecification("y", Float.self, shape: [1])
        for wrong in [
            ModelDefinition(name: "", inputs: [], outputs: [output]),
            ModelDefinition(name: "a/b", inputs: [], outputs: [output]),
            ModelDefinition(name: "a", inputs: [], outputs: []),
            ModelDefinition(name: "a", inputs: [output, output], outputs: [output]),
            ModelDefinition(name: "a", inputs: [], outputs: [TensorSpecification("y", Float.self, shape: [-2])]),
            ModelDefinition(name: "a", inputs: [], outputs: [output], maxBatchSize: -1),
            ModelDefinition(name: "a", inputs: [], outputs: [output], instanceCount: 0),
        ] {
            #expect(throws: InferenceError.self, "\(wrong)") { try registry.load(Model(wrong) { _ in [] }) }
        }
        #expect(throws: Never.self) { try registry.load(.passthrough) }
        #expect(throws: InferenceError(.alreadyExists, "model 'passthrough' is already loaded in version 1; choose another name or version")) {
            try registry.load(.passthrough)
        }
    }
}
