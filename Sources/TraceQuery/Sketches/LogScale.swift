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

    /// The least factor between the ends of a scale that is made for some values: less would show nothing but their noise.
    static let leastExtent = 4.0

    /// A scale of `steps` steps from one value to another, both from 1 on; when these are nearly the same, further, with both in its middle.
    init(from least: UInt64, to most: UInt64, steps: Int) {
        var (low, high) = (Double(max(min(least, most), 1)), Double(max(least, most, 1)))
        if high / low < Self.leastExtent {
            low = max(1, (low * high / Self.leastExtent).squareRoot())
            high = low * Self.leastExtent
        }
        self.init(lowest: low, ratio: pow(high / low, 1 / Double(max(steps, 1))))
    }

    /// 0 for all below ``lowest``.
    public func step(of value: Double) -> Int {
        guard value > lowest else { return 0 }
        return Int(min(log(value / lowest) / log(ratio) + 1e-9, 1e6))
    }

    public func start(of step: Int) -> Double { lowest * pow(ratio, Double(step)) }
}
