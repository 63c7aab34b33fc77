import Testing
import TraceModel
@testable import TraceWire

/// What Jaeger's tags mean, whichever format brings them.
@Suite struct JaegerMappingTests {
    private let id = TraceID(high: 1, low: 2)

    private func read(_ spans: [JaegerSpan], of process: JaegerProcess = JaegerProcess(serviceName: "svc")) throws -> [ResourceSpans] {
        var encoder = JaegerThriftEncoder<CompactThriftWriter>()
        for span in spans { encoder.span(span) }
        let bytes = JaegerThriftEncoder<CompactThriftWriter>.message(
            process: JaegerThriftEncoder<CompactThriftWriter>.encode(process), spans: encoder.writer.bytes, count: spans.count)
        return try JaegerThrift.decodeCompactMessage(bytes).batch.resourceSpans
    }

    private func read(_ tags: [Attribute], logs: [JaegerLog] = [], references: [JaegerReference] = []) throws -> Span {
        try read([JaegerSpan(traceID: id, spanID: SpanID(3), references: references, tags: tags, logs: logs)])[0].scopeSpans[0].spans[0]
    }

    @Test("A span of OpenTelemetry's exporter for Python is what its OTLP exporter would have sent")
    func python() throws {
        let sdk = [Attribute("telemetry.sdk.language", "python"), Attribute("telemetry.sdk.name", "opentelemetry"), Attribute("telemetry.sdk.version", "1.21.0")]
        let span = JaegerSpan(
            traceID: id, spanID: SpanID(3), parentSpanID: SpanID(4), name: "GET /",
            references: [JaegerReference(isChild: false, traceID: TraceID(high: 5, low: 6), spanID: SpanID(7))], flags: 1, startTime: 1_000_000,
            duration: 5_000,
            tags: [Attribute("http.status_code", 500), Attribute("error", true), Attribute("list", "('x', 'y')")] + sdk + [
                Attribute("service.name", "svc"), Attribute("service.instance.id", 1), Attribute("otel.status_code", "ERROR"),
                Attribute("otel.status_description", "it failed"), Attribute("error", true), Attribute("otel.dropped_attributes_count", 2),
                Attribute("otel.dropped_events_count", 3), Attribute("otel.dropped_links_count", 4), Attribute("span.kind", "server"),
                Attribute("otel.library.name", "lib"), Attribute("otel.library.version", "1"), Attribute("otel.scope.name", "lib"),
                Attribute("otel.scope.version", "1"),
            ],
            logs: [JaegerLog(time: 2_000_000, fields: [Attribute("k", 1), Attribute("message", "an event")])])
        let expected = Span(
            traceID: id, spanID: SpanID(3), parentSpanID: SpanID(4), flags: 1, name: "GET /", kind: .server, startTime: 1_000_000, endTime: 1_005_000,
            attributes: [Attribute("http.status_code", 500), Attribute("error", true), Attribute("list", "('x', 'y')")], droppedAttributesCount: 2,
            events: [SpanEvent(time: 2_000_000, name: "an event", attributes: [Attribute("k", 1)])], droppedEventsCount: 3,
            links: [SpanLink(traceID: TraceID(high: 5, low: 6), spanID: SpanID(7))], droppedLinksCount: 4, status: .error("it failed"))
        let resource = Resource(attributes: [Attribute("service.name", "svc")] + sdk + [Attribute("service.instance.id", 1)])
        let group = ResourceSpans(
            resource: resource, scopeSpans: [ScopeSpans(scope: InstrumentationScope(name: "lib", version: "1"), spans: [expected])])
        #expect(try read([span]) == [group])
        // Its gRPC exporter gives the process the resource too.
        let process = JaegerProcess(serviceName: "svc", tags: [Attribute("service.name", "svc"), Attribute("service.instance.id", 1)])
        var other = span
        other.tags.replaceSubrange(3..<8, with: process.tags)
        #expect(try read([other], of: process)[0].resource.attributes == process.tags)
        #expect(try read([other], of: process)[0].scopeSpans == group.scopeSpans)
    }

