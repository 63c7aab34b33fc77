/// What is done to a model's outputs before they are answered.
extension ModelDefinition {
    /// Checks one request's outputs, or casts them when the model is not strict, and keeps those that were asked for.
    ///
    /// - Throws: `internal` that names the output, what was declared and what came.
    package func checkedOutputs(_ outputs: NamedTensors, requested: [String]) throws(InferenceError) -> NamedTensors {
        var isUnchanged = requested.isEmpty
        for (name, tensor) in outputs {
            guard let declared = output(named: name) else {
                guard !isStrict else {
                    let known = self.outputs.map(\.name)
                    throw InferenceError(.internal, "model '\(self.name)' gave the output '\(name)', which it does not declare; declared are \(known)")
                }
                isUnchanged = false
                continue
            }
            if tensor.dataType != declared.dataType {
                guard !isStrict else {
                    throw InferenceError(.internal, "model '\(self.name)' gave \(tensor.dataType) for output '\(name)', but declares \(declared.dataType)")
                }
                isUnchanged = false
            }
            if isStrict, !declared.accepts(tensor.shape, batching: isBatching) {
                let expected = Tensor.text(of: declared.fullShape(batching: isBatching))
                throw InferenceError(
                    .internal,
                    "model '\(self.name)' gave the shape \(Tensor.text(of: tensor.shape)) for output '\(name)', but declares \(expected)"
                )
            }
        }
        if isStrict {
            for declared in self.outputs where outputs[declared.name] == nil {
                throw InferenceError(.internal, "model '\(name)' gave no output '\(declared.name)', which it declares; it gave \(outputs.names)")
            }
        }
        if isUnchanged { return outputs }
        return try selectedOutputs(outputs, requested: requested)
    }

    private func selectedOutputs(_ outputs: NamedTensors, requested: [String]) throws(InferenceError) -> NamedTensors {
        var selected = NamedTensors()
        for name in requested.isEmpty ? outputs.names : requested {
            guard let declared = output(named: name) else { continue }
            guard let tensor = outputs[name] else {
                throw InferenceError(.internal, "model '\(self.name)' gave no output '\(name)', which the request asks for; it gave \(outputs.names)")
            }
            do {
                selected[name] = try tensor.converted(to: declared.dataType)
            } catch {
                throw InferenceError(.internal, "model '\(self.name)', output '\(name)': \(error.message)")
            }
        }
        return selected
    }
}
