#if canImport(Glibc)
internal import Glibc
#else
internal import Darwin
#endif

/// Counts of durations in buckets that grow by 2 %: quantiles with a relative error of at most 1 %, and sketches add up (DDSketch).
public struct DurationSketch: Hashable, Sendable {
    /// A quantile is at most this share away from the true one.
    public static let relativeError = 0.01
    private static let gamma = (1 + relativeError) / (1 - relativeError)
    private static let logGamma = log(gamma)

    /// Weights by bucket: bucket i holds values above gamma^(i-1), up to gamma^i. At most 2,219 for 64-bit nanoseconds.
    private var buckets: [Int16: Double] = [:]
    /// Weight of values of 0.
    private var zeros = 0.0
    /// The weight of all values.
    public private(set) var count = 0.0
    /// Values that were added, each once: how much the quantiles rest on.
    public private(set) var sampleCount = 0
    /// The weighted sum of all values, nanoseconds.
    public private(set) var sum = 0.0
    public private(set) var minimum: UInt64 = .max
    public private(set) var maximum: UInt64 = 0

    public init() {}

    /// - Parameters:
    ///   - duration: Nanoseconds.
    ///   - weight: How many it stands for; not above 0 is nothing.
    public mutating func add(_ duration: UInt64, weight: Double = 1) {
        guard weight > 0, weight.isFinite else { return }
        count += weight
        sampleCount += 1
        sum += Double(duration) * weight
        minimum = min(minimum, duration)
        maximum = max(maximum, duration)
        if duration == 0 {
            zeros += weight
        } else {
            buckets[Self.bucket(of: duration), default: 0] += weight
        }
    }

    public mutating func merge(_ other: DurationSketch) {
        count += other.count
        sampleCount += other.sampleCount
        sum += other.sum
        zeros += other.zeros
        minimum = min(minimum, other.minimum)
        maximum = max(maximum, other.maximum)
        buckets.merge(other.buckets, uniquingKeysWith: +)
    }

    public var mean: Double? { count > 0 ? sum / count : nil }

    /// The value that the share `q` (0 to 1) of all values does not exceed, nanoseconds; `nil` without values.
    public func quantile(_ q: Double) -> UInt64? {
        quantiles([q]).map { $0[0] }
    }

    /// Several quantiles at once.
    public func quantiles(_ shares: [Double]) -> [UInt64]? {
        guard count > 0 else { return nil }
        let sorted = buckets.sorted { $0.key < $1.key }
        return shares.map { share in
            if share >= 1 { return maximum }
            let rank = min(max(share, 0), 1) * count
            var seen = zeros
            // A rank on the border of two values belongs to the lower one; rounding must not push it beyond the last.
            if seen > 0, rank <= seen * (1 + 1e-12) { return 0 }
            for (bucket, weight) in sorted {
                seen += weight
                if rank <= seen * (1 + 1e-12) { return clamp(Self.value(of: bucket)) }
            }
            return maximum
        }
    }

    /// The share of values that are less than `duration`, half of those in its own bucket included: its percentile rank, 0 to 1.
    public func rank(of duration: UInt64) -> Double? {
        guard count > 0 else { return nil }
        if duration == 0 { return zeros / 2 / count }
        let own = Self.bucket(of: duration)
        var below = zeros
        for (bucket, weight) in buckets { below += bucket < own ? weight : bucket == own ? weight / 2 : 0 }
        return below / count
    }

    /// Each bucket's value and weight, in order: for drawing.
    public var points: [(value: UInt64, weight: Double)] {
        (zeros > 0 ? [(value: UInt64(0), weight: zeros)] : []) + buckets.sorted { $0.key < $1.key }.map { (value: clamp(Self.value(of: $0.key)), weight: $0.value) }
    }

    private func clamp(_ value: Double) -> UInt64 {
        let whole = value < Double(maximum) ? UInt64(value.rounded()) : maximum
        return min(max(whole, minimum), maximum)
    }

    private static func bucket(of duration: UInt64) -> Int16 {
        // At most log(2^64)/log(gamma) = 2,219.
        Int16((log(Double(duration)) / logGamma).rounded(.up))
    }

    private static func value(of bucket: Int16) -> Double {
        2 * pow(gamma, Double(bucket)) / (gamma + 1)
    }
}