    @Test("Two Python services in one batch are told apart")
    func copiedResources() throws {
        func span(_ id: UInt64, _ instance: Int64) -> JaegerSpan {
            JaegerSpan(
                traceID: self.id, spanID: SpanID(id),
                tags: [
                    Attribute("telemetry.sdk.language", "python"), Attribute("service.name", "svc"), Attribute("service.instance.id", .int(instance)),
                    Attribute("span.kind", "internal"),
                ])
        }
        let groups = try read([span(1, 1), span(2, 2), span(3, 1)])
        #expect(groups.map { $0.resource.attributes["service.instance.id"] } == [1, 2])
        #expect(groups.map { $0.scopeSpans[0].spans.map(\.spanID.value) } == [[1, 3], [2]])
        #expect(groups.allSatisfy { $0.scopeSpans[0].spans.allSatisfy(\.attributes.isEmpty) })
    }

    @Test("A span that names its service in an attribute keeps the rest of its own")
    func serviceNameAttribute() throws {
        let span = try read([Attribute("a", 1), Attribute("service.name", "other"), Attribute("b", 2)])
        #expect(span.attributes == [Attribute("a", 1), Attribute("service.name", "other"), Attribute("b", 2)])
    }

    @Test("Jaeger's own clients mean errors by a tag", arguments: [true, "true", "True"] as [AttributeValue])
    func errorTag(_ value: AttributeValue) throws {
        let span = try read([Attribute("error", value), Attribute("a", 1)])
        #expect(span.status == SpanStatus(code: .error))
        #expect(span.attributes == [Attribute("a", 1)])
    }

    @Test("Other values of the error tag are attributes", arguments: [false, "boom", 1] as [AttributeValue])
    func noErrorTag(_ value: AttributeValue) throws {
        let span = try read([Attribute("error", value)])
        #expect(span.status == SpanStatus())
        #expect(span.attributes == [Attribute("error", value)])
    }

    @Test(
        "Without a word on errors, the HTTP status tells",
        arguments: [
            ("server", 500, SpanStatus.Code.error), ("server", 404, .unset), ("client", 404, .error), ("client", 302, .unset), ("server", 700, .unset),
        ] as [(String, Int64, SpanStatus.Code)])
    func httpStatus(_ kind: String, _ code: Int64, _ expected: SpanStatus.Code) throws {
        let tags = [Attribute("span.kind", .string(kind)), Attribute("http.status_code", .int(code)), Attribute("http.status_message", "words")]
        let span = try read(tags)
        #expect(span.status == SpanStatus(code: expected, message: expected == .error ? "words" : ""))
        #expect(span.attributes["http.status_code"] == .int(code))
        // OpenTelemetry's exporters say it when a span has failed.
        let exported = try read(tags + [Attribute("otel.scope.name", "lib")])
        #expect(exported.status == SpanStatus())
        #expect(exported.attributes["http.status_message"] == "words")
    }

    @Test("OpenTelemetry's status counts more than the error tag")
    func statusCode() throws {
        let ok = try read([Attribute("error", true), Attribute("otel.status_code", "OK")])
        #expect(ok.status.code == .ok)
        #expect(ok.attributes == [Attribute("error", true)])
        let odd = try read([Attribute("otel.status_code", "GREAT"), Attribute("span.kind", "boss"), Attribute("otel.dropped_links_count", -1)])
        #expect(odd.status.code == .unset && odd.kind == .unspecified && odd.droppedLinksCount == 0)
        #expect(odd.attributes.count == 3)
    }

    @Test("Of two tags with one meaning the exporter's, the last, counts")
    func lastTag() throws {
        let span = try read([Attribute("span.kind", "client"), Attribute("w3c.tracestate", "x=1"), Attribute("span.kind", "server"), Attribute("w3c.tracestate", "a=b")])
        #expect(span.kind == .server)
        #expect(span.traceState == "a=b")
        #expect(span.attributes == [Attribute("span.kind", "client"), Attribute("w3c.tracestate", "x=1")])
    }

