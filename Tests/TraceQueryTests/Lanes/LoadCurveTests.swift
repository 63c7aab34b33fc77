import Testing
import TraceQuery

@Suite("Requests that wait and run, along time")
struct LoadCurveTests {
    private func curve(_ executions: [Execution], to: UInt64, steps: Int) -> LoadCurve {
        LoadCurve(Batch.grouping(executions.flatMap(\.members)), range: Execution.base...(Execution.base + to), steps: steps)
    }

    @Test("averages of each step, also of steps that are covered in part")
    func averages() {
        // Waits from 50 to 250, runs until 1,450 (beyond the range).
        let found = curve([Execution(trace: 1, queue: 50, start: 250, infer: 1_000)], to: 400, steps: 4)
        #expect(found.waiting == [0.5, 1, 0.5, 0])
        #expect(found.inFlight == [0.5, 1, 1, 1])
    }

    @Test("the curves hold as much time as the requests took", arguments: 0..<20)
    func properties(seed: UInt64) {
        var random = SplitMix64(state: seed)
        var executions: [Execution] = []
        for number in 1...100 as ClosedRange<UInt64> {
            let queue = UInt64.random(in: 0...90_000, using: &random)
            let start = queue + UInt64.random(in: 0...5_000, using: &random)
            executions.append(Execution(trace: number, queue: queue, start: start, infer: number * 11))
        }
        let found = curve(executions, to: 200_000, steps: 1 + Int(seed) * 13)
        let width = 200_000 / Double(found.waiting.count)
        let waited: Double = executions.reduce(0) { $0 + Double($1.start - $1.queue) }
        let taken: Double = executions.reduce(0) { $0 + Double($1.start - $1.queue + $1.infer + 200) }
        let (waiting, inFlight) = (found.waiting.reduce(0, +) * width, found.inFlight.reduce(0, +) * width)
        #expect(abs(waiting - waited) < 1)
        #expect(abs(inFlight - taken) < 1)
    }
}
