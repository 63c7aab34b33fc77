/// Functions that see the inputs of a whole batch stacked: what PyTriton's decorators do.
///
/// They are put around each other, the first one outermost:
///
/// ```swift
/// let model = Model(
///     definition,
///     execute: try Model.fillOptionals(
///         ["temperature": Tensor([1] as [Float])],
///         of: definition,
///         Model.groupByKeys(
///             Model.batch(
///                 definition,
///                 Model.groupByValues(["temperature"]) { inputs, context in … }
///             )
///         )
///     )
/// )
/// ```
extension Model {
    /// Computes stacked inputs: gives the stacked outputs, as many rows as there are of the inputs.
    public typealias ExecuteBatch = @Sendable (_ inputs: NamedTensors, _ context: BatchContext) async throws -> NamedTensors

    /// A model that sees the inputs of a batch stacked along axis 0, and gives the stacked outputs.
    ///
    /// Only requests that bring the same inputs, with the same shapes beyond axis 0, are executed together.
    public init(_ definition: ModelDefinition, executeBatch: @escaping ExecuteBatch) {
        self.init(definition, backend: StackedBackend(execute: Model.batch(definition, executeBatch)))
    }

    /// Stacks the inputs of the requests, and splits the outputs: PyTriton's `@batch`.
    ///
    /// The requests must bring the same inputs; see ``groupByKeys(_:)``.
    public static func batch(_ definition: ModelDefinition, _ execute: @escaping ExecuteBatch) -> Execute {
        { requests in
            guard let first = requests.first else { return [] }
            let context = BatchContext(definition: definition, requests: requests)
            let outputs = try await execute(try stacked(requests, like: first), context)
            return try split(outputs, requests: requests)
        }
    }

    /// Gives the inputs of a single request, for models that do not batch: PyTriton's `@sample`.
    public static func sample(_ execute: @escaping @Sendable (_ inputs: NamedTensors, _ request: InferenceRequest) async throws -> NamedTensors) -> Execute {
        { requests in
            guard requests.count == 1, let request = requests.first else {
                throw InferenceError(.internal, "sample is for models that do not batch, but there are \(requests.count) requests; use batch")
            }
            return [.success(try await execute(request.inputs, request))]
        }
    }

    private static func stacked(_ requests: [InferenceRequest], like first: InferenceRequest) throws(InferenceError) -> NamedTensors {
        guard requests.count > 1 else { return first.inputs }
        let names = Set(first.inputs.names)
        for request in requests.dropFirst() where Set(request.inputs.names) != names {
            throw InferenceError(
                .invalidArgument,
                "Cannot batch requests with different set of inputs keys: \(first.inputs.names.sorted()) and \(request.inputs.names.sorted()); use groupByKeys"
            )
        }
        var inputs = NamedTensors()
        for name in first.inputs.names {
            do {
                inputs.append(try Tensor.concatenated(requests.compactMap { $0.inputs[name] }), name: name)
            } catch {
                throw InferenceError(.invalidArgument, "Cannot batch requests: input '\(name)': \(error.message)")
            }
        }
        return inputs
    }

    private static func split(_ outputs: NamedTensors, requests: [InferenceRequest]) throws(InferenceError) -> [InferenceResult] {
        let expected = requests.reduce(0) { $0 + $1.batchSize }
        let wrong = outputs.filter { $0.tensor.shape.first != expected }
        guard wrong.isEmpty else {
            let shapes = wrong.map { "\($0.name): \(Tensor.text(of: $0.tensor.shape))" }.joined(separator: ", ")
            throw InferenceError(
                .internal,
                "Received output tensors with different batch sizes: \(shapes). Expected batch size: \(expected). "
            )
        }
        guard requests.count > 1 else { return [.success(outputs)] }
        var results: [InferenceResult] = []
        var start = 0
        for request in requests {
            let end = start + request.batchSize
            var own = NamedTensors()
            for (name, tensor) in outputs { own.append(try tensor.rows(start..<end), name: name) }
            results.append(.success(own))
            start = end
        }
        return results
    }
}

/// A backend whose function takes stacked tensors, so that requests of different shapes cannot be executed together.
private struct StackedBackend: ModelBackend {
    let execute: Model.Execute

    func execute(_ batch: ModelBatch) async throws -> [InferenceResult] { try await execute(batch.requests) }
}