    @Test("The parent is the first CHILD_OF reference within the trace; all others are links")
    func references() throws {
        let other = TraceID(high: 8, low: 8)
        let span = try read(
            [],
            references: [
                JaegerReference(isChild: true, traceID: other, spanID: SpanID(1)), JaegerReference(isChild: false, traceID: id, spanID: SpanID(2)),
                JaegerReference(isChild: true, traceID: id, spanID: SpanID(5)), JaegerReference(isChild: true, traceID: id, spanID: SpanID(6)),
            ])
        #expect(span.parentSpanID == SpanID(5))
        let childOf = [Attribute("opentracing.ref_type", "child_of")]
        #expect(
            span.links == [
                SpanLink(traceID: other, spanID: SpanID(1), attributes: childOf), SpanLink(traceID: id, spanID: SpanID(2)),
                SpanLink(traceID: id, spanID: SpanID(6), attributes: childOf),
            ])
        var named = JaegerSpan(traceID: id, spanID: SpanID(3), parentSpanID: SpanID(6))
        named.references = [
            JaegerReference(isChild: true, traceID: id, spanID: SpanID(5)), JaegerReference(isChild: true, traceID: id, spanID: SpanID(6)),
        ]
        let read = try read([named])[0].scopeSpans[0].spans[0]
        #expect(read.parentSpanID == SpanID(6))
        #expect(read.links == [SpanLink(traceID: id, spanID: SpanID(5), attributes: childOf)])
    }

    @Test("The field `event` is an event's name")
    func logs() throws {
        let logs = [
            JaegerLog(time: 1_000, fields: [Attribute("a", 1), Attribute("event", "named"), Attribute("message", "text")]),
            JaegerLog(time: 2_000, fields: [Attribute("event", 5), Attribute("message", "text")]),
        ]
        #expect(
            try read([], logs: logs).events == [
                SpanEvent(time: 1_000, name: "named", attributes: [Attribute("a", 1), Attribute("message", "text")]),
                SpanEvent(time: 2_000, name: "", attributes: [Attribute("event", 5), Attribute("message", "text")]),
            ])
    }

    @Test("A process of Jaeger's own clients gets OpenTelemetry's names")
    func process() throws {
        let span = JaegerSpan(traceID: id, spanID: SpanID(3))
        let own = JaegerProcess(
            serviceName: "svc", tags: [Attribute("hostname", "h"), Attribute("ip", "10.0.0.1"), Attribute("jaeger.version", "Go-2.30")])
        #expect(
            try read([span], of: own)[0].resource.attributes == [
                Attribute("service.name", "svc"), Attribute("host.name", "h"), Attribute("ip", "10.0.0.1"),
                Attribute("opencensus.exporterversion", "Jaeger-Go-2.30"),
            ])
        let exported = JaegerProcess(serviceName: "OTLPResourceNoServiceName", tags: [Attribute("hostname", "h"), Attribute("telemetry.sdk.name", "x")])
        #expect(try read([span], of: exported)[0].resource.attributes == exported.tags)
    }

    @Test("Times that no clock shows become the nearest that the model holds")
    func times() throws {
        // A span {start: -5, duration: largest}, between which the other fields are missing.
        var writer = CompactThriftWriter()
        let outer = writer.beginStruct()
        writer.field(1, Int64(1))
        writer.field(3, Int64(2))
        writer.field(8, Int64(-5))
        writer.field(9, Int64.max)
        writer.endStruct(outer)
        let process = JaegerThriftEncoder<CompactThriftWriter>.encode(JaegerProcess(serviceName: "svc"))
        let message = JaegerThriftEncoder<CompactThriftWriter>.message(process: process, spans: writer.bytes, count: 1)
        let span = try JaegerThrift.decodeCompactMessage(message).batch.resourceSpans[0].scopeSpans[0].spans[0]
        #expect(span.startTime == 0)
        #expect(span.endTime == .max)
        #expect(span.name == "")
    }
}
