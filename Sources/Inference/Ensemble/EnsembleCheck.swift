/// Follows the tensors of an ensemble while its steps are added.
struct EnsembleCheck {
    /// Type and axes of a tensor, with the batch axis.
    private struct Shape {
        var dataType: DataType
        var axes: [Int]
        /// For error messages.
        var origin: String
    }

    private let definition: ModelDefinition
    private var tensors: [String: Shape] = [:]
    private var taken: [(tensor: String, shape: Shape)] = []
    /// Tensor → index of the step that makes it; those that come with the request are left out.
    private(set) var makers: [String: Int] = [:]

    init(definition: ModelDefinition) {
        self.definition = definition
        for input in definition.inputs {
            tensors[input.name] = Shape(
                dataType: input.dataType,
                axes: input.fullShape(batching: definition.isBatching),
                origin: "the ensemble's input '\(input.name)'"
            )
        }
    }

    func wrong(_ text: String) -> InferenceError { InferenceError(.invalidArgument, "ensemble '\(definition.name)': \(text)") }

    /// Adds a step.
    mutating func add(_ step: Ensemble.Step, index: Int, model: ModelDefinition) throws(InferenceError) {
        let place = "step \(index + 1) '\(step.modelName)'"
        try checkNames(step, place: place, model: model)
        if definition.maxBatchSize > model.maxBatchSize, model.isBatching {
            throw wrong("\(place) takes batches of at most \(model.maxBatchSize), but the ensemble's max_batch_size is \(definition.maxBatchSize)")
        }
        if model.isDecoupled, !definition.isDecoupled {
            throw wrong("\(place) is decoupled, so the ensemble must be too: model_transaction_policy { decoupled: true }")
        }
        for input in model.inputs {
            guard let tensor = step.inputMap[input.name] else { continue }
            let origin = "input '\(input.name)' of \(place)"
            taken.append((tensor, Shape(dataType: input.dataType, axes: input.fullShape(batching: model.isBatching), origin: origin)))
        }
        for output in model.outputs {
            guard let tensor = step.outputMap[output.name] else { continue }
            if let first = tensors[tensor] {
                throw wrong("the tensor '\(tensor)' is made twice: by output '\(output.name)' of \(place) and by \(first.origin)")
            }
            let origin = "output '\(output.name)' of \(place)"
            tensors[tensor] = Shape(dataType: output.dataType, axes: output.fullShape(batching: model.isBatching), origin: origin)
            makers[tensor] = index
        }
    }

    private func checkNames(_ step: Ensemble.Step, place: String, model: ModelDefinition) throws(InferenceError) {
        for name in step.inputMap.keys.sorted() where model.input(named: name) == nil {
            throw wrong("\(place): input_map names '\(name)', but the model's inputs are \(Self.list(model.inputs.map(\.name)))")
        }
        for name in step.outputMap.keys.sorted() where model.output(named: name) == nil {
            throw wrong("\(place): output_map names '\(name)', but the model's outputs are \(Self.list(model.outputs.map(\.name)))")
        }
        for input in model.inputs where !input.isOptional && step.inputMap[input.name] == nil {
            throw wrong("\(place): input_map has nothing for the model's input '\(input.name)'")
        }
        if step.outputMap.isEmpty { throw wrong("\(place): output_map is empty, so nobody takes what the step makes") }
    }

    /// Checks that all tensors are there and fit, once all steps are added.
    func finish() throws(InferenceError) {
        for (tensor, shape) in taken { try check(shape, takes: tensor) }
        for output in definition.outputs {
            let axes = output.fullShape(batching: definition.isBatching)
            try check(Shape(dataType: output.dataType, axes: axes, origin: "the ensemble's output '\(output.name)'"), takes: output.name)
        }
        let used = Set(taken.map(\.tensor)).union(definition.outputs.map(\.name))
        if let input = definition.inputs.first(where: { !used.contains($0.name) }) {
            throw wrong("no step takes the ensemble's input '\(input.name)'")
        }
    }

    private func check(_ shape: Shape, takes tensor: String) throws(InferenceError) {
        guard let maker = tensors[tensor] else {
            throw wrong("\(shape.origin) takes the tensor '\(tensor)', which is no input of the ensemble and no output of a step")
        }
        guard maker.dataType == shape.dataType else {
            throw wrong("the tensor '\(tensor)' is \(maker.dataType) from \(maker.origin), but \(shape.origin) takes \(shape.dataType)")
        }
        let fits = maker.axes.count == shape.axes.count && zip(maker.axes, shape.axes).allSatisfy { $0 == $1 || $0 == -1 || $1 == -1 }
        guard fits else {
            throw wrong(
                "the tensor '\(tensor)' has the shape \(Tensor.text(of: maker.axes)) from \(maker.origin), but \(shape.origin) takes \(Tensor.text(of: shape.axes))"
            )
        }
    }

    private static func list(_ names: [String]) -> String { names.map { "'\($0)'" }.joined(separator: ", ") }
}
