/// The steps of an ensemble, checked against the models that they name: each tensor is made once, before it is taken.
struct EnsemblePlan: Sendable {
    struct Step: Sendable {
        var modelName: String
        /// `nil`: the newest that is served.
        var modelVersion: Int?
        /// Input of the model and tensor of the ensemble; an optional tensor may be missing.
        var inputs: [(input: String, tensor: String)]
        /// Output of the model and tensor of the ensemble.
        var outputs: [(output: String, tensor: String)]
        var isDecoupled: Bool
        /// Indexes of the steps that make what this one takes.
        var dependencies: Set<Int>
    }

    /// In an order in which each step comes after those that it depends on.
    let steps: [Step]
    /// Each step needs the one before, so that nothing can run side by side.
    let isChain: Bool
    let outputNames: [String]
    /// Inputs of the ensemble that a request may leave out.
    let optionalInputs: Set<String>

    /// Checks the steps.
    ///
    /// - Throws: `invalidArgument` that names the step, the tensor, and what does not fit.
    init(_ definition: ModelDefinition, registry: ModelRegistry) throws(InferenceError) {
        guard let ensemble = definition.ensemble else {
            throw InferenceError(.invalidArgument, "ensemble '\(definition.name)': ensemble_scheduling with its steps is missing")
        }
        var check = EnsembleCheck(definition: definition)
        var unordered: [Step] = []
        for (index, step) in ensemble.steps.enumerated() {
            let model: ModelDefinition
            do throws(InferenceError) {
                model = try registry.model(named: step.modelName, version: step.modelVersion).definition
            } catch {
                throw check.wrong("step \(index + 1): \(error.message)")
            }
            try check.add(step, index: index, model: model)
            unordered.append(
                Step(
                    modelName: step.modelName,
                    modelVersion: step.modelVersion,
                    // In the order of the model's declaration, which is that of its other clients.
                    inputs: model.inputs.compactMap { input in step.inputMap[input.name].map { (input.name, $0) } },
                    outputs: model.outputs.compactMap { output in step.outputMap[output.name].map { (output.name, $0) } },
                    isDecoupled: model.isDecoupled,
                    dependencies: []
                )
            )
        }
        try check.finish()
        let makers = check.makers
        for index in unordered.indices {
            unordered[index].dependencies = Set(unordered[index].inputs.compactMap { makers[$0.tensor] })
        }
        let steps = try Self.sorted(unordered, check: check)
        self.steps = steps
        isChain = steps.indices.allSatisfy { $0 == 0 || steps[$0].dependencies.contains($0 - 1) }
        outputNames = definition.outputs.map(\.name)
        optionalInputs = Set(definition.inputs.filter(\.isOptional).map(\.name))
    }

    /// Steps after those that they depend on, otherwise in the order given.
    private static func sorted(_ steps: [Step], check: EnsembleCheck) throws(InferenceError) -> [Step] {
        var order: [Int] = []
        while order.count < steps.count {
            let next = steps.indices.first { index in !order.contains(index) && steps[index].dependencies.isSubset(of: order) }
            guard let next else {
                let circle = steps.indices.filter { !order.contains($0) }.map { "step \($0 + 1) '\(steps[$0].modelName)'" }
                throw check.wrong("the steps take each other's tensors in a circle: \(circle.joined(separator: ", "))")
            }
            order.append(next)
        }
        return order.map { index in
            var step = steps[index]
            // Found: every dependency stands in the order.
            step.dependencies = Set(step.dependencies.compactMap { order.firstIndex(of: $0) })
            return step
        }
    }
}
