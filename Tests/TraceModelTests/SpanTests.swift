import Testing
import TraceModel

@Suite("Spans and batches")
struct SpanTests {
    @Test("a clock that ran backwards gives no negative duration")
    func duration() {
        #expect(Self.span(start: 10, end: 30).duration == 20)
        #expect(Self.span(start: 30, end: 10).duration == 0)
    }

    @Test("the service is unknown_service when nobody named it")
    func serviceName() {
        #expect(Resource(attributes: [Attribute("service.name", "a")]).serviceName == "a")
        #expect(Resource().serviceName == "unknown_service")
        #expect(Resource(attributes: [Attribute("service.name", "")]).serviceName == "unknown_service")
        #expect(Resource(attributes: [Attribute("service.name", 3)]).serviceName == "unknown_service")
    }

    @Test("a batch counts the spans of all groups")
    func count() {
        let scope = ScopeSpans(spans: [Self.span(start: 1, end: 2), Self.span(start: 1, end: 2)])
        let batch = SpanBatch(resourceSpans: [ResourceSpans(scopeSpans: [scope, scope]), ResourceSpans(scopeSpans: [scope])])
        #expect(batch.spanCount == 6)
        #expect(SpanBatch().spanCount == 0)
    }

    @Test("the first attribute of a key counts")
    func attributes() {
        let attributes = [Attribute("a", 1), Attribute("b", true), Attribute("a", 2)]
        #expect(attributes["a"] == .int(1))
        #expect(attributes["c"] == nil)
    }

    static func span(start: UInt64, end: UInt64) -> Span {
        Span(traceID: TraceID(high: 1, low: 1), spanID: SpanID(1), name: "s", startTime: start, endTime: end)
    }
}
