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
        "times and tokens of language models",
        arguments: [("ttft>500ms", [2]), ("ttft<=0.5s", [1]), ("ttft>=1200ms ttft<1201ms", [2]), ("itl>30ms", [1]), ("tokens.in>=1000", [2]), ("tokens.out<100", [1])] as [(String, [UInt64])]
    )
    func languageModels(text: String, ids: [UInt64]) throws {
        func request(_ trace: UInt64, ttft: Double, prompt: Int64, written: Int64) -> TraceTree {
            let span = Span(
                traceID: TraceID(high: 7, low: trace), spanID: SpanID(trace), name: "llm_request", kind: .server, startTime: Execution.base, endTime: Execution.base + 4_000_000_000,
                attributes: [
                    Attribute("gen_ai.latency.time_to_first_token", .double(ttft)), Attribute("gen_ai.latency.e2e", .double(ttft + 2)),
                    Attribute("gen_ai.usage.prompt_tokens", .int(prompt)), Attribute("gen_ai.usage.completion_tokens", .int(written)),
                ]
            )
            let resource = Resource(attributes: [Attribute("service.name", "vllm")])
            return TraceTree(traceID: span.traceID, batch: SpanBatch(resource: resource, scope: InstrumentationScope(name: "vllm"), spans: [span]))
        }
        // Two seconds for 49 gaps, and for 101.
        let two = TraceWindow([request(1, ttft: 0.1, prompt: 10, written: 50), request(2, ttft: 1.2, prompt: 1_000, written: 102)]).features
        let selected = two.select(try TraceFilter(text))
        #expect((0..<two.count).filter { selected[$0] }.map { two.traceIDs[$0].low } == ids)
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

    @Test(
        "what may have been meant",
        arguments: [
            ("status:eror", "status:error"), ("-status:OK", "-status:ok"), ("cold:ture", "cold:true"), ("model>3", "model:3"), ("duration>80msec", "duration>80ms"), ("queue>20sm", "queue>20ms"),
            ("durration>fast", "duration>fast"), ("duraton>80miles", "duration>80miles"), ("batch:many", nil),
        ] as [(String, String?)]
    )
    func unreadable(text: String, suggestion: String?) {
        let problem = #expect(throws: TraceFilter.Problem.self) { try TraceFilter(text) }
        #expect(problem?.suggestion == suggestion)
    }

    @Test(
        "names and values that nothing has",
        arguments: [
            ("modle:bert_base", "model:bert_base", 1, 5), ("-hots:gpu-07", "-host:gpu-07", 2, 4), ("a modle:\"x y\"", "model:\"x y\"", 3, 5), ("http.rout:/infer", "http.route:/infer", 1, 9),
            ("model:bert_bsae", "model:bert_base", 7, 9), ("model:bert", "model:bert*", 7, 4), ("model:rerank", "model:*rerank*", 7, 6), ("nothing:x", nil, 1, 7), ("durtion>1ms", "duration>1ms", 1, 7),
            ("host:gpu07", "host:gpu-07", 6, 5),
        ] as [(String, String?, Int, Int)]
    )
    func misspelt(text: String, suggestion: String?, column: Int, length: Int) throws {
        let found = features.misspellings(try TraceFilter(text))
        #expect(found.count == 1)
        #expect(found.first?.suggestion == suggestion)
        #expect(found.first?.column == column)
        #expect(found.first?.length == length)
    }

    @Test("what is right is not called wrong", arguments: ["model:bert_*", "-model:bert_base", "root.http.route:/infer", "anything", "queue>1ms", "service:tri*", "model:zebra", "trace:00*"])
    func spelt(text: String) throws {
        #expect(features.misspellings(try TraceFilter(text)).isEmpty)
    }

    @Test("values and keys with the traces that have them")
    func completion() {
        #expect(features.weightedValues(of: "model") { _ in true }.map(\.value).sorted() == ["bert_base", "bert_rerank", "m"])
        #expect(features.weightedValues(of: "status") { _ in true }.map { "\($0.value) \($0.count)" } == ["ok 2.0", "error 1.0"])
        #expect(features.weightedValues(of: "batch.requests") { _ in true }.map { "\($0.value) \($0.count)" } == ["8 1.0"])
        #expect(features.weightedValues(of: "model") { $0 == 0 }.count == 1)
        #expect(features.weightedCounts(ofKeys: ["http.route", "batch.requests", "none"]) == [1, 1, 0])
    }

    @Test("operations are those of any span, and what is not equal has none")
    func operations() throws {
        #expect(try found("operation:compute") == [1, 2, 3])
        #expect(try found("root:compute") == [])
        #expect(try found("service!=triton") == [])
        #expect(try found("operation!=elsewhere") == [1, 2, 3])
    }
}
