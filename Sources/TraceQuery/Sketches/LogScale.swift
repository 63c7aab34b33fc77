#if canImport(Glibc)
internal import Glibc
#else
internal import Darwin
#endif

/// Steps that grow by the same factor.
public struct LogScale: Hashable, Sendable {
    /// Where step 0 begins, above 0.
    public var lowest: Double
    /// Above 1.
    public var ratio: Double

    public init(lowest: Double, ratio: Double) {
        self.lowest = max(lowest, .leastNormalMagnitude)
        self.ratio = max(ratio, 1.000_001)
    }

    /// The factor by which `steps` steps reach from one value to another.
    static func ratio(from lowest: Double, to highest: Double, steps: Int) -> Double {
        guard lowest > 0, highest > lowest, steps > 0 else { return 2 }
        return pow(highest / lowest, 1 / Double(steps))
    }

    /// 0 for all below ``lowest``.
    public func step(of value: Double) -> Int {
        guard value > lowest else { return 0 }
        return Int(min(log(value / lowest) / log(ratio) + 1e-9, 1e6))
    }

    public func start(of step: Int) -> Double { lowest * pow(ratio, Double(step)) }
}
