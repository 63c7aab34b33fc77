import Synchronization
import Testing

@testable import Inference

@Suite struct BatchFunctionTests {
    private var definition: ModelDefinition {
        var definition = ModelDefinition(
            name: "m",
            inputs: [
                TensorSpecification("x", Float.self, shape: [-1]),
                TensorSpecification("t", Int32.self, shape: [1], isOptional: true),
                TensorSpecification(name: "s", dataType: .bytes, shape: [1], isOptional: true),
            ],
            outputs: [TensorSpecification("y", Float.self, shape: [-1])],
            maxBatchSize: 8
        )
        definition.batching = .dynamic(DynamicBatching(preferredBatchSizes: [4]))
        return definition
    }

    private func request(_ rows: [[Float]], _ extra: NamedTensors = NamedTensors()) throws -> InferenceRequest {
        var inputs: NamedTensors = ["x": try Tensor(rows.flatMap { $0 }, shape: [rows.count, rows[0].count])]
        for (name, tensor) in extra { inputs[name] = tensor }
        return InferenceRequest(id: "", modelName: "m", modelVersion: 1, inputs: inputs, batchSize: rows.count)
    }

    private func temperature(_ values: [Int32]) throws -> NamedTensors { ["t": try Tensor(values, shape: [values.count, 1])] }

    private func values(_ results: [InferenceResult]) throws -> [[Float]] {
        try results.map { result in
            switch result {
            case .success(let outputs): try outputs.require("y").values(as: Float.self)
            case .failure(let error): throw error
            }
        }
    }

    private func message(_ operation: () async throws -> Void) async -> String {
        do {
            try await operation()
            return "no error"
        } catch { return "\(error)" }
    }

    // MARK: batch, sample

    @Test func aBatchIsStackedAndItsOutputsAreSplit() async throws {
        let sizes = Mutex<[Int]>([])
        let function = Model.batch(definition) { inputs, context in
            sizes.withLock { $0 = context.batchSizes }
            let x = try inputs.require("x")
            #expect(x.shape == [3, 2])
            return ["y": try Tensor(try x.values(as: Float.self).map { $0 * 2 }, shape: x.shape)]
        }
        let results = try await function([try request([[1, 2]]), try request([[3, 4], [5, 6]])])
        #expect(try values(results) == [[2, 4], [6, 8, 10, 12]])
        #expect(sizes.withLock { $0 } == [1, 2])
    }

    @Test func stackedModelsShareExecutionsOnlyWithTheirLike() async throws {
        let gate = ExecutionGate()
        let shapes = Mutex<[[Int]]>([])
        let scheduler = ModelScheduler(
            Model(definition) { (inputs: NamedTensors, _: BatchContext) in
                await gate.pass()
                let x = try inputs.require("x")
                shapes.withLock { $0.append(x.shape) }
                return ["y": x]
            }
        )
        let first = Task { await scheduler.submit(try request([[0]])) }
        try await eventually { gate.arrivals == 1 }
        var tasks: [Task<ModelScheduler.Completion, any Error>] = []
        for index in 0..<6 {
            tasks.append(Task { await scheduler.submit(try request([Array(repeating: Float(index), count: 1 + index % 2)])) })
            try await eventually { scheduler.queueDepth == index + 1 }
        }
        gate.open()
        for (index, task) in tasks.enumerated() {
            let value = try await task.value.outputs.get().require("y").values(as: Float.self)
            #expect(value == Array(repeating: Float(index), count: 1 + index % 2))
        }
        _ = try await first.value
        #expect(shapes.withLock { $0 } == [[1, 1], [3, 1], [3, 2]])
    }

