import Testing
import TraceModel
import TraceQuery

@Suite("Stages of vLLM, BentoML, Envoy and caches")
struct StageDialectTests {
    private let base: UInt64 = 1_700_000_000_000_000_000

    private func strip(_ breakdown: StageBreakdown) -> [String] {
        breakdown.strip.map { "\($0.stage.rawValue) \($0.duration)" }
    }

    private func tree(scope: String, _ spans: [Span], resource attributes: [Attribute] = []) -> TraceTree {
        TraceTree(
            traceID: traceID,
            batch: SpanBatch(resource: Resource(attributes: [Attribute("service.name", "s")] + attributes), scope: InstrumentationScope(name: scope), spans: spans)
        )
    }

    private func request(_ attributes: [Attribute], events: [(String, UInt64)] = []) -> Span {
        span(1, "llm_request", kind: .server, start: base, end: base + 60_000_000, attributes: attributes, events: events)
    }

    private let latencies: [Attribute] = [
        Attribute("gen_ai.latency.time_in_queue", .double(0.004)), Attribute("gen_ai.latency.time_to_first_token", .double(0.020)),
        Attribute("gen_ai.latency.time_in_model_prefill", .double(0.010)), Attribute("gen_ai.latency.time_in_model_decode", .double(0.030)),
        Attribute("gen_ai.latency.e2e", .double(0.055)), Attribute("gen_ai.usage.prompt_tokens", 7), Attribute("gen_ai.usage.completion_tokens", 16),
        Attribute("gen_ai.request.id", "cmpl-1-0"),
    ]

    @Test("vLLM's attributes give queue, prefill and decode, with the first token between them")
    func attributes() throws {
        let breakdown = StageBreakdown(tree(scope: "vllm.tracing.otel", [request(latencies)]))
        #expect(strip(breakdown) == ["queue 4000000", "prefill 10000000", "decode 30000000", "unaccounted 16000000"])
        #expect(breakdown.segments.map { "\($0.stage.rawValue) \($0.start)" } == ["queue 6000000", "prefill 10000000", "decode 20000000"])
        #expect(breakdown.sources == [.attributes])
        #expect(breakdown.unaccountedParts == [.overhead: 16_000_000])
        let facts = try #require(breakdown.languageModels.first)
        #expect(facts.inputTokens == 7)
        #expect(facts.outputTokens == 16)
        #expect(facts.timeToFirstToken == 20_000_000)
        #expect(facts.requestID == "cmpl-1-0")
        // 30 ms for the 15 tokens after the first.
        #expect(facts.interTokenTime == 2_000_000)
    }

    @Test("real spans win over attributes")
    func spansWin() {
        let spans = [
            request(latencies), span(2, parent: 1, "vllm_queue", start: base + 1_000_000, end: base + 6_000_000),
            span(3, parent: 1, "vllm_prefill", start: base + 6_000_000, end: base + 21_000_000),
            span(4, parent: 1, "vllm_decode", start: base + 21_000_000, end: base + 50_000_000),
        ]
        let breakdown = StageBreakdown(tree(scope: "vllm", spans))
        #expect(strip(breakdown) == ["queue 5000000", "prefill 15000000", "decode 29000000", "unaccounted 11000000"])
        #expect(breakdown.sources == [.spans])
        #expect(breakdown.languageModels.first?.timeToFirstToken == 20_000_000)
    }

    @Test("without durations the first token's event parts prefill from decode")
    func eventsLast() {
        let breakdown = StageBreakdown(tree(scope: "app", [request([Attribute("gen_ai.request.model", "m")], events: [("gen_ai.first_token", base + 9_000_000)])]))
        #expect(strip(breakdown) == ["prefill 9000000", "decode 51000000"])
        #expect(breakdown.sources == [.events])
    }

