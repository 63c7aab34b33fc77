import Instrumentation
import NeedletailTracing
import Testing
import TraceModel
import Tracing

/// Statements of the OpenTelemetry specification, "TraceState: Probability Sampling", seen from outside of the tracer.
@Suite("Consistent probability sampling")
struct ConsistentSamplingTests {
    private let memory = InMemorySpanExporter()

    private func tracer(_ sampler: any Sampler) -> NeedletailTracer { NeedletailTracer(processor: memory, sampler: sampler) }

    /// A parent whose randomness is in the middle, so that half (th:8) takes it and a quarter (th:c) does not.
    private func parent(_ traceState: String, sampled: Bool = true, remote: Bool = true, flags: TraceFlags = []) -> TraceContext {
        TraceContext(
            traceID: TraceID(high: 1, low: 0x0080_0000_0000_0000), spanID: SpanID(1), flags: sampled ? flags.union(.sampled) : flags, traceState: traceState, isRemote: remote)
    }

    @Test("A sampled root carries its threshold, and one that is not sampled none")
    func root() {
        let tracer = tracer(ParentBasedSampler(root: TraceIDRatioSampler(ratio: 0.1)))
        var sampled = 0
        for _ in 0..<500 {
            let context = tracer.startSpan("root", parent: nil).traceContext
            #expect(context.traceState == (context.isSampled ? "ot=th:e666" : ""))
            #expect(context.isSampled == (context.traceID.randomness >= 0xe6_6600_0000_0000))
            if context.isSampled { sampled += 1 }
        }
        #expect(sampled > 0)
        let span = self.tracer(TraceIDRatioSampler(ratio: 1)).startSpan("all", parent: nil)
        #expect(span.traceContext.traceState == "ot=th:0")
        span.end()
        #expect(memory.spans.first?.traceState == "ot=th:0")
        #expect(memory.spans.first?.adjustedCount == 1)
    }

    @Test("Where everything is sampled no threshold is written")
    func alwaysOn() {
        #expect(tracer(ParentBasedSampler(root: AlwaysOnSampler())).startSpan("root", parent: nil).traceContext.traceState == "")
        #expect(tracer(AlwaysOnSampler()).startSpan("root", parent: nil).traceContext.traceState == "")
    }

