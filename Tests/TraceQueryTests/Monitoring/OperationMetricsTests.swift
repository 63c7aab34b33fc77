import Testing
import TraceModel
import TraceQuery

@Suite("Metrics of a service's operations")
struct OperationMetricsTests {
    private func trace(_ number: UInt64, at start: UInt64, milliseconds: UInt64 = 10, failed: Bool = false, threshold: String = "") -> TraceTree {
        let id = TraceID(high: 0, low: number)
        func span(_ own: UInt64, parent: UInt64?, _ name: String, _ kind: SpanKind, _ length: UInt64) -> Span {
            var span = Span(
                traceID: id, spanID: SpanID(own), parentSpanID: parent.map { SpanID($0) }, name: name, kind: kind, startTime: start,
                endTime: start + length * 1_000_000, status: failed ? .error("no") : SpanStatus())
            if own == 1 { span.traceState = threshold }
            return span
        }
        return TraceTree(
            traceID: id,
            batch: batch(
                ("front", [span(1, parent: nil, "GET /", .server, milliseconds + 2), span(2, parent: 1, "call", .client, milliseconds + 1)]),
                ("back", [span(3, parent: 2, "infer", .server, milliseconds), span(4, parent: 3, "compute", .internal, milliseconds / 2)])))
    }

    @Test("calls are weighted, by operation and by step; the requests of a service are those that come into it")
    func counts() throws {
        var metrics = OperationMetrics(service: "back", startTime: 0...999, stepCount: 10)
        metrics.add(trace(1, at: 50, threshold: "ot=th:8"))
        metrics.add(trace(2, at: 150, milliseconds: 30, failed: true))
        metrics.add(trace(3, at: 999))
        metrics.add(trace(4, at: 5000))
        #expect(metrics.operations.map(\.name) == ["infer", "compute"])
        let infer = try #require(metrics.operations.first)
        // The first trace stands for two.
        #expect(infer.total.calls == 4)
        #expect(infer.total.errors == 1)
        #expect(infer.total.durations.sampleCount == 3)
        #expect(infer.steps.mapValues(\.calls) == [0: 2, 1: 1, 9: 1])
        #expect(infer.slowest?.low == 2)
        #expect(infer.failed?.low == 2)
        #expect(metrics.requests.total.calls == 4)
        #expect(metrics.requests.total.durations.sum == infer.total.durations.sum)
    }

    @Test("operations without end are bounded, and still counted")
    func bounded() {
        var metrics = OperationMetrics(service: "service", startTime: 0...10, stepCount: 1)
        for number in 0..<UInt64(OperationMetrics.maximumOperations + 5) { metrics.add(tree(span(number + 1, "op \(number)", start: 1, end: 2))) }
        #expect(metrics.operations.count == OperationMetrics.maximumOperations)
        #expect(metrics.leftOut == 5)
        #expect(metrics.requests.total.calls == Double(OperationMetrics.maximumOperations + 5))
    }
}
