internal import Foundation

/// Quantiles of values that were counted in buckets of powers of two: the error is at most one octave.
enum TraceQLQuantile {
    /// The power of two that is not below the value: the bucket's exponent.
    ///
    /// - Returns: `nil` for what has no bucket: whole numbers and nanoseconds below 2, other numbers not above 0.
    static func exponent(_ value: TraceQLValue) -> Int? {
        switch value {
        case .int(let int), .duration(let int):
            return int < 2 ? nil : Int64.bitWidth - (int - 1).leadingZeroBitCount
        case .double(let double):
            guard double > 0, double.isFinite else { return nil }
            return double.significand == 1 ? Int(double.exponent) : Int(double.exponent) + 1
        default: return nil
        }
    }

    static func bound(_ exponent: Int) -> Double { scalbn(1, exponent) }

    /// - Parameters:
    ///   - quantile: 0 to 1.
    ///   - buckets: Exponents ascending, and how many values are in each; none of them is 0.
    /// - Returns: the value, interpolated exponentially within its bucket; 0 for no values.
    static func value(_ quantile: Double, _ buckets: [(exponent: Int, count: Double)]) -> Double {
        let total = buckets.reduce(0) { $0 + $1.count }
        guard total > 0 else { return 0 }
        // At least one value is read, so that the smallest quantile of a few values makes sense.
        let wanted = max(1, (quantile * total).rounded(.up))
        var passed = 0.0
        for (index, bucket) in buckets.enumerated() {
            if passed + bucket.count == wanted { return bound(bucket.exponent) }
            if passed + bucket.count > wanted || index == buckets.count - 1 {
                let share = (wanted - passed) / bucket.count
                let low = Double(index > 0 ? buckets[index - 1].exponent : bucket.exponent - 1)
                return exp2(low + (Double(bucket.exponent) - low) * share)
            }
            passed += bucket.count
        }
        return 0
    }
}
