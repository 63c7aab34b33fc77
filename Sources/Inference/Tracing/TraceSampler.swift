internal import Synchronization
internal import TraceModel

/// Decides which requests are traced: Triton's rate and count, and the caller's decision.
///
/// Counters start anew with each sampler; changing the settings means making a new one.
package final class TraceSampler: Sendable {
    private let isOn: Bool
    private let rate: UInt64
    private let requests = Atomic<UInt64>(0)
    /// Traces that are left; negative is no limit.
    private let remaining: Atomic<Int>

    package init(_ settings: TraceSettings) {
        isOn = settings.level != .off
        rate = UInt64(settings.rate)
        remaining = Atomic(Int(settings.count))
    }

    /// - Parameter parentIsSampled: the flag in the caller's context; `nil` without a context.
    /// - Returns: whether to trace. A sampled caller is always traced, one that is not sampled never, and counts for nothing.
    package func shouldTrace(parentIsSampled: Bool?) -> Bool {
        guard isOn else { return false }
        if parentIsSampled == false { return false }
        let isTick = rate != 0 && requests.wrappingAdd(1, ordering: .relaxed).newValue % rate == 0
        let isHit = isTick && takeOne()
        return isHit || parentIsSampled == true
    }

    /// Traces that are left to be made by rate; -1 is no limit.
    package var remainingCount: Int { max(-1, remaining.load(ordering: .relaxed)) }

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
}