    @Test("durations that cannot be true are cut to the span", arguments: [-1.0, 1e300, .nan, 3600])
    func hostile(seconds: Double) {
        let attributes = ["time_in_queue", "time_to_first_token", "time_in_model_prefill", "time_in_model_decode"].map {
            Attribute("gen_ai.latency.\($0)", .double(seconds))
        }
        let breakdown = StageBreakdown(tree(scope: "vllm", [request(attributes)]))
        #expect(breakdown.strip.reduce(0) { $0 + $1.duration } == 60_000_000)
    }

    @Test(
        "one table for the names of three conventions",
        arguments: [
            ["gen_ai.request.model", "gen_ai.usage.input_tokens", "gen_ai.usage.output_tokens", "gen_ai.response.finish_reasons"],
            ["llm.request.model_name", "llm.token_count.prompt", "llm.token_count.completion", "llm.finish_reason"],
            ["llm.model_name", "llm.usage.prompt_tokens", "llm.usage.completion_tokens", "gen_ai.response.finish_reason"],
        ]
    )
    func names(_ names: [String]) throws {
        let chat = span(
            1, "chat", kind: .client, start: base, end: base + 10,
            attributes: [Attribute(names[0], "gpt"), Attribute(names[1], 3), Attribute(names[2], 5), Attribute(names[3], .array(["stop"]))]
        )
        let facts = try #require(LLMFacts(chat))
        #expect(facts.model == "gpt")
        #expect(facts.inputTokens == 3)
        #expect(facts.outputTokens == 5)
        #expect(facts.finishReason == "stop")
        #expect(LLMFacts(span(1, start: 1, end: 2, attributes: [Attribute("openinference.span.kind", "CHAIN")])) == nil)
    }

    @Test("BentoML's messages are receiving and sending, its handler is where the model runs")
    func bento() {
        func message(_ id: UInt64, _ name: String, _ type: String, _ start: UInt64, _ end: UInt64) -> Span {
            span(id, parent: 1, name, start: base + start, end: base + end, attributes: [Attribute("asgi.event.type", .string(type))])
        }
        let spans = [
            span(1, "POST /predict", kind: .server, start: base, end: base + 100), message(2, "POST /predict http receive", "http.request", 2, 8),
            message(3, "POST /predict http send", "http.response.start", 80, 84), message(4, "POST /predict http send", "http.response.body", 84, 95),
            // Waits for the client to leave while everything else happens.
            message(5, "POST /predict http receive", "http.disconnect", 60, 99),
        ]
        let breakdown = StageBreakdown(tree(scope: "opentelemetry.instrumentation.asgi", spans))
        #expect(strip(breakdown) == ["receive 6", "infer 79", "send 15"])
        // Any other framework's handler may do anything.
        let other = StageBreakdown(tree(scope: "opentelemetry.instrumentation.fastapi", spans))
        #expect(strip(other) == ["receive 6", "send 15", "unaccounted 79"])
        #expect(other.unaccountedParts == [.handler: 79])
    }

    @Test("Envoy's own time, and the way to the server behind it")
    func envoy() {
        func group(_ service: String, _ scope: String, _ spans: [Span]) -> ResourceSpans {
            ResourceSpans(resource: resource(service), scopeSpans: [ScopeSpans(scope: InstrumentationScope(name: scope), spans: spans)])
        }
        let ingress = span(
            1, "ingress", kind: .server, start: base, end: base + 100,
            events: [
                ("last_downstream_rx_byte_received", base + 5), ("first_downstream_tx_byte_sent", base + 92), ("last_downstream_tx_byte_sent", base + 98),
            ]
        )
        let egress = span(2, parent: 1, "router triton egress", kind: .client, start: base + 10, end: base + 90)
        let server = [
            span(3, parent: 2, "InferRequest", kind: .server, start: base + 20, end: base + 80),
            span(4, parent: 3, "m", start: base + 22, end: base + 78, attributes: [Attribute("triton.model_name", "m")], events: [("QUEUE_START", base + 23)]),
            span(5, parent: 4, "compute", start: base + 30, end: base + 70, events: [("COMPUTE_START", base + 30), ("COMPUTE_END", base + 70)]),
        ]
        let batch = SpanBatch(resourceSpans: [group("gw", "envoy", [ingress, egress]), group("triton", "triton-server", server)])
        let breakdown = StageBreakdown(TraceTree(traceID: traceID, batch: batch))
        #expect(strip(breakdown) == ["receive 5", "gateway 9", "network 20", "queue 7", "infer 40", "send 6", "unaccounted 13"])
        #expect(breakdown.unaccountedParts == [.overhead: 13])
        #expect(breakdown.sources == [.spans, .events])
    }

