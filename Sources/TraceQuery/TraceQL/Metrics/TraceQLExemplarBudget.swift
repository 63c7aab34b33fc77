internal import TraceModel

/// Decides which spans become examples of a series: few, of different traces, and spread over the range.
struct TraceQLExemplarBudget: Sendable {
    /// The most of one part of the range.
    private static let maximumPerBucket = 2

    private let maximum: Int
    private let start: UInt64
    private let width: UInt64
    private var counts: [Int]
    private var traces: Set<TraceID> = []

    init(_ maximum: Int, _ intervals: TraceQLIntervals) {
        self.maximum = intervals.isInstant ? 0 : max(0, maximum)
        let buckets = max(1, self.maximum / Self.maximumPerBucket)
        start = intervals.start
        width = max(1, (intervals.end - intervals.start) / UInt64(buckets))
        counts = [Int](repeating: 0, count: self.maximum == 0 ? 0 : buckets)
    }

    var isSpent: Bool { traces.count >= maximum }

    mutating func take(_ trace: TraceID, _ time: UInt64) -> Bool {
        guard !isSpent, time >= start, !traces.contains(trace) else { return false }
        let bucket = Int(min((time - start) / width, UInt64(counts.count - 1)))
        guard counts[bucket] < Self.maximumPerBucket else { return false }
        counts[bucket] += 1
        traces.insert(trace)
        return true
    }
}
