import Instrumentation
import NeedletailTracing
import Testing
import TraceModel
import Tracing

struct NeedletailSpanTests {
    private let memory = InMemorySpanExporter()

    private func tracer(sampler: any Sampler = AlwaysOnSampler(), limits: SpanLimits = SpanLimits()) -> NeedletailTracer {
        NeedletailTracer(processor: memory, sampler: sampler, scope: testScope, limits: limits)
    }

    private struct Instant: TracerInstant {
        var nanosecondsSinceEpoch: UInt64
        static func < (left: Instant, right: Instant) -> Bool { left.nanosecondsSinceEpoch < right.nanosecondsSinceEpoch }
    }

    private struct Broken: Error, CustomStringConvertible {
        var description: String { "it broke" }
    }

    @Test("Name, kind, times, scope and attributes arrive")
    func ownCalls() throws {
        let span = tracer().startSpan("start", parent: nil, kind: .server, startTime: 1000, attributes: [Attribute("first", 1)])
        span.setAttribute("text", "value")
        span.setAttribute("flag", true)
        span.setAttribute("text", "newer")
        span.updateName("renamed")
        span.end(at: 3000)
        let finished = try #require(memory.spans.first)
        #expect(finished.name == "renamed")
        #expect(finished.kind == .server)
        #expect(finished.startTime == 1000)
        #expect(finished.endTime == 3000)
        #expect(finished.parentSpanID == nil)
        #expect(finished.attributes == [Attribute("first", 1), Attribute("text", "newer"), Attribute("flag", true)])
        // Sampled, with a random trace id; the parent is known to be local.
        #expect(finished.flags == 0x103)
        #expect(memory.batches.first?.resourceSpans.first?.scopeSpans.first?.scope == testScope)
    }

    @Test("The standard API: instants, kinds, dictionary, status, event, link")
    func standardCalls() throws {
        let tracer = tracer()
        let linked = tracer.startSpan("linked", parent: nil)
        let span: any Tracing.Span = tracer.startSpan("work", context: .topLevel, ofKind: .client, at: Instant(nanosecondsSinceEpoch: 5))
        span.attributes["int"] = 5
        span.attributes["list"] = ["a", "b"]
        span.attributes["gone"] = "x"
        span.attributes["gone"] = nil
        span.updateAttributes { $0["double"] = 0.5 }
        span.addEvent(Tracing.SpanEvent(name: "event", at: Instant(nanosecondsSinceEpoch: 6), attributes: ["k": "v"]))
        span.addLink(Tracing.SpanLink(context: linked.context, attributes: ["why": "because"]))
        span.addLink(Tracing.SpanLink(context: .topLevel, attributes: [:]))
        span.setStatus(.init(code: .error, message: "bad"))
        span.operationName = "renamed"
        span.end(at: Instant(nanosecondsSinceEpoch: 9))
        let finished = try #require(memory.spans.first)
        #expect(finished.name == "renamed")
        #expect(finished.kind == .client)
        #expect(finished.startTime == 5)
        #expect(finished.endTime == 9)
        #expect(finished.attributes.count == 3)
        #expect(finished.attributes["int"] == 5)
        #expect(finished.attributes["list"] == .array(["a", "b"]))
        #expect(finished.attributes["double"] == 0.5)
        #expect(finished.events == [TraceModel.SpanEvent(time: 6, name: "event", attributes: [Attribute("k", "v")])])
        #expect(finished.links.count == 1)
        #expect(finished.links.first?.spanID == linked.traceContext.spanID)
        #expect(finished.links.first?.attributes == [Attribute("why", "because")])
        #expect(finished.status == .error("bad"))
    }

    @Test("Own and standard attribute calls see each other, and nothing is lost on the way")
    func mixedAttributes() throws {
        let span = tracer().startSpan("mixed", parent: nil)
        span.setAttribute("bytes", .bytes([1, 2]))
        span.setAttribute("count", 1)
        #expect(span.attributes.get("count") == .int64(1))
        span.attributes["count"] = 2
        span.setAttribute("later", .keyValueList([Attribute("k", 1)]))
        span.attributes["text"] = "t"
        span.end()
        let attributes = try #require(memory.spans.first?.attributes)
        #expect(attributes.count == 4)
        #expect(attributes["bytes"] == .bytes([1, 2]))
        #expect(attributes["count"] == 2)
        #expect(attributes["later"] == .keyValueList([Attribute("k", 1)]))
        #expect(attributes["text"] == "t")
    }

    @Test("Changes of the dictionary by several threads are all kept")
    func concurrentAttributes() async throws {
        let span = tracer().startSpan("parallel", parent: nil)
        await withTaskGroup(of: Void.self) { group in
            for task in 0..<4 {
                group.addTask { for index in 0..<25 { span.attributes["\(task)-\(index)"] = index } }
            }
        }
        span.end()
        #expect(memory.spans.first?.attributes.count == 100)
    }

