/// A half-open piece of time, nanoseconds since the Unix epoch; never ends before it starts.
struct TimeRange: Hashable {
    var start: UInt64
    var end: UInt64

    init(_ start: UInt64, _ end: UInt64) {
        self.start = start
        self.end = max(start, end)
    }

    var length: UInt64 { end - start }

    func clamped(to bounds: TimeRange) -> TimeRange {
        let start = min(max(start, bounds.start), bounds.end)
        return TimeRange(start, min(max(end, start), bounds.end))
    }

    func overlap(_ other: TimeRange) -> UInt64 {
        let start = max(start, other.start)
        let end = min(end, other.end)
        return end > start ? end - start : 0
    }
}
