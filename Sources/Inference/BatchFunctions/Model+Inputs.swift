extension Model {
    /// Gives optional inputs that a request leaves out a value: PyTriton's `@fill_optionals`.
    ///
    /// - Parameter defaults: without a batch axis; a batching model gets them repeated for each row.
    /// - Throws: `invalidArgument` when a default has no input, or not its element type and shape.
    public static func fillOptionals(
        _ defaults: NamedTensors,
        of definition: ModelDefinition,
        _ execute: @escaping Execute
    ) throws(InferenceError) -> Execute {
        let unknown = defaults.names.filter { definition.input(named: $0) == nil }.sorted()
        guard unknown.isEmpty else {
            throw InferenceError(.invalidArgument, "Could not found \(unknown.joined(separator: ", ")) inputs; model '\(definition.name)' has \(definition.inputs.map(\.name))")
        }
        for (name, tensor) in defaults {
            guard let input = definition.input(named: name) else { continue }
            guard tensor.dataType == input.dataType else {
                throw InferenceError(
                    .invalidArgument,
                    "Could not use \(name): dtype=\(tensor.dataType) expected_dtype=\(input.dataType) defaults as they have different than input signature dtypes"
                )
            }
            guard input.accepts(tensor.shape, batching: false) else {
                throw InferenceError(
                    .invalidArgument,
                    """
                    Could not use \(name): shape=\(Tensor.text(of: tensor.shape)) expected_shape=\(Tensor.text(of: input.shape)) \
                    defaults as they have different than input signature shapes
                    """
                )
            }
        }
        return { requests in
            try await execute(
                try requests.map { request in
                    var request = request
                    for (name, tensor) in defaults where request.inputs[name] == nil {
                        request.inputs[name] = definition.isBatching ? try tensor.tiled(request.batchSize) : tensor
                    }
                    return request
                }
            )
        }
    }

    /// Repeats the last row until the batch has a preferred size, or the largest: PyTriton's `@pad_batch`. The outputs are cut again.
    public static func padBatch(_ execute: @escaping ExecuteBatch) -> ExecuteBatch {
        { inputs, context in
            let size = inputs.tensors.first?.rowCount ?? 0
            var sizes = [context.definition.maxBatchSize]
            if case .dynamic(let policy) = context.definition.batching { sizes += policy.preferredBatchSizes }
            guard size > 0, let target = sizes.filter({ $0 >= size }).min(), target > size else { return try await execute(inputs, context) }
            let rows = Array(0..<size) + Array(repeating: size - 1, count: target - size)
            var padded = NamedTensors()
            for (name, tensor) in inputs { padded.append(try tensor.rows(rows), name: name) }
            var outputs = try await execute(padded, context)
            for (name, tensor) in outputs where tensor.shape.first == target { outputs[name] = try tensor.rows(0..<size) }
            return outputs
        }
    }

    /// Replaces inputs by their first row, without the batch axis: PyTriton's `@first_value`.
    ///
    /// - Parameters:
    ///   - keys: inputs that have the same value in each row; one that is left out stays so.
    ///   - squeezes: a row of one element becomes a scalar.
    ///   - strict: rows that differ are an error.
    public static func firstValue(_ keys: [String], squeezes: Bool = true, strict: Bool = true, _ execute: @escaping ExecuteBatch) -> ExecuteBatch {
        { inputs, context in
            guard context.definition.isBatching else {
                throw InferenceError(.internal, "firstValue can only be used with models that support batching, but model '\(context.definition.name)' does not")
            }
            var inputs = inputs
            for key in keys {
                guard let tensor = inputs[key] else { continue }
                inputs[key] = try tensor.firstRow(input: key, squeezes: squeezes, strict: strict)
            }
            return try await execute(inputs, context)
        }
    }
}

extension Tensor {
    /// The tensor with a batch axis in front, repeated along it.
    fileprivate func tiled(_ count: Int) throws(InferenceError) -> Tensor {
        let row = Tensor(uncheckedDataType: dataType, shape: [1] + shape, storage: storage)
        return try row.rows(Array(repeating: 0, count: count))
    }

    fileprivate func firstRow(input: String, squeezes: Bool, strict: Bool) throws(InferenceError) -> Tensor {
        guard !shape.isEmpty, rowCount > 0 else {
            throw InferenceError(.invalidArgument, "the '\(input)' input of shape \(Self.text(of: shape)) has no first value")
        }
        let first = try rowBytes(0)
        if strict {
            for row in 1..<max(1, rowCount) where try rowBytes(row) != first {
                throw InferenceError(
                    .invalidArgument,
                    """
                    The values on the '\(input)' input are not equal. To proceed, either disable strict mode in firstValue or ensure \
                    that the values always are consistent. The current values of '\(input)' are of shape \(Self.text(of: shape)); \
                    row \(row) differs from row 0.
                    """
                )
            }
        }
        let rowShape = Array(shape.dropFirst())
        let isSingle = squeezes && rowShape.allSatisfy { $0 == 1 }
        return Tensor(uncheckedDataType: dataType, shape: isSingle ? [] : rowShape, storage: Array(first))
    }
}
