import Inference
import Testing

@testable import Inference

@Suite struct EnsembleTests {
    /// Adds a constant: `X` FP32 [-1] gives `Y`.
    private static func adder(_ name: String, _ constant: Float, isBatching: Bool = true) -> Model {
        Model(
            ModelDefinition(
                name: name,
                inputs: [TensorSpecification("X", Float.self, shape: [2])],
                outputs: [TensorSpecification("Y", Float.self, shape: [2])],
                maxBatchSize: isBatching ? 8 : 0
            ),
            executeEach: { request in
                let x = try request.inputs.require("X")
                let values = try x.values(as: Float.self)
                if values.contains(-1) { throw InferenceError(.invalidArgument, "per-request boom") }
                return ["Y": try Tensor(values.map { $0 + constant }, shape: x.shape)]
            }
        )
    }

    private static let summing = Model(
        ModelDefinition(
            name: "sum",
            inputs: [TensorSpecification("A", Float.self, shape: [2]), TensorSpecification("B", Float.self, shape: [2])],
            outputs: [TensorSpecification("S", Float.self, shape: [2])],
            maxBatchSize: 8
        ),
        executeEach: { request in
            let a = try request.inputs.require("A")
            let b = try request.inputs.require("B").values(as: Float.self)
            return ["S": try Tensor(zip(try a.values(as: Float.self), b).map(+), shape: a.shape)]
        }
    )

    private static func definition(_ steps: [Ensemble.Step], inputs: [String] = ["IN"], outputs: [String] = ["OUT"]) -> ModelDefinition {
        var definition = ModelDefinition(
            name: "ens",
            inputs: inputs.map { TensorSpecification($0, Float.self, shape: [2]) },
            outputs: outputs.map { TensorSpecification($0, Float.self, shape: [2]) },
            maxBatchSize: 8
        )
        definition.ensemble = Ensemble(steps: steps)
        return definition
    }

    private static func core() throws -> InferenceCore {
        let core = InferenceCore()
        for model in [adder("one", 1), adder("ten", 10), adder("flat", 1, isBatching: false), summing] { try core.load(model) }
        return core
    }

    private static func step(_ model: String, _ inputs: [String: String], _ outputs: [String: String]) -> Ensemble.Step {
        Ensemble.Step(modelName: model, inputMap: inputs, outputMap: outputs)
    }

    /// A diamond: IN goes through both adders, whose results are added.
    private static let diamond = [
        step("sum", ["A": "L", "B": "R"], ["S": "OUT"]),
        step("one", ["X": "IN"], ["Y": "L"]),
        step("ten", ["X": "IN"], ["Y": "R"]),
    ]

    private static func infer(_ core: InferenceCore, _ definition: ModelDefinition, _ values: [Float]) async throws -> Result<NamedTensors, RequestFailure> {
        let plan = try EnsemblePlan(definition, registry: core.registry)
        try core.load(Model(definition, backend: EnsembleBackend(plan: plan, definition: definition)))
        var timestamps = RequestTimestamps.now()
        let request = UncheckedRequest(id: "r", inputs: ["IN": try Tensor(values, shape: [1, 2])])
        let model = try core.registry.model(named: "ens", version: nil)
        return try await core.infer(request, model: model, decision: nil, timestamps: &timestamps).outputs
    }

    @Test func branchesMeetAgain() async throws {
        let outputs = try await Self.infer(Self.core(), Self.definition(Self.diamond), [1, 2]).get()
        #expect(try outputs.require("OUT").values(as: Float.self) == [13, 15])
        #expect(outputs.names == ["OUT"])
    }

    @Test func aFailingStepFailsTheRequestWithItsName() async throws {
        guard case .failure(let failure) = try await Self.infer(Self.core(), Self.definition(Self.diamond), [-1, 2]) else {
            Issue.record("no failure")
            return
        }
        #expect(failure.error.code == .invalidArgument)
        #expect(["one", "ten"].contains { failure.error.message == "in ensemble 'ens', step '\($0)': per-request boom" }, "\(failure.error.message)")
    }

    @Test(arguments: [
        ([step("nope", ["X": "IN"], ["Y": "OUT"])], "step 1: Request for unknown model: 'nope' is not found"),
        ([step("one", ["Z": "IN"], ["Y": "OUT"])], "step 1 'one': input_map names 'Z', but the model's inputs are 'X'"),
        ([step("one", ["X": "IN"], ["Z": "OUT"])], "step 1 'one': output_map names 'Z', but the model's outputs are 'Y'"),
        ([step("one", [:], ["Y": "OUT"])], "step 1 'one': input_map has nothing for the model's input 'X'"),
        ([step("one", ["X": "T"], ["Y": "OUT"])], "takes the tensor 'T', which is no input of the ensemble and no output of a step"),
        ([step("one", ["X": "IN"], ["Y": "T"])], "the ensemble's output 'OUT' takes the tensor 'OUT', which is no input"),
        ([step("one", ["X": "IN"], ["Y": "OUT"]), step("ten", ["X": "IN"], ["Y": "OUT"])], "the tensor 'OUT' is made twice"),
        ([step("sum", ["A": "IN", "B": "R"], ["S": "OUT"]), step("one", ["X": "OUT"], ["Y": "R"])], "in a circle: step 1 'sum', step 2 'one'"),
        ([step("flat", ["X": "IN"], ["Y": "OUT"])], "the tensor 'IN' has the shape [-1,2] from the ensemble's input 'IN', but input 'X' of step 1 'flat' takes [2]"),
    ])
    func stepsThatDoNotFitAreRefused(steps: [Ensemble.Step], message: String) throws {
        let core = try Self.core()
        do {
            _ = try EnsemblePlan(Self.definition(steps), registry: core.registry)
            Issue.record("no error")
        } catch {
            #expect(error.message.contains(message), "\(error.message)")
            #expect(error.message.hasPrefix("ensemble 'ens': "))
        }
    }
}
