/// Gives a backend the shapes that a configuration's `reshape` names, and clients those of `dims`.
struct ReshapingBackend: ModelBackend {
    private let base: any ModelBackend
    private let definition: ModelDefinition

    /// The backend itself when nothing is to be reshaped.
    static func wrap(_ backend: any ModelBackend, definition: ModelDefinition) -> any ModelBackend {
        let isNeeded = (definition.inputs + definition.outputs).contains { $0.reshape != nil }
        return isNeeded ? ReshapingBackend(base: backend, definition: definition) : backend
    }

    var mixesShapes: Bool { base.mixesShapes }
    var isReady: Bool { base.isReady }

    func load() async throws { try await base.load() }
    func unload() async { await base.unload() }

    func execute(_ batch: ModelBatch) async throws -> [InferenceResult] {
        var inner = batch
        inner.requests = try batch.requests.map { request in
            try request.replacingInputs(Self.reshaped(request.inputs, definition.inputs, isBatching: definition.isBatching, from: \.shape) { $0.reshape })
        }
        return try await base.execute(inner).map { result in
            guard case .success(let outputs) = result else { return result }
            return InferenceResult {
                try Self.reshaped(outputs, definition.outputs, isBatching: definition.isBatching, from: \.backendShape) { $0.reshape == nil ? nil : $0.shape }
            }
        }
    }

    private static func reshaped(
        _ tensors: NamedTensors,
        _ specifications: [TensorSpecification],
        isBatching: Bool,
        from source: (TensorSpecification) -> [Int],
        to target: (TensorSpecification) -> [Int]?
    ) throws(InferenceError) -> NamedTensors {
        var result = tensors
        for specification in specifications {
            guard let shape = target(specification), let tensor = tensors[specification.name] else { continue }
            let batch = isBatching ? Array(tensor.shape.prefix(1)) : []
            let given = Array(tensor.shape.dropFirst(batch.count))
            let declared = source(specification)
            guard given.count == declared.count else {
                throw InferenceError(
                    .internal,
                    "'\(specification.name)' cannot be reshaped: it has the shape \(Tensor.text(of: tensor.shape)), expected \(Tensor.text(of: batch + declared))"
                )
            }
            // The axes of any size keep their order; all others are fixed on both sides.
            var free = zip(declared, given).filter { $0.0 == -1 }.map(\.1).makeIterator()
            let full = batch + shape.map { $0 == -1 ? free.next() ?? 1 : $0 }
            guard try Tensor.checkedElementCount(of: full) == tensor.elementCount else {
                throw InferenceError(.internal, "'\(specification.name)' of shape \(Tensor.text(of: tensor.shape)) cannot be reshaped to \(Tensor.text(of: full))")
            }
            result[specification.name] = Tensor(uncheckedDataType: tensor.dataType, shape: full, storage: tensor.storage)
        }
        return result
    }
}

extension TensorSpecification {
    /// The shape that the backend sees, without the batch axis.
    package var backendShape: [Int] { reshape ?? shape }
}

extension InferenceRequest {
    /// The same request with other inputs.
    fileprivate func replacingInputs(_ inputs: NamedTensors) -> InferenceRequest {
        InferenceRequest(
            id: id,
            modelName: modelName,
            modelVersion: modelVersion,
            inputs: inputs,
            requestedOutputs: requestedOutputs,
            parameters: parameters,
            batchSize: batchSize,
            sequence: sequence,
            priority: priority,
            timeoutMicroseconds: timeoutMicroseconds,
            exchange: exchange,
            trace: trace,
            tracer: tracer,
            serviceContext: serviceContext
        )
    }
}
