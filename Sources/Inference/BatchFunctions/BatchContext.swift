/// What a function on stacked tensors knows about its batch.
public struct BatchContext: Sendable {
    /// The model's declaration.
    public let definition: ModelDefinition
    /// The requests whose inputs were stacked, in their order.
    public let requests: [InferenceRequest]

    /// Rows of each request.
    public var batchSizes: [Int] { requests.map(\.batchSize) }
    /// Rows of all requests together.
    public var batchSize: Int { requests.reduce(0) { $0 + $1.batchSize } }

    public init(definition: ModelDefinition, requests: [InferenceRequest]) {
        self.definition = definition
        self.requests = requests
    }
}