    @Test("Trace ids of our own are marked random, and a caller's flag stays as it is")
    func randomFlag() {
        let tracer = tracer(ParentBasedSampler(root: TraceIDRatioSampler(ratio: 0.5)))
        for _ in 0..<20 { #expect(tracer.startSpan("root", parent: nil).traceContext.flags.contains(.random)) }
        for sampled in [true, false] {
            #expect(tracer.startSpan("child", parent: parent("", sampled: sampled, flags: .random)).traceContext.flags.contains(.random))
            #expect(!tracer.startSpan("child", parent: parent("", sampled: sampled)).traceContext.flags.contains(.random))
        }
    }

    @Test("A child that follows its parent keeps the threshold, unless it would lie", arguments: [
        // Sampled: consistent ones stay where they are, others go.
        ("ot=th:8", true, "ot=th:8"), ("a=1,ot=th:8;k:1", true, "a=1,ot=th:8;k:1"), ("ot=th:0", true, "ot=th:0"), ("ot=th:c", true, ""),
        ("a=1,ot=th:c;k:1,b=2", true, "ot=k:1,a=1,b=2"), ("ot=th:c;rv:c0000000000000", true, "ot=th:c;rv:c0000000000000"),
        ("ot=th:8;rv:70000000000000", true, "ot=rv:70000000000000"), ("ot=th:xyz", true, ""), ("a=1", true, "a=1"), ("ot=rv:70000000000000", true, "ot=rv:70000000000000"),
        // Not sampled: none.
        ("ot=th:8", false, ""), ("ot=th:c;rv:70000000000000", false, "ot=rv:70000000000000"), ("a=1", false, "a=1"),
    ])
    func inherited(traceState: String, sampled: Bool, expected: String) {
        let others: [any Sampler] = [
            ParentBasedSampler(root: AlwaysOnSampler()), ParentBasedSampler(root: TraceIDRatioSampler(ratio: 0.01)),
            ParentBasedSampler(root: RateLimitingSampler(spansPerSecond: 1)), AlwaysRecordSampler(root: ParentBasedSampler(root: AlwaysOnSampler())),
        ]
        for sampler in others {
            let context = tracer(sampler).startSpan("child", parent: parent(traceState, sampled: sampled)).traceContext
            #expect(context.isSampled == sampled, "\(sampler)")
            #expect(context.traceState == expected, "\(sampler)")
        }
    }

    @Test("An independent sampler decides by the explicit randomness, keeps it, and writes its own threshold in front", arguments: [
        ("ot=rv:90000000000000", 0.5, "ot=th:8;rv:90000000000000"), ("ot=rv:70000000000000", 0.5, nil), ("a=1,ot=th:c;rv:90000000000000;k:2", 0.5, "ot=th:8;rv:90000000000000;k:2,a=1"),
        ("a=1", 0.5, "ot=th:8,a=1"), ("a=1,ot=th:8", 0.5, "a=1,ot=th:8"), ("ot=th:c", 1, "ot=th:0"), ("ot=rv:ffffffffffffff", 0, nil), ("", 0.25, nil),
    ] as [(String, Double, String?)])
    func independent(traceState: String, ratio: Double, expected: String?) {
        let nested = OperationSampler([:], otherwise: TraceIDRatioSampler(ratio: ratio))
        for sampler in [TraceIDRatioSampler(ratio: ratio), nested] as [any Sampler] {
            // The parent's flag has no say.
            for sampled in [true, false] {
                let context = tracer(sampler).startSpan("child", parent: parent(traceState, sampled: sampled)).traceContext
                #expect(context.isSampled == (expected != nil))
                if let expected { #expect(context.traceState == expected) } else { #expect(!context.traceState.contains("th:")) }
                #expect(context.traceState.contains("rv:") == traceState.contains("rv:"))
            }
        }
    }

    @Test("\"Always on\" contradicts another threshold, and other decisions without a probability erase it")
    func others() {
        #expect(tracer(AlwaysOnSampler()).startSpan("child", parent: parent("a=1,ot=th:c")).traceContext.traceState == "ot=th:0,a=1")
        #expect(tracer(AlwaysOnSampler()).startSpan("child", parent: parent("a=1")).traceContext.traceState == "a=1")
        #expect(tracer(AlwaysOffSampler()).startSpan("child", parent: parent("a=1,ot=th:8")).traceContext.traceState == "a=1")
        #expect(tracer(RateLimitingSampler(spansPerSecond: 100)).startSpan("child", parent: parent("a=1,ot=th:8")).traceContext.traceState == "a=1")
        #expect(tracer(EveryNthSampler(every: 1)).startSpan("child", parent: parent("ot=th:8;k:1")).traceContext.traceState == "ot=k:1")
        #expect(tracer(RuleBasedSampler([], otherwise: AlwaysOnSampler())).startSpan("root", parent: nil).traceContext.traceState == "ot=th:0")
    }

    @Test("Own delegates: the stricter of both thresholds counts, and unknown stays unknown", arguments: [
        ("ot=th:4", true, 0.5, "ot=th:8"), ("ot=th:8", true, 0.75, "ot=th:8"), ("ot=th:8", true, 1, "ot=th:8"), ("", true, 0.5, ""), ("ot=th:c", true, 0.5, ""),
        ("", false, 0.5, ""), ("ot=th:c", false, 0.5, ""),
    ])
    func delegates(traceState: String, sampled: Bool, ratio: Double, expected: String) {
        let ratio = TraceIDRatioSampler(ratio: ratio)
        let sampler = ParentBasedSampler(
            root: AlwaysOffSampler(), remoteParentSampled: ratio, remoteParentNotSampled: ratio, localParentSampled: ratio, localParentNotSampled: ratio)
        for remote in [true, false] {
            let context = tracer(sampler).startSpan("child", parent: parent(traceState, sampled: sampled, remote: remote)).traceContext
            #expect(context.isSampled)
            #expect(context.traceState == expected)
        }
    }

    @Test("A sampler of the user's own may set tracestate; a malformed one changes nothing")
    func ownTraceState() {
        struct Setting: Sampler {
            var result: SamplingResult
            func sample(_ request: SamplingRequest) -> SamplingResult { result }
            var description: String { "Setting" }
        }
        func state(_ result: SamplingResult) -> String { tracer(Setting(result: result)).startSpan("child", parent: parent("a=1,ot=th:8")).traceContext.traceState }
        #expect(state(SamplingResult(.recordAndSample, traceState: "b=2")) == "b=2")
        #expect(state(SamplingResult(.recordAndSample, traceState: "")) == "")
        #expect(state(SamplingResult(.recordAndSample, probability: .inherited, traceState: "broken\r\n")) == "a=1,ot=th:8")
        #expect(state(SamplingResult(.recordAndSample, probability: .threshold(.always), traceState: "b=2")) == "ot=th:0,b=2")
        #expect(state(SamplingResult(.recordOnly, probability: .threshold(.always))) == "a=1")
    }

    @Test("Whatever the mix of ratios, the adjusted counts add up to the population", arguments: [1, 2, 3] as [UInt64])
    func adjustedCounts(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let ratios = [0.5, 0.2, 0.1, 0.03, 1]
        let samplers = ratios.map { TraceIDRatioSampler(ratio: $0) }
        let population = 200_000
        var estimate = 0.0
        var samples = 0
        for index in 0..<population {
            let request = SamplingRequest(parent: nil, traceID: TraceID(high: 1, low: random.next()), name: "", kind: .server)
            let result = samplers[index % samplers.count].sample(request)
            guard result.isSampled, case .threshold(let threshold) = result.probability else { continue }
            estimate += threshold.adjustedCount
            samples += 1
        }
        // The standard deviation is sqrt(sum of n/5 * (1/p - 1)) = 1,360: five of them.
        #expect(abs(estimate - Double(population)) < 6_800)
        #expect(samples < population / 2)
    }

    @Test("Services with different ratios agree: who takes less takes a part of what the others take")
    func agreement() {
        let tracers = [0.02, 0.3, 0.301, 0.9].map { tracer(TraceIDRatioSampler(ratio: $0)) }
        for _ in 0..<2000 {
            let remote = TraceContext(traceID: IDGenerator.traceID(), spanID: IDGenerator.spanID(), flags: .random, isRemote: true)
            let decisions = tracers.map { $0.makeContext(name: "", kind: .server, parent: remote).isSampled }
            #expect(decisions == decisions.sorted { !$0 && $1 })
        }
    }
}