    @Test func stackingTellsWhatDoesNotFit() async throws {
        let function = Model.batch(definition) { inputs, _ in ["y": try inputs.require("x").rows(0..<1)] }
        let keys = await message { _ = try await function([try request([[1]]), try request([[1]], try temperature([1]))]) }
        #expect(keys.hasPrefix("Cannot batch requests with different set of inputs keys: [\"x\"] and [\"t\", \"x\"]"))
        let shapes = await message { _ = try await function([try request([[1]]), try request([[1, 2]])]) }
        #expect(shapes.contains("input 'x'") && shapes.contains("[1,1]") && shapes.contains("[1,2]"))
        let outputs = await message { _ = try await function([try request([[1]]), try request([[2]])]) }
        #expect(outputs == "Received output tensors with different batch sizes: y: [1,1]. Expected batch size: 2. ")
    }

    @Test func aSampleIsOneRequest() async throws {
        let function = Model.sample { inputs, _ in ["y": try inputs.require("x")] }
        #expect(try values(await function([try request([[7]])])) == [[7]])
        #expect(await message { _ = try await function([try request([[1]]), try request([[2]])]) }.contains("there are 2 requests"))
    }

    // MARK: groups

    @Test func requestsAreGroupedByTheirInputs() async throws {
        let calls = Mutex<[Int]>([])
        let function = Model.groupByKeys(
            Model.batch(definition) { inputs, context in
                calls.withLock { $0.append(context.requests.count) }
                let offset = try inputs["t"]?.first(as: Int32.self) ?? 0
                let x = try inputs.require("x")
                return ["y": try Tensor(try x.values(as: Float.self).map { $0 + Float(offset) }, shape: x.shape)]
            }
        )
        let requests = [
            try request([[1]]), try request([[2]], try temperature([10])), try request([[3]]), try request([[4]], try temperature([10])),
        ]
        #expect(try values(await function(requests)) == [[1], [12], [3], [14]])
        #expect(calls.withLock { $0 } == [2, 2])
    }

    @Test func rowsAreGroupedByTheirValues() async throws {
        let groups = Mutex<[[Float]]>([])
        let function = Model.batch(
            definition,
            Model.groupByValues(["t", "s"]) { inputs, _ in
                let x = try inputs.require("x")
                groups.withLock { $0.append((try? x.values(as: Float.self)) ?? []) }
                #expect(Set(try inputs.require("t").values(as: Int32.self)).count == 1)
                return ["y": x]
            }
        )
        func extra(_ t: [Int32], _ s: [String]) throws -> NamedTensors {
            ["t": try Tensor(t, shape: [t.count, 1]), "s": try Tensor(strings: s, shape: [s.count, 1])]
        }
        let requests = [
            try request([[1], [2], [3]], try extra([5, 6, 5], ["a", "a", "a"])),
            try request([[4], [5]], try extra([5, 5], ["bb", "a"])),
        ]
        #expect(try values(await function(requests)) == [[1, 2, 3], [4, 5]])
        #expect(groups.withLock { $0 } == [[1, 3, 5], [2], [4]])
        #expect(await message { _ = try await function([try request([[1]])]) }.contains("there is no tensor 't'"))
    }

    @Test func outputsOfGroupsArePadded() async throws {
        @Sendable func lengthen(_ inputs: NamedTensors, _ context: BatchContext) throws -> NamedTensors {
            // As many columns as the temperature says.
            let columns = Int(try inputs.require("t").first(as: Int32.self))
            let rows = try inputs.require("x").rowCount
            return ["y": try Tensor(Array(repeating: Float(columns), count: rows * columns), shape: [rows, columns])]
        }
        let requests = [try request([[0], [0]], try temperature([1, 3]))]
        let padded = Model.batch(definition, Model.groupByValues(["t"], padder: ConstantPadder(padValue: -1), lengthen))
        #expect(try values(await padded(requests)) == [[1, -1, -1, 3, 3, 3]])
        let bare = Model.batch(definition, Model.groupByValues(["t"], lengthen))
        #expect(await message { _ = try await bare(requests) }.contains("a padder brings them to one shape"))
    }

