import Inference
import Testing

@Suite struct TraceSamplerTests {
    private func traced(_ settings: TraceSettings, requests: Int, parent: Bool? = nil) -> [Int] {
        let sampler = TraceSampler(settings)
        return (1...requests).filter { _ in sampler.shouldTrace(parentIsSampled: parent) }
    }

    @Test func rateTakesEveryNth() {
        #expect(traced(TraceSettings(level: .timestamps, rate: 3), requests: 10) == [3, 6, 9])
        #expect(traced(TraceSettings(level: .timestamps, rate: 1), requests: 3) == [1, 2, 3])
        #expect(traced(TraceSettings(level: .timestamps, rate: 0), requests: 10) == [])
        #expect(traced(TraceSettings(level: .off, rate: 1), requests: 10) == [])
    }

    @Test func countStopsAtZero() {
        #expect(traced(TraceSettings(level: .timestamps, rate: 2, count: 2), requests: 10) == [2, 4])
        #expect(traced(TraceSettings(level: .timestamps, rate: 1, count: 0), requests: 10) == [])
    }

    @Test func sampledParentIsAlwaysTraced() {
        #expect(traced(TraceSettings(level: .timestamps, rate: 0), requests: 3, parent: true) == [1, 2, 3])
        #expect(traced(TraceSettings(level: .timestamps, rate: 1000), requests: 3, parent: true) == [1, 2, 3])
        #expect(traced(TraceSettings(level: .timestamps, rate: 1, count: 1), requests: 3, parent: true) == [1, 2, 3])
        #expect(traced(TraceSettings(level: .off, rate: 1), requests: 3, parent: true) == [])
    }

    @Test func sampledParentUsesUpACountOnATick() {
        let sampler = TraceSampler(TraceSettings(level: .timestamps, rate: 2, count: 1))
        #expect(sampler.shouldTrace(parentIsSampled: true))
        #expect(sampler.remainingCount == 1)
        #expect(sampler.shouldTrace(parentIsSampled: true))
        #expect(sampler.remainingCount == 0)
        #expect(!sampler.shouldTrace(parentIsSampled: nil))
        #expect(!sampler.shouldTrace(parentIsSampled: nil))
    }

    @Test("defect 12: a parent that is not sampled is never traced, and does not move the counter")
    func unsampledParentIsNeverTraced() {
        #expect(traced(TraceSettings(level: .timestamps, rate: 1), requests: 3, parent: false) == [])
        let sampler = TraceSampler(TraceSettings(level: .timestamps, rate: 2))
        #expect(!sampler.shouldTrace(parentIsSampled: nil))
        #expect(!sampler.shouldTrace(parentIsSampled: false))
        #expect(sampler.shouldTrace(parentIsSampled: nil))
    }

    @Test func countIsExactUnderContention() async {
        let sampler = TraceSampler(TraceSettings(level: .timestamps, rate: 3, count: 500))
        let hits = await withTaskGroup(of: Int.self) { group in
            for _ in 0..<8 {
                group.addTask { (0..<1000).count { _ in sampler.shouldTrace(parentIsSampled: nil) } }
            }
            return await group.reduce(0, +)
        }
        #expect(hits == 500)
        #expect(sampler.remainingCount == 0)
    }
}
