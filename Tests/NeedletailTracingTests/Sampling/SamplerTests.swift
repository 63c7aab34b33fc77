import NeedletailTracing
import Synchronization
import Testing
import TraceModel

struct SamplerTests {
    private func request(_ low: UInt64, parent: TraceContext? = nil) -> SamplingRequest {
        SamplingRequest(parent: parent, traceID: TraceID(high: .max, low: low), name: "name", kind: .internal)
    }

    private func parent(sampled: Bool, remote: Bool) -> TraceContext {
        TraceContext(traceID: TraceID(high: 1, low: 1), spanID: SpanID(1), flags: sampled ? .sampled : [], isRemote: remote)
    }

    @Test("The ratio compares the low 56 bits with the threshold")
    func ratio() {
        let half = TraceIDRatioSampler(ratio: 0.5)
        #expect(half.sample(request(0x0080_0000_0000_0000)).isSampled)
        #expect(!half.sample(request(0x007f_ffff_ffff_ffff)).isSampled)
        // The top byte has no say.
        #expect(!half.sample(request(0xff7f_ffff_ffff_ffff)).isSampled)
        #expect(TraceIDRatioSampler(ratio: 1).sample(request(0)).isSampled)
        #expect(!TraceIDRatioSampler(ratio: 0).sample(request(.max)).isSampled)
        #expect(TraceIDRatioSampler(ratio: 7).ratio == 1)
        #expect(TraceIDRatioSampler(ratio: .nan).ratio == 0)
    }

    @Test("A higher ratio samples all traces of a lower one, and about its share")
    func consistency() {
        let low = TraceIDRatioSampler(ratio: 0.1)
        let high = TraceIDRatioSampler(ratio: 0.3)
        var count = 0
        for _ in 0..<20_000 {
            let request = SamplingRequest(parent: nil, traceID: IDGenerator.traceID(), name: "", kind: .internal)
            if low.sample(request).isSampled {
                count += 1
                #expect(high.sample(request).isSampled)
            }
        }
        #expect((1700...2300).contains(count))
    }

    @Test("Descriptions are those of the specification")
    func descriptions() {
        #expect(AlwaysOnSampler().description == "AlwaysOnSampler")
        #expect(AlwaysOffSampler().description == "AlwaysOffSampler")
        #expect(TraceIDRatioSampler(ratio: 0.0001).description == "TraceIdRatioBased{0.0001}")
        #expect(ParentBasedSampler(root: AlwaysOffSampler()).description == "ParentBased{root: AlwaysOffSampler}")
    }

    @Test("Parent-based follows the parent, and asks the root sampler without one")
    func parentBased() {
        for remote in [true, false] {
            #expect(ParentBasedSampler(root: AlwaysOffSampler()).sample(request(0, parent: parent(sampled: true, remote: remote))).isSampled)
            #expect(!ParentBasedSampler(root: AlwaysOnSampler()).sample(request(0, parent: parent(sampled: false, remote: remote))).isSampled)
        }
        #expect(ParentBasedSampler(root: AlwaysOnSampler()).sample(request(0)).isSampled)
        #expect(!ParentBasedSampler(root: AlwaysOffSampler()).sample(request(0)).isSampled)
    }

    @Test("Each delegate is asked in its case", arguments: [true, false], [true, false])
    func delegates(remote: Bool, sampled: Bool) {
        struct Chosen: Sampler {
            var isChosen: Bool
            func sample(_ request: SamplingRequest) -> SamplingResult { SamplingResult(isSampled: isChosen) }
            var description: String { "Chosen" }
        }
        let sampler = ParentBasedSampler(
            root: Chosen(isChosen: false),
            remoteParentSampled: Chosen(isChosen: remote && sampled),
            remoteParentNotSampled: Chosen(isChosen: remote && !sampled),
            localParentSampled: Chosen(isChosen: !remote && sampled),
            localParentNotSampled: Chosen(isChosen: !remote && !sampled)
        )
        #expect(sampler.sample(request(0, parent: parent(sampled: sampled, remote: remote))).isSampled)
    }

    @Test("Attributes of a sampler are put on the span")
    func attributes() {
        struct Labelling: Sampler {
            func sample(_ request: SamplingRequest) -> SamplingResult { SamplingResult(isSampled: true, attributes: [Attribute("rate", 5)]) }
            var description: String { "Labelling" }
        }
        let memory = InMemorySpanExporter()
        let tracer = NeedletailTracer(processor: memory, sampler: Labelling())
        tracer.startSpan("labelled", parent: nil).end()
        #expect(memory.spans.first?.attributes == [Attribute("rate", 5)])
        // The span's own value wins.
        tracer.startSpan("own", parent: nil, attributes: [Attribute("rate", 6), Attribute("other", 1)]).end()
        #expect(memory.spans.last?.attributes == [Attribute("rate", 6), Attribute("other", 1)])
    }

    @Test("Record-only spans reach local processors without the sampled flag, and their children are not sampled")
    func recordOnly() async {
        let memory = InMemorySpanExporter()
        let tracer = NeedletailTracer(processor: memory, sampler: AlwaysRecordSampler(root: ParentBasedSampler(root: AlwaysOffSampler())))
        let span = tracer.startSpan("recorded", parent: nil)
        #expect(span.isRecording)
        #expect(!span.traceContext.isSampled)
        let child = tracer.startSpan("child", parent: span.traceContext)
        child.end()
        span.end()
        #expect(memory.spans.map(\.name) == ["child", "recorded"])
        #expect(memory.spans.allSatisfy { $0.flags & 1 == 0 })
        #expect(tracer.counters.recordedOnly.total == 2)

        let exported = InMemorySpanExporter()
        let batch = BatchSpanProcessor(exporter: exported, resource: Resource())
        NeedletailTracer(processor: batch, sampler: AlwaysRecordSampler(root: AlwaysOffSampler())).startSpan("recorded", parent: nil).end()
        NeedletailTracer(processor: batch, sampler: AlwaysRecordSampler(root: AlwaysOnSampler())).startSpan("sampled", parent: nil).end()
        await batch.shutdown()
        #expect(exported.spans.map(\.name) == ["sampled"])
    }

    @Test("A sampler sees name, kind, parent and the attributes of the start")
    func request() throws {
        final class Recording: Sampler {
            let requests = Mutex<[SamplingRequest]>([])
            func sample(_ request: SamplingRequest) -> SamplingResult {
                requests.withLock { $0.append(request) }
                return .dropped
            }
            var description: String { "Recording" }
        }
        let sampler = Recording()
        let tracer = NeedletailTracer(processor: InMemorySpanExporter(), sampler: sampler)
        let parent = parent(sampled: true, remote: true)
        _ = tracer.startSpan("name", parent: parent, kind: .client, attributes: [Attribute("k", "v")])
        _ = tracer.startSpan("root", parent: TraceContext(traceID: TraceID(high: 0, low: 0), spanID: SpanID(0), flags: .sampled))
        let requests = sampler.requests.withLock { $0 }
        let first = try #require(requests.first)
        #expect(first.name == "name" && first.kind == .client && first.parent == parent && first.attributes == [Attribute("k", "v")])
        #expect(first.traceID == parent.traceID)
        // An invalid parent is none.
        #expect(requests.last?.parent == nil)
        #expect(requests.last?.traceID.isValid == true)
    }
}
