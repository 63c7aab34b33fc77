internal import NeedletailTracing

/// Decides which requests are traced: Triton's rate and count, and the caller's decision.
///
/// Counters start anew with each sampler; changing the settings means making a new one.
package final class TraceSampler: Sendable {
    private let isOn: Bool
    private let byRate: EveryNthSampler

    package init(_ settings: TraceSettings) {
        isOn = settings.level != .off
        byRate = EveryNthSampler(every: UInt64(settings.rate), count: settings.count < 0 ? nil : Int(settings.count))
    }

    /// - Parameter parentIsSampled: the flag in the caller's context; `nil` without a context.
    /// - Returns: whether to trace. A sampled caller is always traced, one that is not sampled never, and counts for nothing.
    package func shouldTrace(parentIsSampled: Bool?) -> Bool {
        guard isOn else { return false }
        if parentIsSampled == false { return false }
        return byRate.take() || parentIsSampled == true
    }

    /// Traces that are left to be made by rate; -1 is no limit.
    package var remainingCount: Int { byRate.remainingCount ?? -1 }
}
