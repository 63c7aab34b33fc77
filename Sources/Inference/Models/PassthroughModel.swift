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
        var longest: Float = 0
        var results: [InferenceResult] = []
        results.reserveCapacity(requests.count)
        for request in requests {
            results.append(
                InferenceResult {
                    try request.withSpan("pass-through-get-data") { _ in
                        if let error = request.inputs["error"], try error.values(as: Bool.self).contains(true) {
                            throw InferenceError(.internal, "Requested Error")
                        }
                        let sleep = try request.inputs.require("sleep")
                        let seconds = sleep.elementCount == 1 ? try sleep.first(as: Float.self) : try sleep.values(as: Float.self).max() ?? 0
                        guard seconds <= longestSleep else {
                            throw InferenceError(.invalidArgument, "'sleep' must be a number of at most \(longestSleep) seconds, but is \(seconds)")
                        }
                        longest = max(longest, seconds)
                        return ["sleep": sleep]
                    }
                }
            )
        }
        try await sleep(seconds: longest, requests: requests, results: results)
        for (request, result) in zip(requests, results) where result.isSuccess {
            request.withSpan("pass-through-append") { _ in }
        }
        return results
    }

    private static func sleep(seconds: Float, requests: [InferenceRequest], results: [InferenceResult]) async throws {
        let spans = zip(requests, results).filter { $0.0.isTraced && $0.1.isSuccess }.map { $0.0.startSpan("pass-through-sleep") }
        defer { for span in spans { span.end() } }
        if seconds > 0 { try await Task.sleep(for: .seconds(Double(seconds))) }
    }
}

extension InferenceResult {
    fileprivate var isSuccess: Bool {
        if case .success = self { true } else { false }
    }
}
