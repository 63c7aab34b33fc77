import Testing

@testable import Inference

@Suite struct TraceSamplerTests {
    private func traced(_ settings: TraceSettings, requests: Int, caller: Bool? = nil) -> [Int] {
        let sampler = TraceSampler(settings)
        return (1...requests).filter { _ in sampler.take(callerIsTraced: caller) != .skip }
    }

    @Test func rateTakesEveryNth() {
        #expect(traced(TraceSettings(level: .timestamps, rate: 3), requests: 10) == [3, 6, 9])
        #expect(traced(TraceSettings(level: .timestamps, rate: 1), requests: 3) == [1, 2, 3])
        #expect(traced(TraceSettings(level: .tensors, rate: 2), requests: 3) == [2])
        #expect(traced(TraceSettings(level: .timestamps, rate: 0), requests: 10) == [])
        #expect(traced(TraceSettings(level: .off, rate: 1), requests: 10) == [])
    }

    @Test func countStopsAtZero() {
        #expect(traced(TraceSettings(level: .timestamps, rate: 2, count: 2), requests: 10) == [2, 4])
        #expect(traced(TraceSettings(level: .timestamps, rate: 1, count: 0), requests: 10) == [])
    }

    @Test func aTracedCallerIsAlwaysFollowed() {
        #expect(traced(TraceSettings(level: .timestamps, rate: 0), requests: 3, caller: true) == [1, 2, 3])
        #expect(traced(TraceSettings(level: .timestamps, rate: 1000), requests: 3, caller: true) == [1, 2, 3])
        #expect(traced(TraceSettings(level: .timestamps, rate: 1, count: 1), requests: 3, caller: true) == [1, 2, 3])
        #expect(traced(TraceSettings(level: .off, rate: 1), requests: 3, caller: true) == [])
    }

    @Test func aTracedCallerUsesUpACountOnATick() {
        let sampler = TraceSampler(TraceSettings(level: .timestamps, rate: 2, count: 1))
        #expect(sampler.take(callerIsTraced: true) == .byCaller)
        #expect(sampler.remainingCount == 1)
        #expect(sampler.take(callerIsTraced: true) == .byCaller)
        #expect(sampler.remainingCount == 0)
        #expect(sampler.take(callerIsTraced: nil) == .skip)
        #expect(sampler.take(callerIsTraced: nil) == .skip)
    }

    @Test("The verdict says by which rate a request was taken")
    func verdict() {
        let sampler = TraceSampler(TraceSettings(level: .timestamps, rate: 2))
        #expect(sampler.take(callerIsTraced: nil) == .skip)
        #expect(sampler.take(callerIsTraced: nil) == .byRate(2))
    }

    @Test("Other settings count from the beginning, and keep what is left unless told otherwise")
    func change() {
        let sampler = TraceSampler(TraceSettings(level: .timestamps, rate: 2, count: 3))
        for _ in 0..<3 { _ = sampler.take(callerIsTraced: nil) }
        #expect(sampler.remainingCount == 2)
        sampler.change(level: .timestamps, rate: 2, count: nil)
        #expect(sampler.take(callerIsTraced: nil) == .skip)
        #expect(sampler.take(callerIsTraced: nil) == .byRate(2))
        #expect(sampler.remainingCount == 1)
        sampler.change(level: .off, rate: 1, count: 7)
        #expect(sampler.take(callerIsTraced: true) == .skip)
        #expect(sampler.remainingCount == 7)
    }

    @Test func countIsExactUnderContention() async {
        let sampler = TraceSampler(TraceSettings(level: .timestamps, rate: 3, count: 500))
        let hits = await withTaskGroup(of: Int.self) { group in
            for _ in 0..<8 {
                group.addTask { (0..<1000).count { _ in sampler.take(callerIsTraced: nil) != .skip } }
            }
            return await group.reduce(0, +)
        }
        #expect(hits == 500)
        #expect(sampler.remainingCount == 0)
    }
}
