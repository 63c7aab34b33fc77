import Testing
import TraceModel
import TraceQuery

@Suite("Trace summaries")
struct TraceSummaryTests {
    @Test("root, counts and services")
    func facts() {
        let summary = TraceSummary(
            TraceSpans(
                traceID: traceID,
                batch: batch(
                    ("server", [span(2, parent: 1, "InferRequest", start: 20, end: 80), span(3, parent: 2, start: 30, end: 40)]),
                    ("client", [span(1, "outgoing-request", start: 10, end: 100)]),
                    ("late", [span(9, parent: 77, start: 5, end: 6)])
                )
            )
        )
        #expect(summary.rootService == "client")
        #expect(summary.rootName == "outgoing-request")
        #expect(summary.startTime == 5)
        #expect(summary.duration == 95)
        #expect(summary.spanCount == 4)
        #expect(summary.orphanCount == 1)
        #expect(summary.errorCount == 0)
        #expect(summary.errorMessage == nil)
        #expect(summary.services.map(\.name) == ["late", "client", "server"])
        #expect(summary.services.map(\.spanCount) == [1, 1, 2])
    }

    @Test("without a root the earliest orphan stands for it")
    func orphanRoot() {
        let summary = TraceSummary(
            TraceSpans(traceID: traceID, batch: batch(("a", [span(2, parent: 1, "later", start: 9, end: 10), span(3, parent: 1, "first", start: 8, end: 10)])))
        )
        #expect(summary.rootName == "first")
        #expect(summary.orphanCount == 2)
    }

    @Test("the message is that of the span that failed first, from its status or its exception")
    func errors() {
        var origin = span(3, parent: 2, "compute", start: 2, end: 5, status: SpanStatus(code: .error))
        origin.events = [SpanEvent(time: 4, name: "exception", attributes: [Attribute("exception.message", "Requested Error")])]
        let summary = TraceSummary(
            TraceSpans(
                traceID: traceID,
                batch: batch(("a", [span(1, start: 1, end: 9, status: .error("500")), span(2, parent: 1, start: 1, end: 8, status: .error("model")), origin]))
            )
        )
        #expect(summary.errorCount == 3)
        #expect(summary.errorMessage == "Requested Error")
        #expect(TraceSummary.errorMessage(of: span(1, "step", start: 1, end: 2, status: SpanStatus(code: .error))) == "step failed")
    }
}
