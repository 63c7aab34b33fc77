import FuzzSupport
import Testing
import TraceModel
import TraceWire

@Suite struct ZipkinJSONRoundTripTests {
    @Test("What Zipkin has room for comes back as it was")
    func everythingExpressible() throws {
        let start: UInt64 = 1_700_000_000_000_001_000
        let spans = SpanKind.allCases.filter { $0 != .unspecified }.enumerated().map { index, kind in
            Span(
                traceID: TraceID(high: 7, low: 8), spanID: SpanID(UInt64(index + 1)), parentSpanID: index == 0 ? nil : SpanID(1), traceState: "a=b,c=|{d",
                name: "GET /\(kind) {id}", kind: kind, startTime: start, endTime: start + 25_000,
                attributes: [
                    Attribute("http.response.status_code", 404), Attribute("server.address", "db.example"), Attribute("server.port", 5432),
                    Attribute("text", "ä \u{0} \" \\ 😀"), Attribute("error", "mine"),
                ].filter { $0.key != "error" || index % 3 == 1 },
                droppedAttributesCount: 1,
                events: [
                    SpanEvent(time: start + 1000, name: "plain name"), SpanEvent(time: start + 2000, name: #"odd {"name":{}} |{}|3"#),
                    SpanEvent(
                        time: start + 3000, name: "full",
                        attributes: [
                            Attribute("s", "1"), Attribute("i", -1), Attribute("d", 2.0), Attribute("b", true), Attribute("l", .array([1, "x", .empty])),
                            Attribute("m", .keyValueList([Attribute("k", .array([]))])),
                        ], droppedAttributesCount: 9),
                ],
                droppedEventsCount: 2,
                links: [
                    SpanLink(traceID: TraceID(high: 1, low: 2), spanID: SpanID(3), traceState: "x=|{y", attributes: [Attribute("k", "a|b"), Attribute("n", 1.5)], droppedAttributesCount: 4),
                    SpanLink(traceID: TraceID(high: 0, low: 9), spanID: SpanID(10)),
                ],
                droppedLinksCount: 3, status: [SpanStatus(), SpanStatus(code: .ok), .error("true")][index % 3])
        }
        let batch = SpanBatch(resourceSpans: [
            ResourceSpans(
                resource: Resource(attributes: [
                    Attribute("service.name", "Shop"), Attribute("service.version", "1"), Attribute("process.pid", 17), Attribute("host.ip", .array(["::1", "10.0.0.1"])),
                    Attribute("telemetry.sdk.name", "needletail"), Attribute("telemetry.sdk.language", "swift"), Attribute("team", "blue"),
                ]),
                scopeSpans: [
                    ScopeSpans(scope: InstrumentationScope(name: "lib", version: "2", attributes: [Attribute("k", "v")]), schemaURL: "https://schema", spans: spans)
                ])
        ])
        let decoded = try ZipkinJSON.decode(ZipkinJSON.encode(batch))
        #expect(decoded.rejectedSpanCount == 0)
        #expect(decoded.batch == batch)
    }

    @Test("Any spans survive, and a second journey changes nothing more", arguments: 0..<150)
    func randomBatches(seed: UInt64) throws {
        var random = RandomBatch(seed: seed)
        let batch = random.batch()
        let first = try ZipkinJSON.decode(ZipkinJSON.encode(batch))
        #expect(first.rejectedSpanCount == 0, "\(first.rejectionMessage)")
        let sent = batch.resourceSpans.flatMap { $0.scopeSpans.flatMap(\.spans) }
        let received = Dictionary(grouping: first.batch.resourceSpans.flatMap { $0.scopeSpans.flatMap(\.spans) }, by: \.spanID)
        for span in sent {
            let copy = try #require(received[span.spanID]?.first)
            #expect(copy.traceID == span.traceID && copy.parentSpanID == span.parentSpanID && copy.name == span.name)
            #expect(copy.events.count == span.events.count && copy.links.count == span.links.count)
            #expect(copy.status.code == span.status.code && copy.traceState == span.traceState)
            #expect(copy.kind == (span.kind == .unspecified ? .internal : span.kind))
        }
        let second = try ZipkinJSON.decode(ZipkinJSON.encode(first.batch))
        #expect(second.batch == first.batch)
    }
}
