import Testing
import TraceModel
import TraceQuery

@Suite("Loads and cold starts")
struct ModelLifecycleTests {
    @Test("a first execution that took several times the median is a cold start with its time")
    func cold() throws {
        let executions = (1...8).map { Execution(trace: $0, queue: 0, start: $0 * 10_000_000, infer: $0 == 1 ? 5_000_000 : 1_000) }
        let window = TraceWindow(executions.map(\.tree))
        let cold = try #require(window.lifecycles.first)
        #expect(window.lifecycles.count == 1)
        #expect(cold.kind == .cold)
        #expect(cold.identity.model == "m")
        #expect(cold.start == Execution.base + 10_000_000)
        #expect(cold.end - cold.start == 5_000_200)
        #expect(cold.traceID.low == 1)
        #expect(window.batches.count == 8)
    }

    @Test("spans of loading and warming up are told once, by the outermost")
    func loads() {
        let id = TraceID(high: 1, low: 1)
        func span(_ number: UInt64, _ parent: UInt64?, _ name: String, _ from: UInt64, _ to: UInt64) -> Span {
            Span(traceID: id, spanID: SpanID(number), parentSpanID: parent.map { SpanID($0) }, name: name, kind: .internal, startTime: Execution.base + from, endTime: Execution.base + to)
        }
        let spans = [span(1, nil, "Overall Loading", 0, 1_000), span(2, 1, "Load model", 100, 600), span(3, 1, "Warmup (GPU)", 700, 900)]
        let resource = Resource(attributes: [Attribute("service.name", "vllm"), Attribute("host.name", "gpu")])
        let tree = TraceTree(traceID: id, batch: SpanBatch(resource: resource, scope: InstrumentationScope(name: "vllm"), spans: spans))
        #expect(TraceWindow([tree]).lifecycles.map { "\($0.kind.rawValue) \($0.identity.server) \($0.end - $0.start)" } == ["load gpu 1000", "warm-up gpu 200"])
    }

    /// A band of a model, from and for so many nanoseconds.
    private func band(_ model: String, _ start: UInt64, _ length: UInt64, _ kind: ModelLifecycle.Kind = .cold) -> ModelLifecycle {
        let id = TraceID(high: 1, low: start + 1)
        let identity = ModelIdentity(service: "s", server: "gpu", model: model, version: "1")
        return ModelLifecycle(kind: kind, identity: identity, start: start, end: start + length, traceID: id, spanID: SpanID(1))
    }

    @Test("more bands than a chart has room for are joined with those of their model about the same time, and none is lost")
    func joined() {
        let bands = [band("a", 0, 10), band("b", 12, 10), band("a", 20, 10), band("a", 900, 10), band("a", 905, 50)]
        #expect(ModelLifecycle.joined(bands, atMost: 5) == bands)
        let joined = ModelLifecycle.joined(bands, atMost: 4)
        #expect(joined.map { "\($0.identity.model) \($0.start) \($0.end) \($0.count)" } == ["a 0 30 2", "b 12 22 1", "a 900 955 2"])
        #expect(joined[0].traceID == bands[0].traceID)
    }

    @Test("too many models are joined by kind, without the name of one of them")
    func joinedByKind() throws {
        let bands = (0..<500).map { band("m\($0)", UInt64($0) * 100, 50) } + [band("m1", 7, 9, .load)]
        let joined = ModelLifecycle.joined(bands, atMost: 20)
        #expect(joined.count <= 20)
        #expect(joined.map(\.count).reduce(0, +) == 501)
        let several = try #require(joined.first { $0.count > 1 })
        #expect(several.identity == ModelIdentity(service: "s", server: "gpu", model: "", version: "1"))
        #expect(several.end - several.start < 25_000)
        #expect(joined.contains { $0.kind == .load && $0.identity.model == "m1" && $0.count == 1 })
        #expect(zip(joined, joined.dropFirst()).allSatisfy { $0.start <= $1.start })
    }
}
