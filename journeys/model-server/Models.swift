internal import Inference

/// The models of the journeys.
enum Models {
    static var all: [Model] { [.passthrough, ident, dec, echo, parameters] }

    /// As the model of the captured answers: gives X back, fails one request for -1 and its whole batch for -2.
    private static let ident = Model(
        ModelDefinition(
            name: "ident",
            inputs: [
                TensorSpecification("X", Float.self, shape: [2]),
                TensorSpecification(name: "S", dataType: .bytes, shape: [1], isOptional: true),
            ],
            outputs: [TensorSpecification("Y", Float.self, shape: [2])],
            maxBatchSize: 8
        ),
        execute: { requests in
            struct Boom: Error, CustomStringConvertible { var description: String { "execute boom" } }
            let inputs = try requests.map { try $0.inputs.require("X") }
            if try inputs.contains(where: { try $0.first(as: Float.self) == -2 }) { throw Boom() }
            return inputs.map { input in
                InferenceResult {
                    if try input.first(as: Float.self) == -1 { throw InferenceError(.invalidArgument, "per-request boom") }
                    return ["Y": input]
                }
            }
        }
    )

    /// As the decoupled model of the captured answers: counts to N; for a negative N to -N, and then fails.
    private static var dec: Model {
        var definition = ModelDefinition(
            name: "dec",
            inputs: [
                TensorSpecification("N", Int32.self, shape: [1]),
                TensorSpecification("SLEEP", Float.self, shape: [1], isOptional: true),
            ],
            outputs: [TensorSpecification("T", Int32.self, shape: [1])],
            instanceCount: 4
        )
        definition.isDecoupled = true
        return Model(definition) { request in
            let count = try request.inputs.require("N").first(as: Int32.self)
            let pause = try request.inputs["SLEEP"]?.first(as: Float.self) ?? 0
            for value in 0..<abs(count) {
                if pause > 0 { try await Task.sleep(for: .seconds(Double(pause))) }
                try await request.send(["T": try Tensor([value])])
            }
            if count < 0 { throw InferenceError(.internal, "stream boom") }
            return NamedTensors()
        }
    }

    /// Gives each input back: `IN_FP32` as `OUT_FP32`, and so for every element type.
    private static let echo = Model(
        ModelDefinition(
            name: "echo",
            inputs: DataType.allCases.map { TensorSpecification(name: "IN_\($0)", dataType: $0, shape: [-1], isOptional: true) },
            outputs: DataType.allCases.map { TensorSpecification(name: "OUT_\($0)", dataType: $0, shape: [-1]) }
        )
    ) { request in
        var outputs = NamedTensors()
        for (name, tensor) in request.inputs { outputs["OUT_" + name.dropFirst("IN_".count)] = tensor }
        return outputs
    }

    /// Gives the request's parameters back as texts `name=value`, sorted.
    private static let parameters = Model(
        ModelDefinition(
            name: "parameters",
            inputs: [TensorSpecification("X", Float.self, shape: [1])],
            outputs: [TensorSpecification(name: "P", dataType: .bytes, shape: [-1])]
        )
    ) { request in
        let texts = request.parameters.map { name, value in
            switch value {
            case .string(let text): "\(name)=\(text)"
            case .int(let number): "\(name)=\(number)"
            case .double(let number): "\(name)=\(number)"
            case .bool(let flag): "\(name)=\(flag)"
            }
        }
        return ["P": try Tensor(strings: texts.sorted())]
    }
}
