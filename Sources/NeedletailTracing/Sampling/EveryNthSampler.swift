internal import Synchronization
internal import TraceModel

/// Samples every n-th span it is asked about, and stops after a number of them: Triton's trace rate and count.
///
/// Use it as the root of a ``ParentBasedSampler``, so that whole traces are taken. Counters are exact under concurrency. Its
/// decisions have no consistent probability: the spans carry `sampler.type` `everynth` and `sampler.param` n instead.
public final class EveryNthSampler: Sampler {
    /// The first n - 1 are not sampled; 0 samples nothing.
    public let n: UInt64
    private let asked = Atomic<UInt64>(0)
    /// Negative is no limit.
    private let remaining: Atomic<Int>
    private let attributes: [Attribute]

    /// - Parameters:
    ///   - n: every how-many-th span is sampled.
    ///   - count: after so many it stops; `nil` is no limit.
    public init(every n: UInt64, count: Int? = nil) {
        self.n = n
        self.remaining = Atomic(count.map { max(0, $0) } ?? -1)
        self.attributes = SamplerAttributes.make(type: "everynth", parameter: .int(Int64(clamping: n)))
    }

    public func sample(_ request: SamplingRequest) -> SamplingResult {
        take() ? SamplingResult(.recordAndSample, attributes: attributes) : SamplingResult(.drop)
    }

    /// Counts one, and tells whether it is to be sampled.
    public func take() -> Bool {
        guard n != 0, asked.wrappingAdd(1, ordering: .relaxed).newValue % n == 0 else { return false }
        var current = remaining.load(ordering: .relaxed)
        while true {
            if current < 0 { return true }
            if current == 0 { return false }
            let (exchanged, original) = remaining.weakCompareExchange(expected: current, desired: current - 1, ordering: .relaxed)
            if exchanged { return true }
            current = original
        }
    }

    /// How many more will be sampled; `nil` is no limit.
    public var remainingCount: Int? {
        let count = remaining.load(ordering: .relaxed)
        return count < 0 ? nil : count
    }

    public var description: String {
        "EveryNthSampler{every: \(n)\(remainingCount.map { ", remaining: \($0)" } ?? "")}"
    }
}
