internal import TraceModel

/// Small spans with just the fields a check is about.
enum Fixture {
    /// 2026-01-01, nanoseconds since the Unix epoch.
    static let epoch: UInt64 = 1_767_225_600_000_000_000
    static let scope = InstrumentationScope(name: "fixture", version: "1")

    static func traceID(_ number: Int) -> TraceID { TraceID(high: 0x0af7_6519_16cd_43dd, low: 0x8448_eb21_1c80_0000 + UInt64(number)) }

    static func resource(_ service: String, _ attributes: [Attribute] = []) -> Resource {
        Resource(attributes: [Attribute("service.name", .string(service))] + attributes)
    }

    /// A span that starts `start` and lasts `duration` milliseconds; the time counts from ``epoch``.
    static func span(
        _ trace: Int, _ id: UInt64, name: String = "work", kind: SpanKind = .internal, start: UInt64 = 0, duration: UInt64 = 1,
        attributes: [Attribute] = [], events: [SpanEvent] = [], links: [SpanLink] = [], status: SpanStatus = SpanStatus()
    ) -> Span {
        let startTime = epoch + start * 1_000_000
        return Span(
            traceID: traceID(trace), spanID: SpanID(id), parentSpanID: id > 1 ? SpanID(1) : nil, name: name, kind: kind,
            startTime: startTime, endTime: startTime + duration * 1_000_000,
            attributes: attributes, events: events, links: links, status: status
        )
    }

    /// The spans as sent by the service `shop`.
    static func batch(_ spans: [Span], resource attributes: [Attribute] = []) -> SpanBatch {
        batch("shop", spans, resource: attributes)
    }

    static func batch(_ service: String, _ spans: [Span], resource attributes: [Attribute] = []) -> SpanBatch {
        SpanBatch(resource: resource(service, attributes), scope: scope, spans: spans)
    }

    /// A batch that uses every field of the model, in two resources and three scopes.
    static func everything() -> SpanBatch {
        let attributes: [Attribute] = [
            Attribute("string", "text ✓ \"quoted\" \u{0}"), Attribute("empty string", ""), Attribute("bool", true), Attribute("false", false),
            Attribute("int", .int(.min)), Attribute("int max", .int(.max)), Attribute("zero", 0), Attribute("double", 0.1),
            Attribute("double max", .double(.greatestFiniteMagnitude)), Attribute("infinity", .double(-.infinity)),
            Attribute("bytes", .bytes([0, 255, 10])), Attribute("no bytes", .bytes([])), Attribute("empty", .empty),
            Attribute("array", .array(["a", 1, .array([true]), .empty])), Attribute("no array", .array([])),
            Attribute("map", .keyValueList([Attribute("k", .keyValueList([Attribute("", 1.5)]))])), Attribute("no map", .keyValueList([])),
            Attribute("", "empty key"),
        ]
        let full = Span(
            traceID: traceID(1), spanID: SpanID(0xffff_ffff_ffff_ffff), parentSpanID: SpanID(2), traceState: "a=1,b@c=2", flags: 0x301,
            name: "GET /{id} ✓", kind: .server, startTime: epoch, endTime: epoch + 5, attributes: attributes, droppedAttributesCount: 1,
            events: [
                SpanEvent(time: epoch + 1, name: "first", attributes: attributes, droppedAttributesCount: 2),
                SpanEvent(time: 0, name: ""),
            ],
            droppedEventsCount: 3,
            links: [
                SpanLink(traceID: traceID(9), spanID: SpanID(3), traceState: "x=y", attributes: attributes, droppedAttributesCount: 4, flags: 1),
                SpanLink(traceID: traceID(10), spanID: SpanID(4)),
            ],
            droppedLinksCount: 5, status: SpanStatus(code: .error, message: "it broke")
        )
        let kinds = SpanKind.allCases.map { Span(traceID: traceID(1), spanID: SpanID(100 + UInt64($0.rawValue)), name: "", kind: $0, startTime: 0, endTime: 0) }
        let ok = Span(
            traceID: traceID(1), spanID: SpanID(200), name: "ends before it starts", startTime: epoch + 9, endTime: epoch,
            status: SpanStatus(code: .ok)
        )
        let plain = InstrumentationScope()
        let rich = InstrumentationScope(name: "lib", version: "1.2", attributes: attributes, droppedAttributesCount: 6)
        return SpanBatch(resourceSpans: [
            ResourceSpans(
                resource: Resource(attributes: attributes + [Attribute("service.name", "all")], droppedAttributesCount: 7),
                schemaURL: "https://example.com/resource",
                scopeSpans: [
                    ScopeSpans(scope: rich, schemaURL: "https://example.com/scope", spans: [full] + kinds),
                    ScopeSpans(scope: plain, spans: [ok]),
                ]
            ),
            ResourceSpans(scopeSpans: [ScopeSpans(scope: plain, spans: [span(1, 300)])]),
        ])
    }
}

extension StoredTrace {
    /// All spans, in order.
    var spans: [Span] { batch.resourceSpans.flatMap { $0.scopeSpans.flatMap(\.spans) } }
    /// The span ids, sorted.
    var sortedIDs: [UInt64] { spans.map(\.spanID.value).sorted() }
}
