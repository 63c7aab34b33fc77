import Testing
import TraceModel

@testable import TraceQuery

@Suite("The page's filter")
struct TraceFilterTests {
    private let features = TraceWindow([
        Execution(trace: 1, queue: 0, start: 80_000_000, infer: 20_000_000, root: [Attribute("http.route", "/infer")]).tree,
        Execution(trace: 2, queue: 0, start: 1_000_000, infer: 5_000_000, host: "gpu-07", model: "bert_base", version: 3).tree,
        Execution(trace: 3, queue: 0, start: 2_000_000, infer: 6_000_000, model: "bert_rerank", compute: [Attribute("batch.requests", 8)], status: .error("out of memory")).tree,
    ]).features

    private func found(_ text: String) throws -> [UInt64] {
        let selected = features.select(try TraceFilter(text))
        return (0..<features.count).filter { selected[$0] }.map { features.traceIDs[$0].low }
    }

    @Test(
        "terms",
        arguments: [
            ("", [1, 2, 3]), ("model:bert_*", [2, 3]), ("model:bert_base version:3", [2]), ("-model:bert_*", [1]), ("duration>50ms", [1]), ("queue>=1ms queue<3ms", [2, 3]),
            ("status:error", [3]), ("status:ok", [1, 2]), ("batch>=8", [3]), ("host:gpu-07", [2]), ("-host:gpu-07", [1, 3]), ("http.route:/infer", [1]), ("root.http.route:/inf*", [1]),
            ("\"out of mem\"", [3]), ("rerank", [3]), ("service:triton", [1, 2, 3]), ("wait>50%", [1]), ("nothing:x", []), ("spans:3", [1, 2, 3]), ("model!=m", [2, 3]),
        ] as [(String, [UInt64])]
    )
    func terms(text: String, ids: [UInt64]) throws {
        #expect(try found(text) == ids)
    }

    @Test(
        "what cannot be read is pointed at",
        arguments: [("model:a duration>fast", 9, 13), ("status:bad", 1, 10), (":x", 1, 2), ("model:", 1, 6), ("a \"open", 3, 5), ("model>3", 1, 7), ("batch:many", 1, 10)]
    )
    func problems(text: String, column: Int, length: Int) {
        let problem = #expect(throws: TraceFilter.Problem.self) { try TraceFilter(text) }
        #expect(problem?.column == column)
        #expect(problem?.length == length)
    }

    @Test("each term's own count tells which one excludes the most")
    func counts() throws {
        let counts = features.counts(try TraceFilter("model:bert_* queue>1h"))
        #expect(counts.map(\.term) == ["model:bert_*", "queue>1h"])
        #expect(counts.map(\.count) == [2, 0])
    }
}
