import NeedletailTracing
import ServiceContextModule
import Testing
import TraceModel
import Tracing

@Suite struct TracerCountersTests {
    private let memory = InMemorySpanExporter()

    private func parent(sampled: Bool, remote: Bool) -> TraceContext {
        TraceContext(traceID: IDGenerator.traceID(), spanID: IDGenerator.spanID(), flags: sampled ? .sampled : [], isRemote: remote)
    }

    @Test("Started spans are counted by parent and decision")
    func started() {
        let tracer = NeedletailTracer(processor: memory)
        tracer.startSpan("root", parent: nil).end()
        for _ in 0..<2 { tracer.startSpan("local", parent: parent(sampled: true, remote: false)).end() }
        for _ in 0..<3 { tracer.startSpan("remote", parent: parent(sampled: true, remote: true)).end() }
        for _ in 0..<4 { tracer.startSpan("unsampled", parent: parent(sampled: false, remote: true)).end() }
        let counters = tracer.counters
        #expect(counters.sampled == TracerCounters.ByParent(none: 1, local: 2, remote: 3))
        #expect(counters.notSampled == TracerCounters.ByParent(none: 0, local: 0, remote: 4))
        #expect(counters.started == 10)
        #expect(memory.spans.count == 6)
    }

    @Test("A second end and uses after the end change nothing and are counted")
    func misuse() throws {
        let tracer = NeedletailTracer(processor: memory)
        let span = tracer.startSpan("once", parent: nil)
        span.end(at: 5)
        span.end(at: 6)
        span.end()
        span.setAttribute("late", 1)
        span.addEvent("late")
        span.updateName("late")
        #expect(tracer.counters.secondEnds == 2)
        #expect(tracer.counters.usesAfterEnd == 3)
        #expect(memory.spans.count == 1)
        let finished = try #require(memory.spans.first)
        #expect(finished.name == "once" && finished.endTime == 5)
        #expect(finished.attributes["late"] == nil && finished.events.isEmpty)
    }

    @Test("A span that nobody ended is counted, not exported")
    func neverEnded() {
        let tracer = NeedletailTracer(processor: memory)
        do { _ = tracer.startSpan("forgotten", parent: nil) }
        tracer.startSpan("ended", parent: nil).end()
        #expect(tracer.counters.neverEnded == 1)
        #expect(memory.spans.map(\.name) == ["ended"])
    }

    @Test("A disabled tracer makes nothing and passes the caller's context on unchanged")
    func disabled() throws {
        let tracer = NeedletailTracer(disabledWith: W3CTraceContextPropagator())
        let incoming = ["traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "tracestate": "a=1"]
        var context = ServiceContext.topLevel
        tracer.extract(incoming, into: &context, using: HeaderCarrier())
        var outgoing: [String: String] = [:]
        tracer.withSpan("ignored", context: context) { span in
            #expect(!span.isRecording)
            tracer.withSpan("inner") { tracer.inject($0.context, into: &outgoing, using: HeaderCarrier()) }
        }
        #expect(outgoing == incoming)
        var alone: [String: String] = [:]
        tracer.withSpan("root", context: .topLevel) { tracer.inject($0.context, into: &alone, using: HeaderCarrier()) }
        #expect(alone.isEmpty)
        #expect(tracer.counters.started == 0)
    }
}
