/// Mean batch sizes along a window of time, in columns of equal width.
public struct FillTimeline: Hashable, Sendable {
    public struct Column: Hashable, Sendable {
        /// Weighted executions that began in the column.
        public var count = 0.0
        /// Requests in one of them, on average; 0 without any.
        public var meanFill = 0.0
    }

    /// Nanoseconds.
    public let columnWidth: UInt64
    public let columns: [Column]

    /// - Parameters:
    ///   - window: Nanoseconds since the Unix epoch; executions outside are left out.
    ///   - isComplete: Every execution is there, and counts as one.
    public init(_ batches: [Batch], window: ClosedRange<UInt64>, columns count: Int, isComplete: Bool) {
        let count = max(count, 1)
        let width = max((window.upperBound - window.lowerBound) / UInt64(count), 1)
        var columns = [Column](repeating: Column(), count: count)
        for batch in batches where window.contains(batch.start) {
            let index = min(Int((batch.start - window.lowerBound) / width), count - 1)
            let weight = isComplete ? 1 : batch.members.reduce(0) { $0 + $1.weight.count } / Double(max(batch.requestCount, 1))
            columns[index].count += weight
            columns[index].meanFill += Double(batch.requestCount) * weight
        }
        for index in columns.indices where columns[index].count > 0 { columns[index].meanFill /= columns[index].count }
        columnWidth = width
        self.columns = columns
    }
}
