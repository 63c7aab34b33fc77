import NeedletailTracing
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
        NeedletailTracer(processor: memory, sampler: Labelling()).startSpan("labelled", parent: nil).end()
        #expect(memory.spans.first?.attributes == [Attribute("rate", 5)])
    }
}
