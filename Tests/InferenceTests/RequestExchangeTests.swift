import NeedletailTracing
import ServiceContextModule
import Synchronization
import Testing
import TraceModel

@testable import Inference

@Suite struct RequestExchangeTests {
    /// Keeps what is handed on.
    final class SpanList: SpanProcessor {
        private let list = Mutex<[TraceModel.Span]>([])
        var spans: [TraceModel.Span] { list.withLock { $0 } }
        func onEnd(_ span: consuming TraceModel.Span, scope: InstrumentationScope) {
            let kept = span
            list.withLock { $0.append(kept) }
        }
        func forceFlush() async {}
        func shutdown() async {}
    }

    static func definition(_ name: String, isDecoupled: Bool = false, maxBatchSize: Int = 0) -> ModelDefinition {
        var definition = ModelDefinition(
            name: name,
            inputs: [TensorSpecification("x", Int32.self, shape: [1])],
            outputs: [TensorSpecification("y", Int32.self, shape: [1])],
            maxBatchSize: maxBatchSize
        )
        definition.isDecoupled = isDecoupled
        return definition
    }

    static func tensor(_ value: Int32) throws -> NamedTensors { ["x": try Tensor([value], shape: [1])] }

    /// Sends 0, 1, … up to the input.
    static func counter(sent: @escaping @Sendable (Int32) -> Void = { _ in }) -> Model {
        Model(definition("counter", isDecoupled: true)) { request in
            let count = try request.inputs.require("x").first(as: Int32.self)
            for value in 0..<count {
                try await request.send(["y": try Tensor([value], shape: [1])])
                sent(value)
            }
            return [:]
        }
    }

    private func stream(
        _ core: InferenceCore,
        _ model: String,
        _ value: Int32,
        decision: InferenceTracer.Decision? = nil,
        onResponse: @escaping @Sendable (StreamedResponse) async throws -> Void
    ) async throws -> (ModelScheduler.Completion, RequestTimestamps) {
        var timestamps = RequestTimestamps.now()
        let completion = try await core.stream(
            UncheckedRequest(inputs: try Self.tensor(value)),
            model: try core.registry.model(named: model, version: nil),
            decision: decision,
            timestamps: &timestamps,
            onResponse: onResponse
        )
        return (completion, timestamps)
    }

    @Test func eachResponseArrivesInOrderAndTheEndIsMarked() async throws {
        let core = InferenceCore()
        try core.load(Self.counter())
        let seen = Mutex<[String]>([])
        let (completion, timestamps) = try await stream(core, "counter", 3) { response in
            let text = try response.outputs.get()["y"].map { "\(try $0.first(as: Int32.self))" } ?? "end"
            seen.withLock { $0.append("\(text) \(response.isFinal)") }
        }
        #expect(seen.withLock { $0 } == ["0 false", "1 false", "2 false", "end true"])
        #expect(completion.outcome == .success)
        let execution = try #require(completion.execution)
        #expect(execution.computeEnd <= timestamps.requestEnd)
        #expect(execution.computeEnd > execution.inputEnd)
    }

    @Test func aModelWaitsUntilItsClientTookTheResponse() async throws {
        let core = InferenceCore()
        let sent = Atomic<Int32>(0)
        try core.load(Self.counter { sent.store($0 + 1, ordering: .sequentiallyConsistent) })
        _ = try await stream(core, "counter", 50) { response in
            guard !response.isFinal else { return }
            let value = try response.outputs.get().require("y").first(as: Int32.self)
            // Whatever the model did in between, it never runs ahead of us.
            for _ in 0..<20 { await Task.yield() }
            #expect(sent.load(ordering: .sequentiallyConsistent) <= value)
        }
        #expect(sent.load(ordering: .sequentiallyConsistent) == 50)
    }

    @Test func aClientThatLeavesStopsTheModel() async throws {
        let core = InferenceCore()
        let failure = Mutex<InferenceError?>(nil)
        try core.load(
            Model(Self.definition("endless", isDecoupled: true)) { request in
                do throws(InferenceError) {
                    while true { try await request.send(["y": try Tensor([1 as Int32], shape: [1])]) }
                } catch {
                    #expect(request.isCancelled)
                    failure.withLock { $0 = error }
                    throw error
                }
            }
        )
        struct Enough: Error {}
        let count = Atomic(0)
        let (completion, _) = try await stream(core, "endless", 1) { _ in
            if count.wrappingAdd(1, ordering: .relaxed).newValue == 3 { throw Enough() }
        }
        #expect(completion.outcome == .canceled)
        guard case .failure(let reason) = completion.outputs else { Issue.record("should fail"); return }
        #expect(reason.error.code == .cancelled)
        while failure.withLock({ $0 }) == nil { await Task.yield() }
        #expect(failure.withLock { $0?.code } == .cancelled)
        #expect(count.load(ordering: .relaxed) == 3)
    }

    @Test func failuresAfterResponsesAreTheLast() async throws {
        let core = InferenceCore()
        try core.load(
            Model(Self.definition("breaks", isDecoupled: true)) { request in
                try await request.send(["y": try Tensor([1 as Int32], shape: [1])])
                throw InferenceError(.invalidArgument, "no more")
            }
        )
        let seen = Mutex<[String]>([])
        _ = try await stream(core, "breaks", 1) { response in
            switch response.outputs {
            case .success: seen.withLock { $0.append("one \(response.isFinal)") }
            case .failure(let failure): seen.withLock { $0.append("\(failure.error) \(response.isFinal)") }
            }
        }
        #expect(seen.withLock { $0 } == ["one false", "no more true"])
    }

