import Testing
import TraceModel

@Suite("Batches in parts")
struct SpanBatchPartsTests {
    private static func spans(_ numbers: Range<UInt64>) -> [Span] {
        numbers.map { Span(traceID: TraceID(high: 0, low: 1), spanID: SpanID($0), name: "span", startTime: 1, endTime: 2) }
    }

    private static let batch = SpanBatch(resourceSpans: [
        ResourceSpans(
            resource: Resource(attributes: [Attribute("service.name", "a")]), schemaURL: "r",
            scopeSpans: [
                ScopeSpans(scope: InstrumentationScope(name: "x"), schemaURL: "s", spans: spans(1..<4)), ScopeSpans(spans: []),
                ScopeSpans(scope: InstrumentationScope(name: "y"), spans: spans(4..<9)),
            ]
        ),
        ResourceSpans(), ResourceSpans(resource: Resource(attributes: [Attribute("service.name", "b")]), scopeSpans: [ScopeSpans(spans: spans(9..<12))]),
    ])

    private static func ids(_ batch: SpanBatch) -> [UInt64] { batch.resourceSpans.flatMap { $0.scopeSpans.flatMap { $0.spans.map(\.spanID.value) } } }

    @Test("every span once, in order, never more than so many", arguments: 1...13)
    func parts(of maximum: Int) {
        let parts = Array(Self.batch.parts(of: maximum))
        #expect(parts.flatMap(Self.ids) == Array(1...11))
        #expect(parts.dropLast().allSatisfy { $0.spanCount == maximum } && parts.allSatisfy { $0.spanCount > 0 })
        #expect(parts.count == (11 + maximum - 1) / maximum)
    }

    @Test("each part names resource and scope, and a resource once")
    func groups() {
        let parts = Array(Self.batch.parts(of: 5))
        #expect(parts.map { $0.resourceSpans.map { $0.scopeSpans.count } } == [[2], [1, 1], [1]])
        #expect(parts[1].resourceSpans[0].resource == Self.batch.resourceSpans[0].resource && parts[1].resourceSpans[0].schemaURL == "r")
        #expect(parts[0].resourceSpans[0].scopeSpans[0].schemaURL == "s" && parts[1].resourceSpans[0].scopeSpans[0].scope.name == "y")
        #expect(Array(SpanBatch().parts(of: 3)).isEmpty)
    }
}
