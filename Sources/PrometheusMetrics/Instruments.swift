internal import Synchronization

/// Counts up. Safe to use from any thread.
package final class PrometheusCounter: Sendable {
    private let count = Atomic<UInt64>(0)

    package init() {}

    package var value: UInt64 { count.load(ordering: .relaxed) }

    package func increment(by amount: UInt64 = 1) { count.wrappingAdd(amount, ordering: .relaxed) }

    package func reset() { count.store(0, ordering: .relaxed) }
}

/// Holds a number. Safe to use from any thread.
package final class PrometheusGauge: Sendable {
    private let bits = Atomic<UInt64>(0)

    package init() {}

    package var value: Double { Double(bitPattern: bits.load(ordering: .relaxed)) }

    package func set(_ value: Double) { bits.store(value.bitPattern, ordering: .relaxed) }

    package func add(_ amount: Double) {
        var old = bits.load(ordering: .relaxed)
        while true {
            let new = (Double(bitPattern: old) + amount).bitPattern
            let result = bits.weakCompareExchange(expected: old, desired: new, ordering: .relaxed)
            if result.exchanged { return }
            old = result.original
        }
    }
}

/// Counts values in buckets. Safe to use from any thread.
package final class PrometheusHistogram: Sendable {
    private let state: Mutex<HistogramState>

    /// - Parameter bounds: the greatest value of each bucket, growing; one more takes the rest.
    package init(bounds: [Double]) { state = Mutex(HistogramState(bounds: bounds)) }

    package func observe(_ value: Double) { state.withLock { $0.observe(value) } }

    package func reset() { state.withLock { $0 = HistogramState(bounds: $0.bounds) } }

    package var snapshot: HistogramSnapshot { state.withLock { $0.snapshot } }
}

/// The buckets of a histogram, to be held under a lock of the owner's.
package struct HistogramState: Sendable {
    package let bounds: [Double]
    private var counts: [UInt64]
    private var sum = 0.0
    private var exemplars: [Exemplar?] = []

    package init(bounds: [Double]) {
        self.bounds = bounds
        counts = [UInt64](repeating: 0, count: bounds.count + 1)
    }

    /// - Parameter exemplar: is kept as the newest of its bucket; made only when there is a trace.
    package mutating func observe(_ value: Double, exemplar: @autoclosure () -> Exemplar? = nil) {
        // A value that is none counts for the last bucket, and would spoil the sum.
        let index = bounds.firstIndex { value <= $0 } ?? bounds.count
        counts[index] += 1
        if value.isFinite { sum += value }
        guard let exemplar = exemplar() else { return }
        if exemplars.isEmpty { exemplars = [Exemplar?](repeating: nil, count: counts.count) }
        exemplars[index] = exemplar
    }

    package var snapshot: HistogramSnapshot { HistogramSnapshot(bounds: bounds, counts: counts, sum: sum, exemplars: exemplars) }
}
