/// How many requests waited for a model, and how many it had in hand, along time.
public struct LoadCurve: Hashable, Sendable {
    /// Requests in the queue, on average over each step.
    public let waiting: [Double]
    /// Requests that waited or were executing, on average over each step.
    public let inFlight: [Double]

    /// - Parameters:
    ///   - batches: Of one model on one server.
    ///   - range: Nanoseconds since the Unix epoch.
    ///   - steps: At least 1.
    public init(_ batches: [Batch], range: ClosedRange<UInt64>, steps: Int) {
        let bounds = TimeRange(range.lowerBound, range.upperBound)
        let steps = max(steps, 1)
        var (waiting, inFlight) = (Sums(bounds, steps), Sums(bounds, steps))
        for batch in batches where batch.end > bounds.start {
            for member in batch.members {
                let arrival = min(member.queueStart ?? member.start, member.start)
                waiting.add(TimeRange(arrival, member.start))
                inFlight.add(TimeRange(arrival, member.end))
            }
        }
        self.waiting = waiting.averages
        self.inFlight = inFlight.averages
    }

    /// Adds up pieces of time by step, each in constant time.
    private struct Sums {
        let bounds: TimeRange
        let width: Double
        /// Shares of steps that are covered in part.
        var partly: [Double]
        /// +1 and -1 where steps begin and end to be covered whole.
        var changes: [Double]

        init(_ bounds: TimeRange, _ steps: Int) {
            self.bounds = bounds
            width = max(Double(bounds.length) / Double(steps), 1)
            partly = [Double](repeating: 0, count: steps)
            changes = [Double](repeating: 0, count: steps + 1)
        }

        mutating func add(_ piece: TimeRange) {
            let range = piece.clamped(to: bounds)
            guard range.length > 0 else { return }
            let from = Double(range.start - bounds.start) / width
            let to = Double(range.end - bounds.start) / width
            let first = min(Int(from), partly.count - 1)
            let last = min(Int(to), partly.count - 1)
            if first == last {
                partly[first] += to - from
            } else {
                partly[first] += Double(first + 1) - from
                partly[last] += to - Double(last)
                changes[first + 1] += 1
                changes[last] -= 1
            }
        }

        var averages: [Double] {
            var whole = 0.0
            return partly.indices.map { index in
                whole += changes[index]
                return partly[index] + whole
            }
        }
    }
}