    @Test("time on the critical path in spans outside inference servers is other services' time")
    func services() {
        let breakdown = StageBreakdown(
            TraceQueryTests.tree([
                span(1, "POST /ask", kind: .server, start: base, end: base + 100), span(2, parent: 1, "verify", start: base, end: base + 30),
                // Beside the model, so not on the critical path.
                span(3, parent: 1, "audit", start: base + 40, end: base + 50),
                span(4, parent: 1, "m", start: base + 30, end: base + 90, attributes: [Attribute("triton.model_name", "m")], events: [("QUEUE_START", base + 30)]),
                span(5, parent: 4, "compute", start: base + 40, end: base + 85, events: [("COMPUTE_START", base + 40), ("COMPUTE_END", base + 85)]),
            ])
        )
        #expect(strip(breakdown) == ["queue 10", "infer 45", "unaccounted 45"])
        #expect(breakdown.unaccountedParts == [.services: 40, .overhead: 5])
    }

    @Test("a model that answers without executing answered from its cache; one that asks others, or fails, did not")
    func cacheHit() {
        func model(_ id: UInt64, parent: UInt64, status: SpanStatus = SpanStatus()) -> Span {
            span(id, parent: parent, "m", start: base, end: base + 10, attributes: [Attribute("triton.model_name", "m")], events: [("QUEUE_START", base + 1)], status: status)
        }
        let root = span(1, "InferRequest", kind: .server, start: base, end: base + 20)
        #expect(StageBreakdown(TraceQueryTests.tree(root, model(2, parent: 1))).cacheHits == [1])
        #expect(StageBreakdown(TraceQueryTests.tree(root, model(2, parent: 1, status: .error("no")))).cacheHits == [])
        #expect(StageBreakdown(TraceQueryTests.tree(root, model(2, parent: 1), model(3, parent: 2))).cacheHits == [2])
    }

    @Test("whatever the spans are, the strip adds up to the duration", arguments: 0..<60)
    func sums(seed: UInt64) {
        var random = SplitMix64(state: seed)
        let names = ["InferRequest", "m", "compute", "vllm_queue", "vllm_decode", "llm_request", "ingress", "router a egress", "GET / http send", "x"]
        let events = ["HTTP_RECV_START", "HTTP_RECV_END", "HTTP_SEND_START", "HTTP_SEND_END", "QUEUE_START", "COMPUTE_START", "COMPUTE_INPUT_END", "COMPUTE_END"]
        let spans = (1...30).map { id -> Span in
            let start = base + UInt64.random(in: 0...1000, using: &random)
            let name = names.randomElement(using: &random) ?? "x"
            var attributes = name == "m" ? [Attribute("triton.model_name", "m")] : name == "llm_request" ? latencies : []
            if name == "ingress" { attributes.append(Attribute("upstream_cluster", "a")) }
            return span(
                UInt64(id), parent: id == 1 ? nil : UInt64.random(in: 1..<UInt64(id), using: &random), name,
                kind: SpanKind.allCases.randomElement(using: &random) ?? .server, start: start, end: start + UInt64.random(in: 0...900, using: &random),
                attributes: attributes,
                events: (0..<4).map { _ in (events.randomElement(using: &random) ?? "", base + UInt64.random(in: 0...2000, using: &random)) }
            )
        }
        let tree = TraceQueryTests.tree(spans)
        let breakdown = StageBreakdown(tree)
        if !breakdown.strip.isEmpty { #expect(breakdown.strip.reduce(0) { $0 + $1.duration } == tree.spans.duration) }
        #expect(breakdown.unaccountedParts.values.reduce(0, +) <= breakdown[.unaccounted])
    }
}
