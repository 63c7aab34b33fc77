/// The steps of a metrics query: each includes its end, and is told by it.
struct TraceQLIntervals: Hashable, Sendable {
    /// The most steps.
    static let maximumCount = 11_000

    /// Nanoseconds since the Unix epoch; a span that starts just then is before the first step, but in an instant query within it.
    let start: UInt64
    let end: UInt64
    /// Nanoseconds.
    let step: UInt64
    let count: Int
    let isInstant: Bool

    /// One step over the whole range.
    init(instant options: TraceQLMetricsOptions) throws(TraceQLError) {
        try Self.check(options)
        start = options.start
        end = options.end
        step = options.end - options.start
        count = 1
        isInstant = true
    }

    /// Aligned to the step, and one step more at the start.
    init(range options: TraceQLMetricsOptions) throws(TraceQLError) {
        try Self.check(options)
        var step = options.step ?? 0
        if step == 0 { step = Self.defaultStep(options.end - options.start) }
        var start = options.start - options.start % step
        if start > step { start -= step }
        let rest = options.end % step
        let (end, overflow) = rest == 0 ? (options.end, false) : options.end.addingReportingOverflow(step - rest)
        self.start = start
        self.end = overflow ? options.end : end
        self.step = step
        let count = (self.end - start) / step
        guard count <= Self.maximumCount else {
            throw TraceQLError(message: "the range has \(count) steps, the most are \(Self.maximumCount): ask for a longer step", line: 1, column: 1)
        }
        self.count = Int(count)
        isInstant = false
    }

    private static func check(_ options: TraceQLMetricsOptions) throws(TraceQLError) {
        guard options.start < options.end else { throw TraceQLError(message: "end must be greater than start", line: 1, column: 1) }
    }

    /// About 240 steps of a round length.
    static func defaultStep(_ range: UInt64) -> UInt64 {
        let second: UInt64 = 1_000_000_000
        let baseline = range / 240
        let lengths = range < 60 * second ? [second / 20] : [3600 * second, 300 * second, 60 * second, 15 * second, 5 * second, second]
        for length in lengths where baseline > length { return baseline / length * length }
        return range < 60 * second ? second / 20 : second
    }

    /// - Returns: `nil` for a time outside of the range.
    func index(of time: UInt64) -> Int? {
        guard time <= end else { return nil }
        if isInstant { return time >= start ? 0 : nil }
        guard time > start else { return nil }
        let index = Int((time - start - 1) / step)
        return index < count ? index : nil
    }

    /// Milliseconds since the Unix epoch.
    func time(_ index: Int) -> Int64 {
        let time = isInstant ? end : start &+ UInt64(index + 1) &* step
        return Int64(clamping: time / 1_000_000)
    }

    /// The starts of spans that count.
    var window: ClosedRange<UInt64> { isInstant ? start...end : start + 1...end }
}
