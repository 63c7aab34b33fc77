import Synchronization
import Testing

@testable import Inference

@Suite struct RateLimiterTests {
    @Test func executionsWaitForTheirResources() {
        var state = RateLimiterState(capacities: [.global("R"): 2])
        let one = RateLimiterPolicy(globalResources: ["R": 1])
        #expect(state.register(RateLimiterPolicy(resources: ["R": 5])) == nil)
        let two = RateLimiterPolicy(globalResources: ["R": 2])
        #expect(state.request(one, model: "a").granted == [1])
        #expect(state.request(two, model: "b").granted == [])
        // It would fit, but whoever came before needs the same.
        #expect(state.request(one, model: "a").granted == [])
        #expect(state.request(RateLimiterPolicy(resources: ["R": 5]), model: "c").granted == [4], "a device's resource is another one")
        #expect(state.release(one.amounts) == [2])
        #expect(state.release(two.amounts) == [3])
    }

    @Test func aHigherNumberIsExecutedLessOften() {
        var state = RateLimiterState(capacities: [:])
        let often = RateLimiterPolicy(resources: ["R": 1], priority: 1)
        let seldom = RateLimiterPolicy(resources: ["R": 1], priority: 2)
        #expect(state.register(often) == nil)
        var models: [UInt64: String] = [:]
        var holder: UInt64?
        for round in 0..<60 {
            let model = round % 2 == 0 ? "often" : "seldom"
            let (ticket, granted) = state.request(model == "often" ? often : seldom, model: model)
            models[ticket] = model
            if let first = granted.first { holder = first }
        }
        var order: [String] = []
        for _ in 0..<30 {
            guard let current = holder else { break }
            order.append(models[current] ?? "")
            holder = state.release(often.amounts).first
        }
        #expect(order.count { $0 == "often" } == 20)
        #expect(order.count { $0 == "seldom" } == 10)
    }

    @Test func impossibleNeedsAreRefusedAtTheStart() {
        let limiter = RateLimiter(capacities: ["GPU_MEMORY": 4])
        #expect(throws: InferenceError(.invalidArgument, "model 'm' needs 5 of the rate limiter's resource 'GPU_MEMORY', but there are 4")) {
            try limiter.register(RateLimiterPolicy(resources: ["GPU_MEMORY": 5]), model: "m")
        }
        #expect(throws: Never.self) { try limiter.register(RateLimiterPolicy(resources: ["GPU_MEMORY": 4, "other": 9]), model: "m") }
    }

    @Test func aModelThatNeedsTooMuchFailsInsteadOfHanging() async throws {
        var definition = integerModel()
        definition.rateLimiter = RateLimiterPolicy(globalResources: ["R": 2])
        let scheduler = ModelScheduler(Model(definition) { requests in requests.map { _ in [:] } })
        let completion = await scheduler.submit(try InferenceRequest(1), limiter: RateLimiter(globalCapacities: ["R": 1]))
        #expect(completion.errorText == "model 'm' needs 2 of the rate limiter's resource 'R', but there are 1")
    }

    @Test func modelsShareWhatThereIs() async throws {
        let limiter = RateLimiter(globalCapacities: ["R": 1])
        let running = Atomic(0)
        let most = Atomic(0)
        let schedulers = (0..<3).map { index in
            var definition = integerModel("m\(index)", maxBatchSize: 0, instanceCount: 2)
            definition.inputs[0].shape = [1, 1]
            definition.outputs[0].shape = [1, 1]
            definition.rateLimiter = RateLimiterPolicy(globalResources: ["R": 1])
            return ModelScheduler(
                Model(definition) { requests in
                    let now = running.add(1, ordering: .sequentiallyConsistent).newValue
                    most.max(now, ordering: .sequentiallyConsistent)
                    await Task.yield()
                    running.subtract(1, ordering: .sequentiallyConsistent)
                    return try requests.map { ["y": try $0.inputs.require("x")] }
                }
            )
        }
        try await withThrowingTaskGroup(of: ModelScheduler.Completion.self) { group in
            for value in 0..<Int32(300) {
                group.addTask { await schedulers[Int(value) % 3].submit(try InferenceRequest(value), limiter: limiter) }
            }
            for try await completion in group { #expect(completion.outcome == .success) }
        }
        let peak = most.load(ordering: .sequentiallyConsistent)
        #expect(peak == 1)
    }

    @Test func whoLeavesWhileItWaitsForResourcesHoldsNone() async throws {
        let limiter = RateLimiter(globalCapacities: ["R": 1])
        let gate = ExecutionGate()
        var definition = integerModel(maxBatchSize: 0, instanceCount: 2)
        definition.inputs[0].shape = [1, 1]
        definition.outputs[0].shape = [1, 1]
        definition.rateLimiter = RateLimiterPolicy(globalResources: ["R": 1])
        let scheduler = ModelScheduler(
            Model(definition) { requests in
                await gate.pass()
                return try requests.map { ["y": try $0.inputs.require("x")] }
            }
        )
        let first = Task { await scheduler.submit(try InferenceRequest(1), limiter: limiter) }
        try await eventually { gate.arrivals == 1 }
        let leaver = Task { await scheduler.submit(try InferenceRequest(2), limiter: limiter) }
        try await eventually { scheduler.state.withLock { $0.scheduler.busyInstances } == 2 }
        leaver.cancel()
        #expect(try await leaver.value.outcome == .canceled)
        gate.open()
        #expect(try await first.value.outcome == .success)
        #expect(try await scheduler.submit(try InferenceRequest(3), limiter: limiter).outcome == .success)
    }
}
