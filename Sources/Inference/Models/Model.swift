/// A model: its declaration and what computes it.
public struct Model: Sendable {
    /// Computes a batch: one result for each request, in their order. What it throws fails every request of the batch.
    public typealias Execute = @Sendable ([InferenceRequest]) async throws -> [InferenceResult]

    public let definition: ModelDefinition
    package let backend: any ModelBackend

    /// A model that a backend computes.
    package init(_ definition: ModelDefinition, backend: any ModelBackend) {
        self.definition = definition
        self.backend = backend
    }

    /// A model that sees whole batches.
    public init(_ definition: ModelDefinition, execute: @escaping Execute) {
        self.init(definition, backend: ClosureBackend(closure: execute))
    }

    /// A model that sees one request at a time; what it throws fails that request alone.
    public init(_ definition: ModelDefinition, executeEach: @escaping @Sendable (InferenceRequest) async throws -> NamedTensors) {
        self.init(definition) { requests in
            var results: [InferenceResult] = []
            results.reserveCapacity(requests.count)
            for request in requests {
                results.append(await InferenceResult { try await executeEach(request) })
            }
            return results
        }
    }
}
