import NeedletailTracing
import Synchronization
import Testing
import TraceModel

@Suite("Rate limiting sampler")
struct RateLimitingSamplerTests {
    /// A clock that stands still until it is set.
    final class TestClock: Sendable {
        private let time = Atomic<UInt64>(5_000_000_000)

        var now: @Sendable () -> UInt64 { { self.time.load(ordering: .relaxed) } }

        func advance(seconds: Double) { time.wrappingAdd(UInt64(seconds * 1e9), ordering: .relaxed) }
    }

    private let clock = TestClock()

    private func taken(_ sampler: RateLimitingSampler, of asked: Int) -> Int {
        let request = SamplingRequest(parent: nil, traceID: TraceID(high: 1, low: 1), name: "", kind: .server)
        return (0..<asked).count { _ in sampler.sample(request).isSampled }
    }

    @Test("As many as come in a second may come at once; then they come one by one")
    func bucket() {
        let sampler = RateLimitingSampler(spansPerSecond: 5, now: clock.now)
        #expect(taken(sampler, of: 100) == 5)
        clock.advance(seconds: 0.19)
        #expect(taken(sampler, of: 100) == 0)
        clock.advance(seconds: 0.01)
        #expect(taken(sampler, of: 100) == 1)
        clock.advance(seconds: 0.6)
        #expect(taken(sampler, of: 100) == 3)
        // A quiet hour saves up no more than the burst.
        clock.advance(seconds: 3600)
        #expect(taken(sampler, of: 100) == 5)
    }

    @Test("The long-run rate is kept, whatever the burst", arguments: [(10, 1), (10, 100), (0.5, 1), (1000, 10)] as [(Double, Double)])
    func rate(rate: Double, burst: Double) {
        let sampler = RateLimitingSampler(spansPerSecond: rate, burst: burst, now: clock.now)
        var count = 0
        for _ in 0..<20_000 {
            clock.advance(seconds: 0.01)
            count += taken(sampler, of: 30)
        }
        let expected = rate * 200 + burst
        #expect(abs(Double(count) - expected) <= max(2, expected * 0.001))
    }

    @Test("Below one per second there is one at once, and then it takes its time")
    func slow() {
        let sampler = RateLimitingSampler(spansPerSecond: 0.1, now: clock.now)
        #expect(taken(sampler, of: 10) == 1)
        clock.advance(seconds: 9.9)
        #expect(taken(sampler, of: 10) == 0)
        clock.advance(seconds: 0.2)
        #expect(taken(sampler, of: 10) == 1)
    }

    @Test("Odd rates do not stop the program", arguments: [0, -1, .nan, -.infinity, .infinity, .leastNonzeroMagnitude, .greatestFiniteMagnitude, 1e9])
    func oddRates(rate: Double) {
        for burst in [nil, 0, -5, .nan, .infinity, 1e300] as [Double?] {
            let sampler = RateLimitingSampler(spansPerSecond: rate, burst: burst, now: clock.now)
            let count = taken(sampler, of: 10)
            if !(rate > 0) { #expect(count == 0) }
            // By default as many at once as come in a second.
            if rate >= 1e9, burst == nil { #expect(count == 10) }
            clock.advance(seconds: 1e9)
            _ = taken(sampler, of: 10)
        }
    }

    @Test("The limit is exact under contention")
    func contention() async {
        let sampler = RateLimitingSampler(spansPerSecond: 500, now: clock.now)
        let count = await withTaskGroup(of: Int.self) { group in
            for _ in 0..<8 { group.addTask { taken(sampler, of: 1000) } }
            return await group.reduce(0, +)
        }
        #expect(count == 500)
    }

    @Test("The span where the decision was taken says how, its children do not")
    func attributes() {
        let memory = InMemorySpanExporter()
        let tracer = NeedletailTracer(processor: memory, sampler: ParentBasedSampler(root: RateLimitingSampler(spansPerSecond: 2.5, now: clock.now)))
        let root = tracer.startSpan("root", parent: nil)
        tracer.startSpan("child", parent: root.traceContext).end()
        root.end()
        #expect(memory.span(named: "root")?.attributes == [Attribute("sampler.type", "ratelimiting"), Attribute("sampler.param", 2.5)])
        #expect(memory.span(named: "child")?.attributes == [])
        #expect(memory.spans.allSatisfy { $0.adjustedCount == nil })
    }

    @Test("The system's clock is used by default")
    func systemClock() async throws {
        let sampler = RateLimitingSampler(spansPerSecond: 1000, burst: 1)
        #expect(taken(sampler, of: 1) == 1)
        #expect(await eventually { taken(sampler, of: 1) == 1 })
    }
}
