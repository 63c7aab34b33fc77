internal import Inference

/// Fills in what a configuration leaves out about a model that OpenVINO has read, and checks what it says.
struct OpenVINOCompletion: Sendable {
    let definition: ModelDefinition
    let defaultMaxBatchSize: Int

    /// - Throws: `invalidArgument` that names the tensor, what the model has and what the configuration says.
    func complete(from model: OpenVINOModel) throws(InferenceError) -> ModelDefinition {
        var result = definition
        let inputs = try model.inputs()
        let outputs = try model.outputs()
        setBatchSize(&result, inputs: inputs, outputs: outputs)
        let isBatching = result.isBatching
        if result.inputs.isEmpty {
            result.inputs = try inputs.map { port throws(InferenceError) in try specification(port, kind: "input", isBatching: isBatching) }
        } else {
            try check(result.inputs, kind: "input", ports: inputs, isBatching: isBatching) { name throws(InferenceError) in try model.inputIndex(named: name) }
            guard result.inputs.count == inputs.count else {
                throw wrong("the configuration has \(result.inputs.count) inputs, the model \(inputs.count): \(Self.list(inputs))")
            }
        }
        if result.outputs.isEmpty {
            result.outputs = try outputs.map { port throws(InferenceError) in try specification(port, kind: "output", isBatching: isBatching) }
        } else {
            try check(result.outputs, kind: "output", ports: outputs, isBatching: isBatching) { name throws(InferenceError) in try model.outputIndex(named: name) }
        }
        return result
    }

    /// A model whose tensors all have an open first axis takes batches, unless its configuration says otherwise.
    private func setBatchSize(_ result: inout ModelDefinition, inputs: [OpenVINOModel.Port], outputs: [OpenVINOModel.Port]) {
        guard definition.configurationSource?["max_batch_size"] == nil else { return }
        let isOpen = !inputs.isEmpty && (inputs + outputs).allSatisfy { $0.shape?.first == -1 }
        // Axes that are given say whether the batch axis is one of them.
        let leavesAxisOut = (definition.inputs + definition.outputs).allSatisfy { given in
            guard let port = (inputs + outputs).first(where: { $0.name == given.name }), let shape = port.shape else { return true }
            return given.backendShape.count == shape.count - 1
        }
        guard isOpen, leavesAxisOut else { return }
        result.maxBatchSize = max(1, defaultMaxBatchSize)
        if result.maxBatchSize > 1, result.batching == .none { result.batching = .dynamic(DynamicBatching()) }
    }

    private func specification(_ port: OpenVINOModel.Port, kind: String, isBatching: Bool) throws(InferenceError) -> TensorSpecification {
        guard let type = port.dataType else {
            throw wrong("\(kind) '\(port.name)' has an element type that cannot be sent; give the model one with numbers of 8 bits or more")
        }
        guard let shape = port.shape else {
            throw wrong("\(kind) '\(port.name)' has an open number of axes; give its dims in config.pbtxt")
        }
        guard !isBatching || !shape.isEmpty else {
            throw wrong("\(kind) '\(port.name)' has no axis, so the model takes no batches; set max_batch_size to 0")
        }
        return TensorSpecification(name: port.name, dataType: type, shape: isBatching ? Array(shape.dropFirst()) : shape)
    }

    private func check(
        _ specifications: [TensorSpecification],
        kind: String,
        ports: [OpenVINOModel.Port],
        isBatching: Bool,
        index: (String) throws(InferenceError) -> Int?
    ) throws(InferenceError) {
        for specification in specifications {
            guard let index = try index(specification.name) else {
                throw wrong("the configuration names the \(kind) '\(specification.name)', but the model has \(Self.list(ports))")
            }
            let port = ports[index]
            if let type = port.dataType, type != specification.dataType {
                throw wrong("\(kind) '\(specification.name)' is \(type.configurationName) in the model, but \(specification.dataType.configurationName) in the configuration")
            }
            guard let shape = port.shape else { continue }
            // The first axis is opened when the model fixes it, see ``OpenVINOModel/openBatchAxis()``.
            let own = isBatching ? Array(shape.dropFirst()) : shape
            let given = specification.backendShape
            let fits = given.count == own.count && (!isBatching || !shape.isEmpty) && zip(own, given).allSatisfy { $0 == $1 || $0 == -1 || $1 == -1 }
            guard fits else {
                let note = isBatching ? " (a batch axis in front, because max_batch_size is \(definition.maxBatchSize))" : ""
                let full = isBatching ? [-1] + given : given
                throw wrong(
                    "\(kind) '\(specification.name)' has the shape \(Tensor.text(of: shape)) in the model, but \(Tensor.text(of: full)) in the configuration\(note)"
                )
            }
        }
    }

    private static func list(_ ports: [OpenVINOModel.Port]) -> String { ports.map { "'\($0.name)'" }.joined(separator: ", ") }

    private func wrong(_ text: String) -> InferenceError { InferenceError(.invalidArgument, "model '\(definition.name)': \(text)") }
}
