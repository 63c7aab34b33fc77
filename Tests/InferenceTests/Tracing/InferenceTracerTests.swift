import NeedletailTracing
import ServiceContextModule
import Synchronization
import Testing
import TraceModel

@testable import Inference

/// Which requests are traced when a sampler and excluded URLs have a say.
@Suite struct InferenceTracerTests {
    private static func tracer(_ settings: TraceSettings = TraceSettings(level: .timestamps, rate: 1), sampler: (any Sampler)?) -> InferenceTracer {
        InferenceTracer(settings: settings, processor: MultiplexSpanProcessor([]), sampler: sampler)
    }

    private static func headers(isSampled: Bool) -> HeaderPairs {
        HeaderPairs([("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-0\(isSampled ? 1 : 0)")])
    }

    @Test("A share of the requests is traced, and the ids of the traces are those that the sampler chose")
    func share() {
        let sampler = TraceIDRatioSampler(ratio: 0.25)
        let tracer = Self.tracer(sampler: ParentBasedSampler(root: sampler))
        var traced = 0
        for _ in 0..<4_000 {
            guard let trace = tracer.decide(model: "m", headers: HeaderPairs([])).trace else { continue }
            traced += 1
            #expect(sampler.sample(SamplingRequest(parent: nil, traceID: trace.traceID, name: "", kind: .server)).isSampled)
        }
        // Six standard deviations on both sides.
        #expect((836...1_164).contains(traced))
    }

    @Test("The caller's decision is kept at any rate", arguments: [0.0, 1.0])
    func callers(rate: Double) {
        let tracer = Self.tracer(sampler: ParentBasedSampler(root: TraceIDRatioSampler(ratio: rate)))
        #expect(tracer.decide(model: "m", headers: Self.headers(isSampled: true)).trace?.traceID.description == "0af7651916cd43dd8448eb211c80319c")
        #expect(tracer.decide(model: "m", headers: Self.headers(isSampled: false)).trace == nil)
    }

    @Test("count bounds what the sampler lets through")
    func count() {
        let tracer = Self.tracer(TraceSettings(level: .timestamps, rate: 1, count: 5), sampler: AlwaysOnSampler())
        #expect((0..<100).count { _ in tracer.decide(model: "m", headers: HeaderPairs([])).trace != nil } == 5)
    }

    @Test("An excluded request has no span and not its caller's context")
    func exclusion() {
        let tracer = Self.tracer(sampler: nil)
        #expect(tracer.exclusion.trace == nil)
        #expect(tracer.exclusion.serviceContext.traceContext?.isSampled == false)
    }
}
