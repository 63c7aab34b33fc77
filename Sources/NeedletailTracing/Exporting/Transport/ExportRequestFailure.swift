internal import ServiceLifecycle

/// Why one request of an exporter did not succeed.
protocol ExportRequestFailure: Error {
    /// The same request may succeed later.
    var isRetryable: Bool { get }
    /// How long the receiver asked to wait.
    var retryAfter: Duration? { get }
    /// Nobody answered: the receiver may be gone.
    var isUnreachable: Bool { get }
}

extension RetryPolicy {
    /// Requests for one batch to a receiver that cannot be reached, once the service that exports is stopping. Two, as the
    /// first may meet a connection that the receiver closed long ago.
    private static let attemptsWhileStopping = 2

    /// Repeats a request until it succeeds, fails in a way that no repetition helps, or the policy ends.
    ///
    /// A graceful shutdown does not wait for a receiver that is gone: the present wait ends, and the next attempt is the last.
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
            let isGone = failure.isUnreachable && attempts >= Self.attemptsWhileStopping && Task.isShuttingDownGracefully
            guard let wait, !isGone else { throw error(failure, attempts) }
            guard failure.isUnreachable else {
                try await Task.sleep(for: wait)
                continue
            }
            // Ended early by the shutdown, it throws too: then this is the attempt that counts.
            try? await cancelWhenGracefulShutdown { try await Task.sleep(for: wait) }
            try Task.checkCancellation()
        }
    }
}
