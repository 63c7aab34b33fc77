internal import TraceModel

extension FeatureTable {
    /// Traces in the order of their durations, the shortest first; those of one duration by their ids.
    public func sortedByDuration(_ indices: [Int]) -> [Int] {
        var sorted = indices.map { (duration: durations[$0], index: $0) }
        sorted.sort { left, right in
            left.duration == right.duration ? traceIDs[left.index] < traceIDs[right.index] : left.duration < right.duration
        }
        return sorted.map(\.index)
    }
}
