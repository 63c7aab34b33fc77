import Testing
import TraceQuery

@Suite("Mean fill over time")
struct FillTimelineTests {
    @Test("executions by the column in which they began; a column without any has none")
    func columns() {
        let base = Execution.base
        let executions = [
            Execution(trace: 1, queue: 0, start: 100), Execution(trace: 2, queue: 0, start: 100), Execution(trace: 3, queue: 0, start: 150, infer: 1_001),
            Execution(trace: 4, queue: 0, start: 900, infer: 1_002),
        ]
        let timeline = FillTimeline(Batch.grouping(executions.flatMap(\.members)), window: base...(base + 1_000), columns: 4, isComplete: true)
        #expect(timeline.columnWidth == 250)
        #expect(timeline.columns.map(\.count) == [2, 0, 0, 1])
        #expect(timeline.columns.map(\.meanFill) == [1.5, 0, 0, 1])
    }
}