    @Test func exactlyOneResponseIsAnOrdinaryAnswer() async throws {
        let core = InferenceCore()
        try core.load(Self.counter())
        let model = try core.registry.model(named: "counter", version: nil)
        for (count, isAnswer) in [(0, false), (1, true), (2, false), (500, false)] as [(Int32, Bool)] {
            var timestamps = RequestTimestamps.now()
            let completion = try await core.inferOnce(
                UncheckedRequest(inputs: try Self.tensor(count)), model: model, decision: nil, timestamps: &timestamps)
            switch completion.outputs {
            case .success(let outputs): #expect(isAnswer && outputs["y"] != nil)
            case .failure(let failure):
                #expect(!isAnswer)
                #expect(failure.error.message.hasPrefix("generate expects model to produce exactly 1 response"))
            }
        }
        var timestamps = RequestTimestamps.now()
        await #expect(throws: InferenceError.self) {
            _ = try await core.infer(UncheckedRequest(inputs: try Self.tensor(1)), model: model, decision: nil, timestamps: &timestamps)
        }
    }

    @Test func onlyDecoupledModelsSend() async throws {
        let core = InferenceCore()
        try core.load(
            Model(Self.definition("plain")) { request in
                try await request.send(["y": try Tensor([1 as Int32], shape: [1])])
                return [:]
            }
        )
        let (completion, _) = try await stream(core, "plain", 1) { _ in }
        guard case .failure(let failure) = completion.outputs else { Issue.record("should fail"); return }
        #expect(failure.error.code == .invalidArgument)
        #expect(failure.error.message.contains("not decoupled"))
    }

    @Test func aCallOfAnotherModelIsAChildOfTheCallersModelSpan() async throws {
        let list = SpanList()
        let tracer = InferenceTracer(settings: TraceSettings(level: .timestamps, rate: 1), processor: list)
        let core = InferenceCore(tracer: tracer)
        try core.load(Model(Self.definition("inner")) { ["y": try $0.inputs.require("x")] })
        try core.load(
            Model(Self.definition("outer")) { request in
                try await request.call(ModelCall("inner", id: "child", inputs: request.inputs))
            }
        )
        try core.load(Self.counter())
        try core.load(
            Model(Self.definition("collector")) { request in
                let values = Mutex<[Int32]>([])
                try await request.call(ModelCall("counter", inputs: request.inputs)) { outputs in
                    let value = try outputs.require("y").first(as: Int32.self)
                    values.withLock { $0.append(value) }
                }
                return ["y": try Tensor([values.withLock { $0 }.reduce(0, +)], shape: [1])]
            }
        )
        let decision = tracer.decide(model: "outer", headers: HeaderPairs([]))
        let trace = try #require(decision.trace)
        let (completion, _) = try await stream(core, "outer", 7, decision: decision) { _ in }
        #expect(try completion.outputs.get().require("y").first(as: Int32.self) == 7)
        let spans = list.spans
        let model = try #require(spans.first { $0.name == "inner" })
        #expect(spans.map(\.name).sorted() == ["compute", "inner"])
        #expect(model.parentSpanID == trace.modelSpanID)
        #expect(model.traceID == trace.traceID)
        #expect(model.attributes.contains(Attribute("triton.trace_parent_id", .int(Int64(trace.number)))))
        #expect(model.attributes.contains(Attribute("triton.request_id", .string("child"))))
        #expect(spans.first { $0.name == "compute" }?.parentSpanID == model.spanID)

        let (sum, _) = try await stream(core, "collector", 4) { _ in }
        #expect(try sum.outputs.get().require("y").first(as: Int32.self) == 6)
    }

    @Test func callsInACircleAreRefused() async throws {
        let core = InferenceCore()
        for (name, callee) in [("a", "b"), ("b", "c"), ("c", "a")] {
            try core.load(Model(Self.definition(name)) { try await $0.call(ModelCall(callee, inputs: $0.inputs)) })
        }
        let (completion, _) = try await stream(core, "a", 1) { _ in }
        guard case .failure(let failure) = completion.outputs else { Issue.record("should fail"); return }
        #expect(failure.error.message == "a model must not be called by itself, directly or by others, but the calls are 'a' → 'b' → 'c' → 'a'")
    }

    @Test func longChainsOfCallsAreRefused() async throws {
        let core = InferenceCore()
        for index in 0..<20 {
            try core.load(Model(Self.definition("m\(index)")) { try await $0.call(ModelCall("m\(index + 1)", inputs: $0.inputs)) })
        }
        try core.load(Model(Self.definition("m20")) { ["y": try $0.inputs.require("x")] })
        let (refused, _) = try await stream(core, "m0", 1) { _ in }
        guard case .failure(let failure) = refused.outputs else { Issue.record("should fail"); return }
        #expect(failure.error.message.hasPrefix("at most 16 models may call each other in a row"))
        let (completion, _) = try await stream(core, "m5", 1) { _ in }
        #expect(completion.outcome == .success)
    }

    @Test func theObserverHearsOfEachRequestOnce() async throws {
        final class Ends: RequestObserver {
            let list = Mutex<[EndedRequest]>([])
            func requestEnded(_ request: EndedRequest) { list.withLock { $0.append(request) } }
        }
        let ends = Ends()
        let core = InferenceCore(tracer: nil, logging: LoggingSettings(), observer: ends)
        try core.load(Self.counter())
        try core.load(Model(Self.definition("fails")) { (_: InferenceRequest) in throw InferenceError(.internal, "no") })
        _ = try await stream(core, "counter", 2) { _ in }
        _ = try await stream(core, "fails", 2) { _ in }
        let list = ends.list.withLock { $0 }
        #expect(list.map(\.modelName) == ["counter", "fails"])
        #expect(list.map(\.outcome) == [.success, .backend])
        #expect(list[0].firstResponse != nil)
        #expect(list[1].firstResponse == nil)
    }
}
