import Testing
import TraceModel
import TraceQuery

@Suite("What another queue delay would have done")
struct BatchDelayEstimateTests {
    /// Requests that come alone, every 4 ms, and run for 1.2 µs each.
    private func estimate(instances: Int = 1, maximum: Int = 4, gap: UInt64 = 4_000_000, count: UInt64 = 40) -> BatchDelayEstimate {
        let executions = (0..<count).map { Execution(trace: $0 + 1, queue: $0 * gap, start: $0 * gap + 10, infer: 1_000) }
        return BatchDelayEstimate(Batch.grouping(executions.flatMap(\.members)), instanceCount: instances, maximumBatch: maximum)
    }

    @Test("without a delay nobody waits for others")
    func none() {
        let outcome = estimate().outcome(delay: 0)
        #expect(outcome.executions == 40)
        #expect(outcome.meanFill == 1)
        #expect(outcome.meanWait == 0)
    }

    @Test("the first of a batch waits for the delay, the others for what is left of it")
    func delay() {
        // Two come within 5 ms: at 0 and at 4.
        let outcome = estimate().outcome(delay: 5_000_000)
        #expect(outcome.executions == 20)
        #expect(outcome.meanFill == 2)
        #expect(outcome.meanWait == 3_000_000)
    }

    @Test("a full batch starts at once")
    func full() {
        let outcome = estimate().outcome(delay: 1_000_000_000)
        #expect(outcome.executions == 10)
        #expect(outcome.meanFill == 4)
        // 12, 8, 4 and 0 ms.
        #expect(outcome.meanWait == 6_000_000)
    }

    @Test("who comes while all instances are busy waits for one, and shares a batch")
    func busy() {
        // All come within 40 ns, and an execution takes 1,200 ns.
        let one = estimate(gap: 1).outcome(delay: 0)
        #expect(one.executions == 11)
        let two = estimate(instances: 2, gap: 1).outcome(delay: 0)
        #expect(two.meanWait < one.meanWait)
        #expect(one.busyShare > 0.9)
    }

    @Test("how long a batch runs is a line through what was recorded")
    func line() {
        // One request: 2,200 ns; two: 3,200 ns.
        let executions = [
            Execution(trace: 1, queue: 0, start: 10, infer: 2_000), Execution(trace: 2, queue: 9_000_000, start: 9_000_010, infer: 3_000),
            Execution(trace: 3, queue: 9_000_000, start: 9_000_010, infer: 3_000),
        ]
        let estimate = BatchDelayEstimate(Batch.grouping(executions.flatMap(\.members)), instanceCount: 1, maximumBatch: 2)
        #expect(estimate.timePerRequest == 1_000)
        #expect(estimate.fixedTime == 1_200)
    }

    @Test("longer delays never make more executions, and all requests are run", arguments: 0..<20)
    func properties(seed: UInt64) {
        var random = SplitMix64(state: seed)
        let executions = (1...150).map { Execution(trace: $0, queue: .random(in: 0...50_000_000, using: &random), start: 60_000_000, infer: $0 * 37) }
        let estimate = BatchDelayEstimate(Batch.grouping(executions.flatMap(\.members)), instanceCount: 1 + Int(seed % 3), maximumBatch: 8)
        for delay in [0, 1_000, 1_000_000, 20_000_000, UInt64.max] as [UInt64] {
            let outcome = estimate.outcome(delay: delay)
            #expect((outcome.meanFill * Double(outcome.executions)).rounded() == 150)
            #expect(outcome.meanFill <= 8)
            #expect((0...1).contains(outcome.busyShare))
            #expect(outcome == estimate.outcome(delay: delay))
        }
    }

    @Test("nothing comes of nothing")
    func empty() {
        let outcome = BatchDelayEstimate([], instanceCount: 0, maximumBatch: 0).outcome(delay: 1)
        #expect(outcome.executions == 0)
        #expect(outcome.meanFill == 0)
    }
}
