import Testing
import TraceModel

@testable import TraceQuery

@Suite("Sketches of durations")
struct DurationSketchTests {
    @Test("quantiles are at most one percent away from the true ones", arguments: 0..<10)
    func error(seed: UInt64) throws {
        var random = SplitMix64(state: seed)
        let values = (0..<2_000).map { _ in UInt64.random(in: 1...(1 << UInt64.random(in: 1...62, using: &random)), using: &random) }.sorted()
        var sketch = DurationSketch()
        for value in values { sketch.add(value) }
        for (index, share) in [(0, 0.0005), (999, 0.5), (1_899, 0.95), (1_979, 0.99), (1_999, 1)] {
            let found = Double(try #require(sketch.quantile(share)))
            #expect(abs(found - Double(values[index])) <= 0.0101 * Double(values[index]) + 1)
        }
    }

    @Test("sketches add up")
    func merge() {
        var (left, right, both) = (DurationSketch(), DurationSketch(), DurationSketch())
        for value in 0..<500 as Range<UInt64> {
            left.add(value * 1_000, weight: 2)
            right.add(value * 77_777)
            both.add(value * 1_000, weight: 2)
            both.add(value * 77_777)
        }
        left.merge(right)
        #expect(left == both)
        #expect(left.count == 1_500)
    }

    @Test("weights, zeros, extremes, nothing")
    func edges() throws {
        #expect(DurationSketch().quantile(0.5) == nil)
        var sketch = DurationSketch()
        sketch.add(0, weight: 9)
        sketch.add(.max)
        sketch.add(5, weight: -1)
        sketch.add(5, weight: .nan)
        #expect(sketch.quantile(0.5) == 0)
        #expect(sketch.quantile(0.9) == 0)
        #expect(sketch.quantile(1) == .max)
        #expect(sketch.minimum == 0)
        #expect(sketch.rank(of: .max) == 0.95)
    }

    @Test("each value lies in the step of a scale that begins at or below it", arguments: [1_000.0, 1_001, 3_162.3, 99_999, 1e9, 1e18])
    func scale(value: Double) {
        let scale = LogScale(lowest: 1_000, ratio: 3.162_277_660_168_379_5)
        let step = scale.step(of: value)
        #expect(scale.start(of: step) <= value * 1.000_001)
        #expect(scale.start(of: step + 1) > value * 0.999_999)
    }

    @Test("a scale for some values reaches from the least to the most, or a bit further around values that are nearly the same", arguments: [
        (12_000_000, 12_000_000, 6_000_000, 24_000_000), (10_000_000, 14_400_000, 6_000_000, 24_000_000), (1_000, 9_000, 1_000, 9_000), (1, 1, 1, 4), (0, 0, 1, 4),
        (9_000, 1_000, 1_000, 9_000), (.max, .max, 9.223_372_036_854_776e18, 3.689_348_814_741_91e19),
    ] as [(UInt64, UInt64, Double, Double)])
    func extent(least: UInt64, most: UInt64, start: Double, end: Double) {
        let scale = LogScale(from: least, to: most, steps: 32)
        #expect(abs(scale.lowest / start - 1) < 1e-9)
        #expect(abs(scale.start(of: 32) / end - 1) < 1e-9)
    }
}
