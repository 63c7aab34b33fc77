import JSONCoding
import Testing
import TraceModel
import TraceWire

@Suite struct JaegerJSONTests {
    private func write(_ batch: SpanBatch, raw: Bool = false) throws -> JSONValue {
        var writer = JSONWriter()
        JaegerJSON.writeTrace(id: FullSpan.span.traceID, batch: batch, to: &writer, raw: raw)
        return try JSONValue.parse(writer.bytes)
    }

    private func tag(_ key: String, of span: JSONValue?) -> JSONValue? {
        span?["tags"]?.arrayValue?.first { $0["key"]?.stringValue == key }
    }

    private func batch(_ spans: Span...) -> SpanBatch {
        SpanBatch(resource: Resource(attributes: [Attribute("service.name", "s")]), scope: InstrumentationScope(), spans: spans)
    }

    @Test func aSpanWithEverything() throws {
        let trace = try write(FullSpan.batch)
        #expect(trace["traceID"] == "000102030405060708090a0b0c0d0e0f")
        #expect(trace["warnings"] == .null)
        #expect(
            trace["processes"] == [
                "p1": ["serviceName": "sänger", "tags": [["key": "otel.dropped_attributes_count", "type": "int64", "value": 1]]]
            ])
        let span = try #require(trace["spans"]?[0])
        #expect(
            span.objectValue?.names == [
                "traceID", "spanID", "flags", "operationName", "references", "startTime", "duration", "tags", "logs", "processID", "warnings",
            ])
        #expect(span["spanID"] == "f0f1f2f3f4f5f6f7")
        #expect(span["flags"] == 1)
        #expect(span["operationName"] == "op")
        #expect(span["startTime"] == 1_700_000_000_000_000)
        #expect(span["duration"] == 0)
        #expect(span["processID"] == "p1")
        #expect(
            span["references"] == [
                ["refType": "CHILD_OF", "traceID": "000102030405060708090a0b0c0d0e0f", "spanID": "08090a0b0c0d0e0f"],
                ["refType": "FOLLOWS_FROM", "traceID": "101112131415161718191a1b1c1d1e1f", "spanID": "2021222324252627"],
            ])
        #expect(
            span["logs"] == [
                [
                    "timestamp": 1_700_000_000_000_000,
                    "fields": [
                        ["key": "event", "type": "string", "value": "ev"],
                        ["key": "otel.dropped_attributes_count", "type": "int64", "value": 4],
                        ["key": "q", "type": "int64", "value": "9223372036854775807"],
                    ],
                ]
            ])
    }

    @Test func tagsHaveJaegersTypes() throws {
        let span = try write(FullSpan.batch)["spans"]?[0]
        #expect(tag("s", of: span) == ["key": "s", "type": "string", "value": "x"])
        #expect(tag("b", of: span) == ["key": "b", "type": "bool", "value": false])
        #expect(tag("i", of: span) == ["key": "i", "type": "int64", "value": -1])
        #expect(tag("d", of: span) == ["key": "d", "type": "float64", "value": .number("0.5")])
        #expect(tag("y", of: span) == ["key": "y", "type": "binary", "value": "AP8="])
        #expect(tag("l", of: span) == ["key": "l", "type": "string", "value": #"["e",300,null]"#])
        #expect(tag("m", of: span) == ["key": "m", "type": "string", "value": #"{"n":-2.0}"#])
        #expect(tag("e", of: span) == ["key": "e", "type": "string", "value": ""])
    }

    @Test func whatJaegerHasNoFieldForBecomesATag() throws {
        let span = try write(FullSpan.batch)["spans"]?[0]
        #expect(tag("otel.scope.name", of: span)?["value"] == "lib")
        #expect(tag("otel.scope.version", of: span)?["value"] == "1.2")
        #expect(tag("span.kind", of: span)?["value"] == "client")
        #expect(tag("error", of: span) == ["key": "error", "type": "bool", "value": true])
        #expect(tag("otel.status_code", of: span)?["value"] == "ERROR")
        #expect(tag("otel.status_description", of: span)?["value"] == "bad")
        #expect(tag("w3c.tracestate", of: span)?["value"] == "a=b")
        #expect(tag("otel.dropped_attributes_count", of: span)?["value"] == 3)
        #expect(tag("otel.dropped_events_count", of: span)?["value"] == 5)
        #expect(tag("otel.dropped_links_count", of: span)?["value"] == 7)
        let keys = span?["tags"]?.arrayValue?.compactMap { $0["key"]?.stringValue } ?? []
        #expect(keys == keys.sorted())
    }

    @Test func aSpanWithAlmostNothing() throws {
        let bare = Span(traceID: FullSpan.span.traceID, spanID: SpanID(1), name: "", kind: .unspecified, startTime: 2_000_000, endTime: 1_000_000)
        let span = try #require(try write(batch(bare))["spans"]?[0])
        #expect(span["flags"] == nil)
        #expect(span["tags"] == [])
        #expect(span["logs"] == [])
        #expect(span["references"] == [])
        #expect(span["duration"] == 0)
        var ok = bare
        ok.status = SpanStatus(code: .ok)
        #expect(try write(batch(ok))["spans"]?[0]?["tags"] == [["key": "otel.status_code", "type": "string", "value": "OK"]])
    }

    @Test func integersThatBrowsersCannotHoldAreStrings() throws {
        var span = FullSpan.span
        let exact: Int64 = 9_007_199_254_740_991
        span.attributes = [Attribute("a", .int(exact)), Attribute("b", .int(exact + 1)), Attribute("c", .int(-exact)), Attribute("d", .int(.min))]
        let written = try write(batch(span))["spans"]?[0]
        #expect(tag("a", of: written)?["value"] == 9_007_199_254_740_991)
        #expect(tag("b", of: written)?["value"] == "9007199254740992")
        #expect(tag("c", of: written)?["value"] == -9_007_199_254_740_991)
        #expect(tag("d", of: written)?["value"] == "-9223372036854775808")
    }

    @Test func processesAreSharedByContent() throws {
        func group(_ service: String, _ host: String, _ id: UInt64) -> ResourceSpans {
            var span = FullSpan.span
            span.spanID = SpanID(id)
            return ResourceSpans(
                resource: Resource(attributes: [Attribute("service.name", .string(service)), Attribute("host", .string(host))]),
                scopeSpans: [ScopeSpans(spans: [span])])
        }
        let trace = try write(SpanBatch(resourceSpans: [group("a", "1", 1), group("b", "1", 2), group("a", "1", 3), group("a", "2", 4)]))
        #expect(trace["spans"]?.arrayValue?.map { $0["processID"]?.stringValue } == ["p1", "p2", "p1", "p3"])
        #expect(trace["processes"]?.objectValue?.names == ["p1", "p2", "p3"])
        #expect(trace["processes"]?["p3"] == ["serviceName": "a", "tags": [["key": "host", "type": "string", "value": "2"]]])
        let nameless = try write(SpanBatch(resource: Resource(), scope: InstrumentationScope(), spans: [FullSpan.span]))
        #expect(nameless["processes"]?["p1"]?["serviceName"] == "unknown_service")
    }

    @Test func spansReceivedTwiceAreWrittenOnceUnlessRaw() throws {
        var other = FullSpan.span
        other.kind = .server
        let twice = batch(FullSpan.span, other, FullSpan.span, other)
        #expect(try write(twice)["spans"]?.arrayValue?.count == 2)
        #expect(try write(twice, raw: true)["spans"]?.arrayValue?.count == 4)
    }

    @Test func rawKeepsTheOrderOfTags() throws {
        var span = FullSpan.span
        span.attributes = [Attribute("z", 1), Attribute("a", 2)]
        let raw = try write(batch(span), raw: true)["spans"]?[0]?["tags"]?[0]
        #expect(raw?["key"] == "z")
    }

    @Test func linksCanBeParents() throws {
        var span = FullSpan.span
        span.parentSpanID = nil
        span.links[0].attributes = [Attribute("opentracing.ref_type", "child_of")]
        #expect(try write(batch(span))["spans"]?[0]?["references"]?[0]?["refType"] == "CHILD_OF")
    }

    @Test func anAttributeCalledEventReplacesTheEventsName() throws {
        var span = FullSpan.span
        span.events = [SpanEvent(time: 1000, name: "n", attributes: [Attribute("event", "own")])]
        let fields = try write(batch(span))["spans"]?[0]?["logs"]?[0]?["fields"]
        #expect(fields == [["key": "event", "type": "string", "value": "own"]])
    }
}