    @Test func paddingKeepsTextsAndHigherAxes() throws {
        let texts = try Tensor(strings: ["a", "bb", "c", "d"], shape: [2, 2])
        let longer = try ConstantPadder().pad([["s": texts], ["s": try Tensor(strings: ["x", "y", "z"], shape: [1, 3])]])
        #expect(try longer[0].require("s").strings() == ["a", "bb", "", "c", "d", ""])
        let cube = try Tensor((1...8).map { Int32($0) }, shape: [2, 2, 2])
        let padded = try ConstantPadder(padValue: 9).pad([["c": cube], ["c": try Tensor([0, 0, 0] as [Int32], shape: [1, 1, 3])]])
        #expect(try padded[0].require("c").values(as: Int32.self) == [1, 2, 9, 3, 4, 9, 5, 6, 9, 7, 8, 9])
        #expect(try padded[1].require("c").values(as: Int32.self) == [0, 0, 0, 9, 9, 9])
        #expect(throws: InferenceError.self) { try ConstantPadder().pad([["c": cube], ["c": texts]]) }
    }

    // MARK: inputs

    @Test func optionalInputsAreFilled() async throws {
        let function = try Model.fillOptionals(
            ["t": try Tensor([7] as [Int32])],
            of: definition,
            Model.batch(definition) { inputs, _ in
                ["y": try inputs.require("t").converted(to: .fp32)]
            }
        )
        let requests = [try request([[1], [2]]), try request([[3]], try temperature([9]))]
        #expect(try values(await function(requests)) == [[7, 7], [9]])
    }

    @Test(arguments: [
        (["q": try Tensor([1] as [Int32])], "Could not found q inputs"),
        (["t": try Tensor([1] as [Float])], "dtype=FP32 expected_dtype=INT32"),
        (["t": try Tensor([1, 2] as [Int32])], "shape=[2] expected_shape=[1]"),
    ] as [(NamedTensors, String)])
    func wrongDefaultsAreToldWhenTheModelIsMade(defaults: NamedTensors, text: String) async {
        let message = await message { _ = try Model.fillOptionals(defaults, of: definition) { _ in [] } }
        #expect(message.contains(text), "\(message)")
    }

    @Test func batchesArePaddedToASizeTheModelLikes() async throws {
        let sizes = Mutex<[Int]>([])
        let function = Model.batch(
            definition,
            Model.padBatch { inputs, _ in
                let x = try inputs.require("x")
                sizes.withLock { $0.append(x.rowCount) }
                #expect(try x.values(as: Float.self).suffix(2).allSatisfy { $0 == 3 })
                return ["y": x]
            }
        )
        #expect(try values(await function([try request([[1]]), try request([[2], [3]])])) == [[1], [2, 3]])
        _ = try await function([try request([[3], [3], [3], [3], [3]])])
        #expect(sizes.withLock { $0 } == [4, 8])
    }

    @Test func equalValuesBecomeOne() async throws {
        let function = Model.batch(
            definition,
            Model.firstValue(["t", "s"]) { inputs, _ in
                let t = try inputs.require("t")
                #expect(t.shape == [])
                let x = try inputs.require("x")
                return ["y": try Tensor(try x.values(as: Float.self).map { $0 * Float(try t.first(as: Int32.self)) }, shape: x.shape)]
            }
        )
        #expect(try values(await function([try request([[1], [2]], try temperature([3, 3]))])) == [[3, 6]])
        let text = await message { _ = try await function([try request([[1], [2]], try temperature([3, 4]))]) }
        #expect(text.hasPrefix("The values on the 't' input are not equal."))
        let lenient = Model.batch(definition, Model.firstValue(["t"], squeezes: false, strict: false) { inputs, _ in
            #expect(try inputs.require("t").shape == [1])
            return ["y": try inputs.require("x")]
        })
        #expect(try values(await lenient([try request([[1], [2]], try temperature([3, 4]))])) == [[1, 2]])
    }

