import NeedletailTracing
import Synchronization
import Testing

@testable import Inference

@Suite struct ResponseCacheTests {
    private func core(size: Int, model: ModelDefinition, executions: ExecutionGate) throws -> InferenceCore {
        let core = InferenceCore(tracer: nil, logging: LoggingSettings(), responseCacheSize: size)
        executions.open()
        try core.load(
            Model(model) { requests in
                await executions.pass()
                return try requests.map { request in
                    let x = try request.inputs.require("x")
                    if try x.first(as: Int32.self) < 0 { return .failure(InferenceError(.internal, "negative")) }
                    return ["y": x]
                }
            }
        )
        return core
    }

    private func infer(_ core: InferenceCore, _ value: Int32, parameters: [String: ParameterValue] = [:]) async throws -> ModelScheduler.Completion {
        var timestamps = RequestTimestamps.now()
        return try await core.infer(
            UncheckedRequest(inputs: ["x": try Tensor([value], shape: [1, 1])], parameters: parameters),
            model: try core.registry.model(named: "m", version: nil),
            decision: nil,
            timestamps: &timestamps
        )
    }

    @Test func equalRequestsAreAnsweredWithoutTheModel() async throws {
        var definition = integerModel()
        definition.usesResponseCache = true
        let executions = ExecutionGate()
        let core = try core(size: 1 << 20, model: definition, executions: executions)
        for value in [1, 2, 1, 1, 2] as [Int32] { #expect(try await infer(core, value).value() == value) }
        #expect(executions.arrivals == 2)
        let statistics = try core.registry.model(named: "m", version: nil).scheduler.statistics
        #expect(statistics.cacheHit.count == 3)
        #expect(statistics.cacheMiss.count == 2)
        #expect(statistics.success.count == 5)
        #expect(statistics.executionCount == 2)
        // What a model may look at is part of the request.
        _ = try await infer(core, 1, parameters: ["temperature": .double(0.5)])
        #expect(executions.arrivals == 3)
        // Failures are not kept.
        for _ in 0..<2 { #expect(try await infer(core, -1).outcome == .backend) }
        #expect(executions.arrivals == 5)
    }

    @Test func onlyModelsThatWantItAreCached() async throws {
        let executions = ExecutionGate()
        let core = try core(size: 1 << 20, model: integerModel(), executions: executions)
        for _ in 0..<3 { _ = try await infer(core, 1) }
        #expect(executions.arrivals == 3)
        #expect(core.responseCache?.entryCount == 0)
    }

    @Test func theCacheStaysWithinItsSize() async throws {
        var definition = integerModel()
        definition.usesResponseCache = true
        let executions = ExecutionGate()
        let core = try core(size: 6_000, model: definition, executions: executions)
        for value in 0..<Int32(100) { _ = try await infer(core, value) }
        let cache = try #require(core.responseCache)
        #expect(cache.byteCount <= 6_000)
        #expect(cache.entryCount > 3)
        // The newest are kept.
        _ = try await infer(core, 99)
        #expect(executions.arrivals == 100)
        _ = try await infer(core, 0)
        #expect(executions.arrivals == 101)
    }

    @Test func whoWasNotAskedForLongestLeavesFirst() {
        var table = LeastRecentlyUsed<String, Int>(capacity: 30)
        for (index, key) in ["a", "b", "c"].enumerated() { table.insert(index, for: key, cost: 10) }
        #expect(table.value(of: "a") == 0)
        table.insert(3, for: "d", cost: 10)
        #expect(table.value(of: "b") == nil)
        #expect(table.value(of: "a") == 0)
        table.insert(9, for: "big", cost: 31)
        #expect(table.value(of: "big") == nil)
        table.insert(4, for: "e", cost: 25)
        #expect(table.count == 1)
        #expect(table.cost == 25)
        table.insert(5, for: "e", cost: 5)
        #expect(table.cost == 5)
        table.insert(1, for: "a", cost: 10)
        #expect(table.value(of: "a") == 1)
    }
}
