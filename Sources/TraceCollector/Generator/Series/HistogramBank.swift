internal import PrometheusMetrics
internal import TraceModel

/// Histograms of many series with the same buckets, side by side in memory.
struct HistogramBank: Sendable {
    private struct RawExemplar: Sendable {
        var traceID: TraceID
        var value: Double
        /// Seconds since the epoch; 0 where there is no exemplar.
        var time: Double

        static let none = RawExemplar(traceID: TraceID(high: 0, low: 0), value: 0, time: 0)
    }

    let bounds: [Double]
    private let width: Int
    /// Weights of what fell in each bucket, `width` for each series.
    private var counts: [Double] = []
    private var sums: [Double] = []
    private var exemplars: [RawExemplar] = []

    /// - Parameter bounds: the greatest value of each bucket, growing; one more takes the rest.
    init(bounds: [Double]) {
        self.bounds = bounds
        width = bounds.count + 1
    }

    /// Series in Prometheus' sense that a histogram makes: its buckets, `_sum` and `_count`.
    var seriesPerHistogram: Int { width + 2 }

    mutating func add() {
        counts.append(contentsOf: repeatElement(0, count: width))
        exemplars.append(contentsOf: repeatElement(.none, count: width))
        sums.append(0)
    }

    /// - Parameters:
    ///   - weight: how many values this one stands for.
    ///   - time: seconds since the epoch.
    @inline(__always)
    mutating func observe(_ series: Int, _ value: Double, weight: Double, traceID: TraceID, time: Double) {
        var bucket = 0
        bounds.withUnsafeBufferPointer { bounds in
            while bucket < bounds.count, value > bounds[bucket] { bucket &+= 1 }
        }
        let place = series &* width &+ bucket
        counts[place] += weight
        sums[series] += value * weight
        exemplars[place] = RawExemplar(traceID: traceID, value: value, time: time)
    }

    /// Weights may be fractions; counts are rounded, growing all the same.
    func snapshot(_ series: Int) -> HistogramSnapshot {
        let range = (series * width)..<((series + 1) * width)
        var total = 0.0
        var rounded: UInt64 = 0
        let counts = counts[range].map { count in
            total += count
            let next = max(rounded, UInt64(exactly: total.rounded()) ?? rounded)
            defer { rounded = next }
            return next - rounded
        }
        let shown = exemplars[range].map { raw in
            raw.time > 0 ? Exemplar(traceID: raw.traceID.description, value: raw.value, time: raw.time) : nil
        }
        return HistogramSnapshot(bounds: bounds, counts: counts, sum: sums[series], exemplars: shown.contains { $0 != nil } ? shown : [])
    }

    mutating func keep(_ numbers: [Int]) {
        counts = numbers.flatMap { counts[($0 * width)..<(($0 + 1) * width)] }
        exemplars = numbers.flatMap { exemplars[($0 * width)..<(($0 + 1) * width)] }
        sums = numbers.map { sums[$0] }
    }
}
