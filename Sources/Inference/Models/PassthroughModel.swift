internal import Tracing

extension Model {
    /// The built-in model `passthrough`: waits for the longest `sleep` (seconds) of its batch and gives `sleep` back; a request whose
    /// `error` is true fails with "Requested Error". Its stages are spans of each request.
    public static let passthrough = Model(
        ModelDefinition(
            name: "passthrough",
            inputs: [
                TensorSpecification("sleep", Float.self, shape: [1]),
                TensorSpecification("error", Bool.self, shape: [1], isOptional: true),
            ],
            outputs: [TensorSpecification("sleep", Float.self, shape: [1])],
            maxBatchSize: 128,
            strict: true
        ),
        execute: passthroughBatch
    )

    /// Longer sleeps are refused: an instance would be blocked for all others.
    private static let longestSleep: Float = 3600

    @Sendable
    private static func passthroughBatch(_ requests: [InferenceRequest]) async throws -> [InferenceResult] {
        let inputs = requests.map { request in
            Result { try request.withSpan("pass-through-get-data") { _ in try getData(request) } }
        }
        let longest = inputs.reduce(0) { longest, input in max(longest, (try? input.get().seconds) ?? 0) }
        try await sleep(seconds: longest, requests: zip(requests, inputs).compactMap { request, input in (try? input.get()) == nil ? nil : request })
        return zip(requests, inputs).map { request, input in
            switch input {
            case .success(let data): request.withSpan("pass-through-append") { _ in ["sleep": data.sleep] }
            case .failure(let error): .failure(error)
            }
        }
    }

    private static func getData(_ request: InferenceRequest) throws -> (sleep: Tensor, seconds: Float) {
        if let error = request.inputs["error"], try error.values(as: Bool.self).contains(true) {
            throw InferenceError(.internal, "Requested Error")
        }
        let sleep = try request.inputs.require("sleep")
        let seconds = sleep.elementCount == 1 ? try sleep.first(as: Float.self) : try sleep.values(as: Float.self).max() ?? 0
        guard seconds <= longestSleep else {
            throw InferenceError(.invalidArgument, "'sleep' must be a number of at most \(longestSleep) seconds, but is \(seconds)")
        }
        return (sleep, seconds)
    }

    /// One sleep for the whole batch, seen as a span of each request.
    private static func sleep(seconds: Float, requests: [InferenceRequest]) async throws {
        let spans = requests.filter(\.isTraced).map { $0.startSpan("pass-through-sleep") }
        defer { for span in spans { span.end() } }
        if seconds > 0 { try await Task.sleep(for: .seconds(Double(seconds))) }
    }
}
