/// How long to wait before a batch is sent again: exponential back-off with jitter (OTLP specification, "Retryable errors").
public struct RetryPolicy: Hashable, Sendable {
    /// The wait after the first failure.
    public var initialBackoff: Duration
    /// No wait of our own choice is longer; the receiver's Retry-After may be.
    public var maximumBackoff: Duration
    /// Each wait is this much longer than the one before.
    public var multiplier: Double
    /// The share by which a wait is randomly longer or shorter, so that senders do not come back all at once.
    public var jitter: Double
    /// Requests for one batch, the first included; 1 means no retry.
    public var maximumAttempts: Int
    /// No wait is begun that ends later than this after the first attempt.
    public var maximumElapsedTime: Duration

    public init(
        initialBackoff: Duration = .seconds(1),
        maximumBackoff: Duration = .seconds(5),
        multiplier: Double = 1.5,
        jitter: Double = 0.2,
        maximumAttempts: Int = 6,
        maximumElapsedTime: Duration = .seconds(30)
    ) {
        self.initialBackoff = initialBackoff
        self.maximumBackoff = maximumBackoff
        self.multiplier = multiplier
        self.jitter = jitter
        self.maximumAttempts = maximumAttempts
        self.maximumElapsedTime = maximumElapsedTime
    }

    /// The wait before the next attempt; `nil` to give up.
    ///
    /// - Parameters:
    ///   - attempts: how many have failed.
    ///   - retryAfter: what the receiver asked for; it replaces the back-off.
    ///   - elapsed: time since the first attempt began.
    ///   - random: 0 to 1, for the jitter.
    package func delay(afterAttempts attempts: Int, retryAfter: Duration?, elapsed: Duration, random: Double) -> Duration? {
        guard attempts < maximumAttempts else { return nil }
        var delay = retryAfter ?? .zero
        if retryAfter == nil {
            delay = initialBackoff
            for _ in 1..<max(attempts, 1) { delay = min(delay * multiplier, maximumBackoff) }
            delay = delay * (1 + jitter * (2 * random - 1))
        }
        return elapsed + delay > maximumElapsedTime ? nil : max(delay, .zero)
    }
}
