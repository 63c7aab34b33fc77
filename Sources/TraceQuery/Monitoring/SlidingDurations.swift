/// Durations of a sliding window: what was added can be taken away again. Buckets grow with their value; a quantile is wrong by at most 0.8 %.
///
/// Not a ``DurationSketch``, which weighs its values: of sums of fractions nothing can be taken away again without a rest.
public struct SlidingDurations: Hashable, Sendable {
    /// Values below this many nanoseconds have a bucket each; above, each power of two has as many.
    private static let resolution: UInt64 = 64

    private var counts: [UInt16: UInt32] = [:]
    /// How many durations were counted.
    public private(set) var count: UInt64 = 0

    public init() {}

    /// - Parameter duration: nanoseconds.
    public mutating func add(_ duration: UInt64) {
        counts[Self.bucket(duration), default: 0] &+= 1
        count += 1
    }

    public mutating func add(_ other: SlidingDurations) {
        for (bucket, more) in other.counts { counts[bucket, default: 0] &+= more }
        count += other.count
    }

    /// Takes away what was added before.
    public mutating func subtract(_ other: SlidingDurations) {
        for (bucket, less) in other.counts {
            let left = counts[bucket, default: 0]
            counts[bucket] = left > less ? left - less : nil
        }
        count -= min(count, other.count)
    }

    /// The duration in nanoseconds that a share of all durations does not exceed; `nil` when there is none.
    ///
    /// - Parameter share: 0 to 1; what is beyond counts as the nearer one.
    public func quantile(_ share: Double) -> Double? {
        guard count > 0 else { return nil }
        let rank = max(1, (min(max(share, 0), 1) * Double(count)).rounded(.up))
        var seen = 0.0
        var last: UInt16 = 0
        for (bucket, number) in counts.sorted(by: { $0.key < $1.key }) {
            seen += Double(number)
            last = bucket
            if seen >= rank { break }
        }
        return Self.middle(last)
    }

    private static func bucket(_ duration: UInt64) -> UInt16 {
        if duration < resolution { return UInt16(duration) }
        let exponent = 63 - UInt64(duration.leadingZeroBitCount)
        let part = duration >> (exponent - 6) & (resolution - 1)
        return UInt16((exponent - 5) * resolution + part)
    }

    private static func middle(_ bucket: UInt16) -> Double {
        let bucket = UInt64(bucket)
        if bucket < resolution { return Double(bucket) }
        let exponent = bucket / resolution + 5
        let width = Double(UInt64(1) << (exponent - 6))
        return Double(resolution + bucket % resolution) * width + (width - 1) / 2
    }
}
