internal import Synchronization

/// Decides which requests are traced: Triton's rate and count, and the caller's decision.
///
/// The settings may change while it is in use; a decision costs one atomic addition, and a plain load when nothing is traced.
package final class TraceSampler: Sendable {
    /// What is decided about one request.
    package enum Verdict: Hashable, Sendable {
        case skip
        /// The caller is traced.
        case byCaller
        /// It is the `rate`-th since the last.
        case byRate(UInt32)
    }

    /// The level in the upper half, the rate in the lower one: both are read at once.
    private let rule: Atomic<UInt64>
    private let asked = Atomic<UInt64>(0)
    /// Negative is no limit.
    private let remaining: Atomic<Int>
    /// Requests of this sampler that are under way, in mode `triton`.
    let open = Atomic<Int>(0)

    package init(level: TraceSettings.Level, rate: UInt32, count: Int32) {
        rule = Atomic(Self.rule(level, rate))
        remaining = Atomic(Int(max(count, -1)))
    }

    package convenience init(_ settings: TraceSettings) {
        self.init(level: settings.level, rate: settings.rate, count: settings.count)
    }

    private static func rule(_ level: TraceSettings.Level, _ rate: UInt32) -> UInt64 { UInt64(level.rawValue) << 32 | UInt64(rate) }

    package var level: TraceSettings.Level {
        TraceSettings.Level(rawValue: UInt8(truncatingIfNeeded: rule.load(ordering: .relaxed) >> 32))
    }

    package var rate: UInt32 { UInt32(truncatingIfNeeded: rule.load(ordering: .relaxed)) }

    /// Traces that are left to be made by rate; -1 is no limit.
    package var remainingCount: Int32 { Int32(clamping: remaining.load(ordering: .relaxed)) }

    /// Counts one request.
    ///
    /// - Parameter callerIsTraced: the decision in the caller's context; `nil` without one.
    /// - Returns: whether to trace. A caller's trace is always continued; a request of a caller that is not traced never is
    ///   traced, and counts for nothing.
    package func take(callerIsTraced: Bool?) -> Verdict {
        let rule = rule.load(ordering: .relaxed)
        guard rule >> 32 != 0, callerIsTraced != false else { return .skip }
        let rate = UInt32(truncatingIfNeeded: rule)
        if rate != 0, asked.wrappingAdd(1, ordering: .relaxed).newValue % UInt64(rate) == 0, takeOne() {
            return callerIsTraced == true ? .byCaller : .byRate(rate)
        }
        return callerIsTraced == true ? .byCaller : .skip
    }

    /// Uses up one of the count; `false` when none is left.
    private func takeOne() -> Bool {
        var current = remaining.load(ordering: .relaxed)
        while true {
            if current < 0 { return true }
            if current == 0 { return false }
            let (exchanged, original) = remaining.weakCompareExchange(expected: current, desired: current - 1, ordering: .relaxed)
            if exchanged { return true }
            current = original
        }
    }

    /// Other settings from now on; requests are counted anew.
    ///
    /// - Parameter count: `nil` keeps what is left.
    package func change(level: TraceSettings.Level, rate: UInt32, count: Int32?) {
        if let count { remaining.store(Int(max(count, -1)), ordering: .relaxed) }
        asked.store(0, ordering: .relaxed)
        rule.store(Self.rule(level, rate), ordering: .relaxed)
    }
}
