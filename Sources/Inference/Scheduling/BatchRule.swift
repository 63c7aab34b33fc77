/// When a batch is big enough, or has waited long enough: Triton's dynamic batcher.
struct BatchRule: Sendable {
    enum Verdict: Hashable, Sendable {
        /// Execute so many of the requests that were looked at.
        case execute(count: Int)
        /// Wait for more, but not beyond this moment.
        case wait(until: UInt64)
    }

    /// The largest batch; 1 in a model that does not batch.
    let maxBatchSize: Int
    /// Sizes that are executed without waiting longer.
    let preferredSizes: [Int]
    /// Nanoseconds.
    let maxDelay: UInt64

    init(maxBatchSize: Int, preferredSizes: [Int], maxDelayMicroseconds: UInt64) {
        self.maxBatchSize = max(1, maxBatchSize)
        self.preferredSizes = preferredSizes.isEmpty ? [max(1, maxBatchSize)] : preferredSizes
        maxDelay = QueuePolicy.nanoseconds(maxDelayMicroseconds)
    }

    /// The size beyond which nobody is waited for.
    var largestPreferredSize: Int { preferredSizes.max() ?? maxBatchSize }

    /// A single request of this size need not wait for others.
    func runsAlone(_ batchSize: Int) -> Bool { maxDelay == 0 || batchSize >= largestPreferredSize || preferredSizes.contains(batchSize) }

    /// Decides about the requests that could be executed together.
    ///
    /// - Parameters:
    ///   - sizes: their batch sizes, in order.
    ///   - isSaturated: one more waits that does not fit in.
    ///   - oldest: when the first of them arrived, nanoseconds.
    func verdict(sizes: [Int], isSaturated: Bool, oldest: UInt64, now: UInt64) -> Verdict {
        if now >= oldest &+ maxDelay { return .execute(count: sizes.count) }
        var total = 0
        var best = 0
        for (index, size) in sizes.enumerated() {
            total += size
            if preferredSizes.contains(total) { best = index + 1 }
        }
        if best > 0 { return .execute(count: best) }
        if isSaturated || total >= largestPreferredSize { return .execute(count: sizes.count) }
        return .wait(until: oldest &+ maxDelay)
    }
}
