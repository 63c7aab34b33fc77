import Testing
import TraceModel
import TraceQuery

@Suite("Weights from sampling")
struct TraceWeightTests {
    @Test(
        "what a span tells of its sampler",
        arguments: [
            ("ot=th:8", [], 2.0, TraceWeight.Source.traceState), ("ot=th:0", [], 1, .traceState),
            ("", [Attribute("sampler.type", "probabilistic"), Attribute("sampler.param", 0.1)], 10, .attribute),
            ("", [Attribute("sampler.type", "everynth"), Attribute("sampler.param", 100)], 100, .attribute),
            ("", [Attribute("sampler.type", "const"), Attribute("sampler.param", true)], 1, .attribute), ("", [Attribute("SampleRate", 20)], 20, .attribute),
            ("", [Attribute("sampling.probability", 0.25)], 4, .attribute),
            // The tracestate is exact, an attribute is not.
            ("ot=th:8", [Attribute("SampleRate", 20)], 2, .traceState),
        ] as [(String, [Attribute], Double, TraceWeight.Source)]
    )
    func known(traceState: String, attributes: [Attribute], count: Double, source: TraceWeight.Source) {
        var one = span(1, start: 1, end: 2, attributes: attributes)
        one.traceState = traceState
        #expect(TraceWeight(one) == TraceWeight(count: count, source: source))
    }

    @Test(
        "what makes no sense tells nothing",
        arguments: [
            [Attribute("sampler.type", "probabilistic"), Attribute("sampler.param", 0)], [Attribute("sampler.type", "ratelimiting"), Attribute("sampler.param", 5)],
            [Attribute("sampler.type", "lowerbound"), Attribute("sampler.param", 0.1)], [Attribute("SampleRate", -1)], [Attribute("SampleRate", .double(.infinity))], [],
        ]
    )
    func unknown(attributes: [Attribute]) {
        #expect(TraceWeight(span(1, start: 1, end: 2, attributes: attributes)) == nil)
    }

    @Test("complete, sampled, mixed, unknown")
    func honesty() {
        func verdict(_ weights: TraceWeight...) -> SamplingHonesty.Verdict {
            var honesty = SamplingHonesty()
            for weight in weights { honesty.add(service: "s", weight: weight) }
            return honesty.verdict
        }
        let (one, ten) = (TraceWeight(count: 1, source: .traceState), TraceWeight(count: 10, source: .attribute))
        #expect(verdict() == .unknown)
        #expect(verdict(.unknown) == .unknown)
        #expect(verdict(one, one) == .complete)
        #expect(verdict(ten, ten) == .sampled)
        #expect(verdict(one, ten) == .mixed)
        #expect(verdict(ten, .unknown) == .mixed)
    }
}
