/// Why one request of an exporter did not succeed.
protocol ExportRequestFailure: Error {
    /// The same request may succeed later.
    var isRetryable: Bool { get }
    /// How long the receiver asked to wait.
    var retryAfter: Duration? { get }
}

extension RetryPolicy {
    /// Repeats a request until it succeeds, fails in a way that no repetition helps, or the policy ends.
    ///
    /// - Parameters:
    ///   - request: one attempt.
    ///   - error: what to throw for the last failure, after that many attempts.
    func run<Success, Failure: ExportRequestFailure>(
        _ request: () async -> Result<Success, Failure>,
        error: (Failure, _ attempts: Int) -> any Error
    ) async throws -> Success {
        let start = ContinuousClock.now
        var attempts = 0
        while true {
            let failure: Failure
            switch await request() {
            case .success(let success): return success
            case .failure(let reason): failure = reason
            }
            attempts += 1
            let wait = failure.isRetryable
                ? delay(
                    afterAttempts: attempts,
                    retryAfter: failure.retryAfter,
                    elapsed: ContinuousClock.now - start,
                    random: Double.random(in: 0...1)
                ) : nil
            guard let wait else { throw error(failure, attempts) }
            try await Task.sleep(for: wait)
        }
    }
}
