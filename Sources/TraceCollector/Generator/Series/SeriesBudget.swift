/// How many series there may be, counted as Prometheus does: each bucket of a histogram is one.
struct SeriesBudget: Sendable {
    /// 0 is no bound.
    let limit: Int
    private(set) var used = 0
    /// Observations that had to go to a series with `metric_overflow="true"`.
    var overflowed: UInt64 = 0

    init(limit: Int) {
        self.limit = max(0, limit)
    }

    mutating func take(_ series: Int) -> Bool {
        guard limit == 0 || used + series <= limit else { return false }
        used += series
        return true
    }

    mutating func give(back series: Int) {
        used = max(0, used - series)
    }
}
