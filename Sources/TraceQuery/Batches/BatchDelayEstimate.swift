/// What batches of one model on one server would have been with another queue delay: the arrivals that were recorded, run again.
///
/// A batch starts when it is full, or when its first request has waited for the delay, and an instance is free: the rule of Triton's dynamic
/// batcher. How long a batch of a size runs is a straight line through the recorded executions. An estimate: who asked would have asked at
/// other times, and requests that were not recorded are not in it.
public struct BatchDelayEstimate: Hashable, Sendable {
    /// Arrivals that are run again at most: the newest.
    public static let maximumArrivals = 50_000

    /// What one delay would have made of the arrivals.
    public struct Outcome: Hashable, Sendable {
        /// Nanoseconds.
        public var delay: UInt64
        public var executions: Int
        public var meanFill: Double
        /// Nanoseconds that a request would have waited, on average.
        public var meanWait: Double
        /// Nanoseconds; with a relative error of 1 %.
        public var p99Wait: UInt64
        /// Nanoseconds from the first start to the last end in which an instance would have been executing, by instance.
        public var busyShare: Double
    }

    /// When requests came, nanoseconds since the Unix epoch, in order.
    public let arrivals: [UInt64]
    public let instanceCount: Int
    public let maximumBatch: Int
    /// Nanoseconds of an execution: `fixedTime` and `timePerRequest` for each request.
    public let fixedTime: Double
    public let timePerRequest: Double

    /// - Parameter executions: Of one model on one server.
    public init(_ executions: [Batch], instanceCount: Int, maximumBatch: Int) {
        arrivals = Array(executions.flatMap { $0.members.map { $0.queueStart ?? $0.start } }.sorted().suffix(Self.maximumArrivals))
        self.instanceCount = max(instanceCount, 1)
        self.maximumBatch = max(maximumBatch, 1)
        // Least squares of duration over size.
        let count = Double(max(executions.count, 1))
        let sizes = executions.map { Double($0.requestCount) }
        let times = executions.map { Double($0.duration) }
        let (size, time) = (sizes.reduce(0, +) / count, times.reduce(0, +) / count)
        var (together, spread) = (0.0, 0.0)
        for (one, other) in zip(sizes, times) {
            together += (one - size) * (other - time)
            spread += (one - size) * (one - size)
        }
        let slope = spread > 0 ? min(max(together / spread, 0), time / max(size, 1)) : 0
        timePerRequest = slope
        fixedTime = max(time - slope * size, 0)
    }

    /// - Parameter delay: Nanoseconds.
    public func outcome(delay: UInt64) -> Outcome {
        var free = [UInt64](repeating: 0, count: instanceCount)
        var waits = DurationSketch()
        var (executions, first, busy, last) = (0, 0, 0.0, UInt64(0))
        while first < arrivals.count {
            let instance = free.indices.min { free[$0] < free[$1] } ?? 0
            let full = first + maximumBatch - 1
            let due = arrivals[first].addingReportingOverflow(delay)
            let ready = min(full < arrivals.count ? arrivals[full] : .max, due.overflow ? .max : due.partialValue)
            let start = max(free[instance], ready == .max ? arrivals[arrivals.count - 1] : ready)
            var end = first
            while end < arrivals.count, end - first < maximumBatch, arrivals[end] <= start {
                waits.add(start - arrivals[end])
                end += 1
            }
            let time = fixedTime + timePerRequest * Double(end - first)
            let finish = start.addingReportingOverflow(UInt64(min(time, 1e18)))
            free[instance] = finish.overflow ? .max : finish.partialValue
            last = max(last, free[instance])
            busy += time
            executions += 1
            first = end
        }
        let span = arrivals.first.map { Double(last - min($0, last)) } ?? 0
        return Outcome(
            delay: delay, executions: executions, meanFill: executions > 0 ? Double(arrivals.count) / Double(executions) : 0,
            meanWait: waits.mean ?? 0, p99Wait: waits.quantile(0.99) ?? 0, busyShare: span > 0 ? min(busy / span / Double(instanceCount), 1) : 0
        )
    }
}