    @Test("An end while the dictionary is being changed waits for the change")
    func endDuringChange() throws {
        func change(_ attributes: inout SpanAttributes, _ body: () -> Void) {
            attributes["before"] = 1
            body()
            attributes["after"] = 2
        }
        let span = tracer().startSpan("nested", parent: nil)
        change(&span.attributes) {
            span.end(at: 77)
            #expect(memory.spans.isEmpty)
        }
        let finished = try #require(memory.spans.first)
        #expect(finished.endTime == 77 as UInt64)
        #expect(finished.attributes.count == 2)
    }

    @Test("A second end and changes after the end are ignored and counted")
    func useAfterEnd() {
        let tracer = tracer()
        let span = tracer.startSpan("once", parent: nil)
        span.setAttribute("kept", 1)
        span.end()
        #expect(!span.isRecording)
        span.end()
        span.setAttribute("late", 1)
        span.attributes["late"] = 1
        span.addEvent("late")
        span.setError("late")
        span.updateName("late")
        #expect(memory.spans.count == 1)
        #expect(memory.spans.first?.attributes == [Attribute("kept", 1)])
        #expect(memory.spans.first?.name == "once")
        #expect(tracer.counters.secondEnds == 1)
        #expect(tracer.counters.usesAfterEnd == 5)
    }

    @Test("Errors become exception events, and their message the status of withSpan")
    func errors() async throws {
        let tracer = tracer()
        await #expect(throws: Broken.self) {
            try await tracer.withSpan("fails") { _ in throw Broken() }
        }
        let span = try #require(memory.spans.first)
        let event = try #require(span.events.first)
        #expect(event.name == "exception")
        #expect(event.attributes["exception.message"] == "it broke")
        guard case .string(let type)? = event.attributes["exception.type"] else { throw Broken() }
        #expect(type.hasSuffix("Broken"))
        #expect(span.status == .error("it broke"))
    }

    @Test("Given exception attributes win")
    func exceptionAttributes() throws {
        let span = tracer().startSpan("fails", parent: nil)
        span.recordError(Broken(), attributes: ["exception.stacktrace": "here", "exception.type": "Other"])
        span.end()
        let attributes = try #require(memory.spans.first?.events.first?.attributes)
        #expect(attributes["exception.type"] == "Other")
        #expect(attributes["exception.stacktrace"] == "here")
        #expect(memory.spans.first?.status.code == .unset)
    }

    private struct Located: ErrorWithStackTrace {
        var stackTrace: String?
    }

    @Test("An error's own stack trace is recorded")
    func stackTraces() throws {
        let span = tracer().startSpan("own", parent: nil)
        span.recordException(Located(stackTrace: "main.swift:1"), attributes: [Attribute("order", 7)], time: 42)
        span.recordException(Located(stackTrace: nil))
        span.end()
        let events = try #require(memory.spans.last?.events)
        #expect(events[0].time == 42)
        #expect(events[0].attributes["exception.stacktrace"] == "main.swift:1")
        #expect(events[0].attributes["order"] == 7)
        #expect(events[1].attributes["exception.stacktrace"] == nil)
    }

    @Test("A status of ok is final")
    func statusRules() {
        let span = tracer().startSpan("status", parent: nil)
        span.setError("first")
        span.setStatus(.init(code: .ok, message: "ignored"))
        span.setError("second")
        span.end()
        #expect(memory.spans.first?.status == TraceModel.SpanStatus(code: .ok))
    }

    @Test("Beyond the limits things are dropped and counted")
    func limits() throws {
        var limits = SpanLimits()
        limits.attributeCount = 2
        limits.attributeValueLength = 3
        limits.eventCount = 1
        limits.linkCount = 1
        limits.attributeCountPerEvent = 1
        limits.attributeCountPerLink = 0
        let tracer = tracer(limits: limits)
        let span = tracer.startSpan("limited", parent: nil)
        span.setAttribute("a", "ééééé")
        span.setAttribute("b", .array(["long text", 5]))
        span.setAttribute("c", 1)
        span.setAttribute("a", "again")
        span.addEvent("one", attributes: [Attribute("k", "long text"), Attribute("l", 1)])
        span.addEvent("two")
        span.addLink(to: span.traceContext, attributes: [Attribute("k", 1)])
        span.addLink(to: span.traceContext)
        span.end()
        let finished = try #require(memory.spans.first)
        #expect(finished.attributes == [Attribute("a", "aga"), Attribute("b", .array(["lon", 5]))])
        #expect(finished.droppedAttributesCount == 1)
        #expect(finished.events.count == 1)
        #expect(finished.droppedEventsCount == 1)
        #expect(finished.events.first?.attributes == [Attribute("k", "lon")])
        #expect(finished.events.first?.droppedAttributesCount == 1)
        #expect(finished.links.count == 1)
        #expect(finished.droppedLinksCount == 1)
        #expect(finished.links.first?.droppedAttributesCount == 1)

        let standard = tracer.startSpan("standard", parent: nil)
        for index in 0..<5 { standard.attributes["\(index)"] = "four" }
        standard.end()
        #expect(memory.spans.last?.attributes.count == 2)
        #expect(memory.spans.last?.droppedAttributesCount == 3)
        #expect(memory.spans.last?.attributes.first?.value == "fou")
    }
}
