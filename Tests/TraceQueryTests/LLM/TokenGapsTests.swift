import Testing
import TraceModel
import TraceQuery

@Suite("Gaps between tokens by their place in the answer")
struct TokenGapsTests {
    /// A request whose tokens come at these milliseconds.
    private func request(_ trace: UInt64, tokens: [UInt64], event: String = "llm.content.completion.chunk") -> TraceTree {
        let id = TraceID(high: 1, low: trace)
        let span = Span(
            traceID: id, spanID: SpanID(trace), name: "llm_request", kind: .server, startTime: Execution.base, endTime: Execution.base + 10_000_000_000,
            attributes: [Attribute("gen_ai.response.model", "m"), Attribute("gen_ai.usage.completion_tokens", .int(Int64(tokens.count)))],
            events: tokens.map { SpanEvent(time: Execution.base + $0 * 1_000_000, name: event) }
        )
        let resource = Resource(attributes: [Attribute("service.name", "vllm")])
        return TraceTree(traceID: id, batch: SpanBatch(resource: resource, scope: InstrumentationScope(name: "vllm"), spans: [span]))
    }

    @Test("each gap is at the place of the token before it")
    func gaps() {
        let window = TraceWindow([request(1, tokens: Array(stride(from: 0, to: 200, by: 10))), request(2, tokens: [0, 10, 410]), request(3, tokens: [0, 5, 9], event: "other")])
        let gaps = TokenGaps(window.features, rows: Array(0..<3))
        #expect(gaps.requestCount == 2)
        #expect(gaps.sketches.map(\.count) == [10, 8, 3])
        #expect(gaps.cells.reduce(0) { $0 + $1.count } == 21)
        #expect(gaps.sketches[0].maximum == 400_000_000)
        #expect(TokenGaps(window.features, rows: [2]).requestCount == 0)
    }
}
