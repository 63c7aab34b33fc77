/// Asks a sampler of its own for each span name that has one, and another for the rest: Jaeger's per-operation sampling.
public struct OperationSampler: Sampler {
    /// By the exact name of the span.
    public let operations: [String: any Sampler]
    /// Asked for all other names.
    public let otherwise: any Sampler

    public init(_ operations: [String: any Sampler], otherwise: any Sampler) {
        self.operations = operations
        self.otherwise = otherwise
    }

    public func sample(_ request: SamplingRequest) -> SamplingResult {
        (operations[request.name] ?? otherwise).sample(request)
    }

    public var description: String {
        let list = operations.sorted { $0.key < $1.key }.map { "\($0.key): \($0.value)" }
        return "OperationSampler{\((list + ["otherwise: \(otherwise)"]).joined(separator: ", "))}"
    }
}
