internal import Synchronization
internal import TraceModel

/// Samples at most so many spans per second.
///
/// A token bucket: it fills evenly, and after a quiet time `burst` spans may come at once. Use it as the root of a
/// ``ParentBasedSampler``, so that traces are limited, not spans. Its decisions have no consistent probability: the spans carry
/// `sampler.type` `ratelimiting` and `sampler.param`, the rate.
public final class RateLimitingSampler: Sampler {
    public let spansPerSecond: Double
    public let burst: Double
    /// Nanoseconds from one span to the next.
    private let interval: Double
    /// Nanoseconds a full bucket is ahead: the bucket is kept as the moment at which it would be full again, one word that is
    /// changed by compare-and-exchange.
    private let depth: Double
    private let start: UInt64
    private let fullAt = Atomic<Int64>(0)
    private let attributes: [Attribute]
    private let now: @Sendable () -> UInt64

    /// - Parameters:
    ///   - spansPerSecond: may be below 1; zero, negative or not-a-number samples nothing.
    ///   - burst: how many may come at once; at least 1, by default as many as come in a second.
    public convenience init(spansPerSecond: Double, burst: Double? = nil) {
        self.init(spansPerSecond: spansPerSecond, burst: burst, now: { MonotonicClock.now() })
    }

    /// - Parameter now: nanoseconds of a clock that never steps.
    package init(spansPerSecond: Double, burst: Double? = nil, now: @escaping @Sendable () -> UInt64) {
        let rate = spansPerSecond > 0 ? min(spansPerSecond, 1e12) : 0
        let size = max(burst.flatMap { $0.isNaN ? nil : $0 } ?? rate, 1)
        self.spansPerSecond = rate
        self.burst = min(size, 1e12)
        self.interval = rate > 0 ? 1e9 / rate : 0
        // A bucket of more than thirty years is full for ever.
        self.depth = min(self.interval * self.burst, 1e18)
        self.attributes = SamplerAttributes.make(type: "ratelimiting", parameter: .double(rate))
        self.now = now
        self.start = now()
    }

    public func sample(_ request: SamplingRequest) -> SamplingResult {
        take() ? SamplingResult(.recordAndSample, attributes: attributes) : SamplingResult(.drop)
    }

    /// Takes a token if there is one.
    func take() -> Bool {
        guard interval > 0 else { return false }
        let time = Double(now() &- start)
        var current = fullAt.load(ordering: .relaxed)
        while true {
            let next = max(Double(current), time) + interval
            // Half a nanosecond for rounding.
            guard next - time <= depth + 0.5 else { return false }
            let (exchanged, original) = fullAt.weakCompareExchange(expected: current, desired: Int64(next), ordering: .relaxed)
            if exchanged { return true }
            current = original
        }
    }

    public var description: String { "RateLimitingSampler{\(spansPerSecond)}" }
}
