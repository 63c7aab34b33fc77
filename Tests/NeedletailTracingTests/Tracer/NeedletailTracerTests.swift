import Instrumentation
import NeedletailTracing
import ServiceContextModule
import Testing
import TraceModel
import Tracing

struct NeedletailTracerTests {
    private let memory = InMemorySpanExporter()

    private enum BaggageKey: ServiceContextKey {
        typealias Value = String
    }

    @Test("withSpan nests, also into child tasks")
    func nesting() async throws {
        let tracer = NeedletailTracer(processor: memory)
        await tracer.withSpan("outer") { outer in
            await withTaskGroup(of: Void.self) { group in
                for index in 0..<3 { group.addTask { tracer.withSpan("child \(index)") { _ in } } }
            }
            await Task { tracer.withSpan("task") { $0.attributes["k"] = "v" } }.value
            #expect(ServiceContext.current?.traceContext == outer.traceContext)
        }
        let outer = try #require(memory.span(named: "outer"))
        #expect(outer.parentSpanID == nil)
        let children = memory.spans.filter { $0.name != "outer" }
        #expect(children.count == 4)
        #expect(children.allSatisfy { $0.traceID == outer.traceID && $0.parentSpanID == outer.spanID })
        #expect(Set(children.map(\.spanID)).count == 4)
        #expect(children.allSatisfy { $0.startTime >= outer.startTime && $0.endTime <= outer.endTime && $0.endTime >= $0.startTime })
        #expect(ServiceContext.current == nil || ServiceContext.current?.traceContext == nil)
    }

    @Test("A span that is not sampled passes on its trace, the decision and the baggage")
    func unsampled() async throws {
        let tracer = NeedletailTracer(processor: memory, sampler: AlwaysOffSampler())
        var context = ServiceContext.topLevel
        context[BaggageKey.self] = "kept"
        await tracer.withSpan("outer", context: context) { span in
            #expect(!span.isRecording)
            span.attributes["ignored"] = 1
            span.setAttribute("ignored", 1)
            #expect(ServiceContext.current?[BaggageKey.self] == "kept")
            let outer = ServiceContext.current?.traceContext
            #expect(outer?.isValid == true)
            #expect(outer?.isSampled == false)
            var headers: [String: String] = [:]
            tracer.inject(span.context, into: &headers, using: HeaderCarrier())
            // Not sampled; the trace id is random.
            #expect(headers["traceparent"]?.hasSuffix("-02") == true)
            tracer.withSpan("inner") { inner in
                #expect(inner.traceContext.traceID == outer?.traceID)
                #expect(inner.traceContext.spanID != outer?.spanID)
            }
        }
        #expect(memory.spans.isEmpty)
        #expect(tracer.counters.usesAfterEnd == 0)
    }

    @Test("An incoming context is continued: ids, tracestate, remote flag, decision")
    func continuation() throws {
        let tracer = NeedletailTracer(processor: memory, sampler: ParentBasedSampler(root: AlwaysOffSampler()))
        var context = ServiceContext.topLevel
        let headers = [
            "traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            "tracestate": "congo=t61rcWkgMzE, rojo=00f067aa0ba902b7",
        ]
        tracer.extract(headers, into: &context, using: HeaderCarrier())
        let span = tracer.startSpan("server", context: context, ofKind: .server)
        span.end()
        let finished = try #require(memory.spans.first)
        #expect(finished.traceID.description == "0af7651916cd43dd8448eb211c80319c")
        #expect(finished.parentSpanID?.description == "b7ad6b7169203331")
        #expect(finished.traceState == "congo=t61rcWkgMzE,rojo=00f067aa0ba902b7")
        #expect(finished.flags == 0x301)

        var out: [String: String] = [:]
        tracer.inject(span.context, into: &out, using: HeaderCarrier())
        #expect(out["traceparent"] == "00-0af7651916cd43dd8448eb211c80319c-\(finished.spanID)-01")
        #expect(out["tracestate"] == "congo=t61rcWkgMzE,rojo=00f067aa0ba902b7")

        let local = tracer.startSpan("local", context: span.context)
        local.end()
        #expect(memory.spans.last?.flags == 0x101)
    }

    @Test("A malformed header leaves the context alone")
    func malformed() {
        let tracer = NeedletailTracer(processor: memory)
        for header in ["", "garbage", "00-00000000000000000000000000000000-b7ad6b7169203331-01", "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"] {
            var context = ServiceContext.topLevel
            tracer.extract(["traceparent": header], into: &context, using: HeaderCarrier())
            #expect(context.traceContext == nil)
        }
        var headers: [String: String] = [:]
        tracer.inject(.topLevel, into: &headers, using: HeaderCarrier())
        #expect(headers.isEmpty)
    }

    @Test("Several tracestate lines are joined in order")
    func tracestateLines() {
        let context = W3CTraceContextPropagator().extract(
            traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            tracestate: ["a=1, b=2", "c=3"]
        )
        #expect(context?.traceState == "a=1,b=2,c=3")
    }

    @Test("makeContext and emit carry spans the caller records itself")
    func manualSpans() {
        let tracer = NeedletailTracer(processor: memory, scope: testScope)
        let context = tracer.makeContext(name: "request", kind: .server, parent: nil)
        #expect(context.isSampled && context.isValid)
        var span = finishedSpan("request")
        span.traceID = context.traceID
        tracer.emit(span)
        #expect(memory.spans == [span])
        let unsampled = TraceContext(traceID: IDGenerator.traceID(), spanID: IDGenerator.spanID(), flags: [], isRemote: true)
        #expect(!tracer.makeContext(name: "request", kind: .server, parent: unsampled).isSampled)
    }

    @Test("Fan-out hands every span to each processor")
    func multiplex() async {
        let other = InMemorySpanExporter()
        let both = MultiplexSpanProcessor([memory, other])
        NeedletailTracer(processor: both).startSpan("both", parent: nil).end()
        #expect(memory.spans.count == 1)
        #expect(memory.spans == other.spans)
        await both.shutdown()
        #expect(memory.isShutDown && other.isShutDown)
    }
}