    // MARK: warm-up

    @Test func warmupsRunOnEachInstanceBeforeTheModelAnswers() async throws {
        let batches = Mutex<[String]>([])
        var definition = definition
        definition.instanceCount = 2
        definition.warmups = [
            ModelWarmup(
                name: "zeros", batchSize: 3,
                inputs: ["x": .init(dataType: .fp32, shape: [2], content: .zeros), "s": .init(dataType: .bytes, shape: [1], content: .random)],
                count: 2)
        ]
        let model = Model(definition) { requests in
            let sums = requests.map { request in (try? request.inputs.require("x").values(as: Float.self).reduce(0, +)) ?? -1 }
            batches.withLock { $0.append("\(requests.count) \(sums.reduce(0, +))") }
            return requests.map { _ in [:] }
        }
        try await model.warmUp()
        #expect(batches.withLock { $0 } == Array(repeating: "3 0.0", count: 4))
    }

    @Test func aModelThatFailsItsWarmupIsNotServed() async throws {
        let core = InferenceCore()
        var definition = definition
        definition.warmups = [ModelWarmup(name: "w", batchSize: 1, inputs: ["x": .init(dataType: .fp32, shape: [1], content: .zeros)])]
        let broken = Model(definition) { (_: [InferenceRequest]) in throw InferenceError(.internal, "broken") }
        #expect(await message { try await core.load(warmingUp: broken) } == "failed to run warmup sample 'w' of model 'm': broken")
        #expect(core.models.isEmpty)
        try await core.load(warmingUp: Model(definition) { requests in requests.map { _ in [:] } })
        #expect(core.models.map(\.name) == ["m"])
    }

    @Test func wrongWarmupsSayWhy() async throws {
        var definition = definition
        for (input, text) in [
            (ModelWarmup.Input(dataType: .fp64, shape: [1], content: .zeros), "data-type is 'FP64', but model 'm' expects 'FP32'"),
            (ModelWarmup.Input(dataType: .fp32, shape: [1], content: .file("a.bin")), "the model lies in no folder"),
            (ModelWarmup.Input(dataType: .fp32, shape: [1], content: .random), "broken"),
        ] {
            definition.warmups = [ModelWarmup(name: "w", batchSize: 1, inputs: ["x": input])]
            let model = Model(definition) { _ in throw InferenceError(.internal, "broken") } as Model
            let message = await message { try await model.warmUp() }
            #expect(message.hasPrefix("failed to run warmup sample 'w' of model 'm': "), "\(message)")
            #expect(message.contains(text), "\(message)")
        }
    }

    // MARK: declarations

    @Test(arguments: [
        (.dynamic(DynamicBatching(preferredBatchSizes: [9])), "dynamic batching preferred size must be <= max batch size for m"),
        (.dynamic(DynamicBatching(priorityLevels: 2, defaultPriorityLevel: 3)), "the default priority level must be from 1 to 2, but is 3"),
        (
            .dynamic(DynamicBatching(preserveOrdering: true, priorityLevels: 2, defaultPriorityLevel: 1)),
            "Only one priority level is allowed when 'preserve_ordering' is true"
        ),
        (
            .dynamic(DynamicBatching(preserveOrdering: true, defaultQueuePolicy: QueuePolicy(timeoutAction: .delay))),
            "Queue policy can not have DELAY as timeout action when 'preserve_ordering' is true"
        ),
        (
            .sequence(SequenceBatching(controlInputs: [.init(name: "x", kind: .start, dataType: .fp32)])),
            "the input 'x' is declared more than once"
        ),
    ] as [(BatchingPolicy, String)])
    func impossiblePoliciesAreRefused(policy: BatchingPolicy, text: String) async {
        var definition = definition
        definition.batching = policy
        let message = await message { try definition.checkDeclaration() }
        #expect(message.contains(text), "\(message)")
    }
}
