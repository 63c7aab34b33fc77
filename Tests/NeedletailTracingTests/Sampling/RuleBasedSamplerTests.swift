import NeedletailTracing
import Testing
import TraceModel

@Suite("Samplers by rule, by operation and every n-th")
struct RuleBasedSamplerTests {
    private func request(_ name: String, _ kind: SpanKind = .server, _ attributes: [Attribute] = []) -> SamplingRequest {
        SamplingRequest(parent: nil, traceID: TraceID(high: 1, low: 1), name: name, kind: kind, attributes: attributes)
    }

    @Test("The first rule that fits decides")
    func first() {
        let sampler = RuleBasedSampler(
            [
                SamplingRule(name: "GET /health*", sampler: AlwaysOffSampler()),
                SamplingRule(name: "GET *", kinds: [.server], sampler: AlwaysOnSampler()),
                SamplingRule(name: "GET /health/deep", sampler: AlwaysOnSampler()),
                SamplingRule(attributes: [Attribute("tenant", "b*"), Attribute("debug", true)], sampler: AlwaysOnSampler()),
            ], otherwise: AlwaysOffSampler())
        #expect(!sampler.sample(request("GET /health")).isSampled)
        #expect(!sampler.sample(request("GET /health/deep")).isSampled)
        #expect(sampler.sample(request("GET /other")).isSampled)
        #expect(!sampler.sample(request("GET /other", .client)).isSampled)
        #expect(sampler.sample(request("x", .client, [Attribute("debug", true), Attribute("tenant", "blue")])).isSampled)
        #expect(!sampler.sample(request("x", .client, [Attribute("debug", true), Attribute("tenant", "red")])).isSampled)
        #expect(!sampler.sample(request("x", .client, [Attribute("tenant", "blue")])).isSampled)
        #expect(!sampler.sample(request("x", .client, [Attribute("debug", "true"), Attribute("tenant", "blue")])).isSampled)
    }

    @Test("* is any text, ? one character", arguments: [
        ("a", "a", true), ("a", "b", false), ("a", "aa", false), ("*", "", true), ("*", "anything", true), ("", "", true), ("", "x", false), ("a*", "a", true), ("a*", "abc", true),
        ("a*", "ba", false), ("*c", "abc", true), ("*c", "abcd", false), ("a*c", "abcbc", true), ("a*b*c", "a1b2c", true), ("a*b*c", "acb", false), ("**", "x", true), ("?", "é", true),
        ("?", "", false), ("a?c", "abc", true), ("a?c", "ac", false), ("*ab", "aab", true), ("GET /v?/users/*", "GET /v2/users/7", true), ("A", "a", false), ("[a]", "a", false),
    ])
    func wildcards(pattern: String, name: String, fits: Bool) {
        #expect(SamplingRule(name: pattern, sampler: AlwaysOnSampler()).matches(request(name)) == fits)
    }

    @Test("A nasty pattern is not slow: at most the product of both lengths")
    func nasty() {
        let rule = SamplingRule(name: String(repeating: "*a", count: 200) + "b", sampler: AlwaysOnSampler())
        #expect(!rule.matches(request(String(repeating: "a", count: 2000))))
    }

    @Test("Rules tell themselves")
    func description() {
        let sampler = RuleBasedSampler([SamplingRule(name: "a*", kinds: [.server], sampler: AlwaysOnSampler())], otherwise: AlwaysOffSampler())
        #expect(sampler.description == "RuleBasedSampler{[name: a*, kinds: server]: AlwaysOnSampler, otherwise: AlwaysOffSampler}")
    }

    @Test("Each operation has its sampler")
    func operations() {
        let sampler = OperationSampler(["GET /a": AlwaysOnSampler(), "GET /b": AlwaysOffSampler()], otherwise: AlwaysOnSampler())
        #expect(sampler.sample(request("GET /a")).isSampled)
        #expect(!sampler.sample(request("GET /b")).isSampled)
        #expect(sampler.sample(request("GET /c")).isSampled)
        #expect(sampler.description == "OperationSampler{GET /a: AlwaysOnSampler, GET /b: AlwaysOffSampler, otherwise: AlwaysOnSampler}")
    }

    @Test("Every n-th is taken, until the count is used up", arguments: [
        (1, nil, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]), (3, nil, [3, 6, 9]), (3, 2, [3, 6]), (2, 0, []), (2, -4, []), (0, nil, []),
    ] as [(UInt64, Int?, [Int])])
    func everyNth(n: UInt64, count: Int?, expected: [Int]) {
        let sampler = EveryNthSampler(every: n, count: count)
        #expect((1...10).filter { _ in sampler.sample(request("x")).isSampled } == expected)
        #expect(sampler.remainingCount == count.map { max(0, $0) - expected.count })
    }

    @Test("Every n-th is exact under contention, and tells itself on the span")
    func everyNthContention() async {
        let memory = InMemorySpanExporter()
        let sampler = EveryNthSampler(every: 7, count: 500)
        let tracer = NeedletailTracer(processor: memory, sampler: ParentBasedSampler(root: sampler))
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<8 {
                group.addTask { for _ in 0..<1000 { tracer.startSpan("root", parent: nil).end() } }
            }
        }
        #expect(memory.spans.count == 500)
        #expect(sampler.remainingCount == 0)
        #expect(memory.spans.allSatisfy { $0.attributes == [Attribute("sampler.type", "everynth"), Attribute("sampler.param", 7)] })
    }
}
