import JSONCoding
import Testing
import TraceModel
import TraceWire

@Suite struct ZipkinJSONDecodingTests {
    private static let ids = #""traceId":"0102030405060708090a0b0c0d0e0f10","id":"0102030405060708""#

    private func decode(_ text: String) throws -> DecodedSpans {
        try ZipkinJSON.decode(Array(text.utf8))
    }

    /// Decodes a list with one span that has these members beside its ids.
    private func span(_ members: String) throws -> Span {
        let decoded = try decode("[{\(Self.ids)\(members.isEmpty ? "" : ",")\(members)}]")
        #expect(decoded.rejectedSpanCount == 0, "\(decoded.rejectionMessage)")
        return try #require(decoded.batch.resourceSpans.first?.scopeSpans.first?.spans.first)
    }

    @Test("A span with all of Zipkin's fields")
    func everyField() throws {
        let decoded = try decode(
            """
            [{"traceId":"463ac35c9f6413ad48485a3953bb6124","parentId":"05e3ac9a4f6e3b90","id":"0000000000000001","kind":"SERVER","name":"get /api",
            "timestamp":1502787600000000,"duration":150000,"localEndpoint":{"serviceName":"front","ipv4":"192.168.99.1","ipv6":"2001:db8::1","port":3306},
            "remoteEndpoint":{"serviceName":"mobile","ipv4":"172.19.0.2","ipv6":"2001:db8::c001","port":58648},
            "annotations":[{"timestamp":1502787600000001,"value":"wr"},{"timestamp":1502787600150000,"value":"ws"}],
            "tags":{"http.method":"GET","http.path":"/api"},"debug":true,"shared":true}]
            """)
        let group = try #require(decoded.batch.resourceSpans.first)
        #expect(group.resource.attributes == [Attribute("service.name", "front")])
        let span = try #require(group.scopeSpans.first?.spans.first)
        #expect(
            span
                == Span(
                    traceID: TraceID(high: 0x463a_c35c_9f64_13ad, low: 0x4848_5a39_53bb_6124), spanID: SpanID(1), parentSpanID: SpanID(0x05e3_ac9a_4f6e_3b90),
                    name: "get /api", kind: .server, startTime: 1_502_787_600_000_000_000, endTime: 1_502_787_600_150_000_000,
                    attributes: [
                        Attribute("http.method", "GET"), Attribute("http.path", "/api"), Attribute("net.host.ip", "192.168.99.1"),
                        Attribute("zipkin.local_ipv6", "2001:db8::1"), Attribute("net.host.port", 3306), Attribute("peer.service", "mobile"),
                        Attribute("net.peer.ip", "172.19.0.2"), Attribute("zipkin.remote_ipv6", "2001:db8::c001"), Attribute("net.peer.port", 58648),
                        Attribute("zipkin.shared", true), Attribute("zipkin.debug", true),
                    ],
                    events: [
                        SpanEvent(time: 1_502_787_600_000_001_000, name: "wr"), SpanEvent(time: 1_502_787_600_150_000_000, name: "ws"),
                    ]))
    }

    @Test("What OpenTelemetry's exporter for Python sends is what its OTLP exporter would send")
    func python() throws {
        let decoded = try decode(
            """
            [{"traceId": "0af7651916cd43dd8448eb211c80319c", "id": "00f067aa0ba90001", "name": "POST /v1/ch\\u00e4t \\ud834\\udd1e", "timestamp": 1700000000123457,
            "duration": 1235, "localEndpoint": {"serviceName": "first", "port": 31313}, "kind": null, "tags": {"user": "7", "http.status_code": "503",
            "error": "it br\\u00f6ke", "service.name": "rich", "service.version": "1.2.3", "telemetry.sdk.language": "python", "telemetry.sdk.name": "opentelemetry", "team": "blue",
            "otel.library.name": "lib", "otel.library.version": "0.9", "otel.scope.name": "lib", "otel.scope.version": "0.9",
            "otel.status_code": "ERROR", "otel.dropped_attributes_count": "10", "otel.dropped_events_count": "3", "otel.dropped_links_count": "1"},
            "annotations": [{"timestamp": 1700000000123458, "value": "{\\"ev.one\\": {\\"b\\": true, \\"f\\": 1.5, \\"i\\": 1, \\"l\\": [\\"m\\", \\"n\\"], \\"s\\": \\"v\\"}}"},
            {"timestamp": 1700000000123459, "value": "{\\"ev.none\\": {}}"}], "debug": true, "parentId": "b7ad6b7169203331"}]
            """)
        let expected = SpanBatch(
            resource: Resource(attributes: [
                Attribute("service.name", "rich"), Attribute("service.version", "1.2.3"), Attribute("telemetry.sdk.language", "python"),
                Attribute("telemetry.sdk.name", "opentelemetry"), Attribute("team", "blue"),
            ]),
            scope: InstrumentationScope(name: "lib", version: "0.9"),
            spans: [
                Span(
                    traceID: TraceID(high: 0x0af7_6519_16cd_43dd, low: 0x8448_eb21_1c80_319c), spanID: SpanID(0x00f0_67aa_0ba9_0001),
                    parentSpanID: SpanID(0xb7ad_6b71_6920_3331), name: "POST /v1/chät 𝄞", kind: .internal, startTime: 1_700_000_000_123_457_000,
                    endTime: 1_700_000_000_124_692_000,
                    attributes: [Attribute("user", "7"), Attribute("http.status_code", 503), Attribute("net.host.port", 31313)],
                    droppedAttributesCount: 10,
                    events: [
                        SpanEvent(
                            time: 1_700_000_000_123_458_000, name: "ev.one",
                            attributes: [
                                Attribute("b", true), Attribute("f", 1.5), Attribute("i", 1), Attribute("l", .array(["m", "n"])), Attribute("s", "v"),
                            ]),
                        SpanEvent(time: 1_700_000_000_123_459_000, name: "ev.none"),
                    ],
                    droppedEventsCount: 3, droppedLinksCount: 1, status: .error("it bröke"))
            ])
        #expect(decoded.batch == expected)
    }

    @Test("What the Collector's exporter sends is what it received")
    func collector() throws {
        let decoded = try decode(
            #"""
            [{\#(Self.ids),"name":"op","timestamp":1700000000000000,"duration":1,"localEndpoint":{"serviceName":"worker"},
            "tags":{"error":"true","otel.status_code":"STATUS_CODE_ERROR","otel.status_description":"no disk","span.kind":"internal","w3c.tracestate":"a=b|{c",
            "otlp.service.name.source":"faas.name","otel.library.name":"lib","otel.library.version":"2","host.name":"h","process.pid":"17",
            "otlp.link.1":"00000000000000000000000000000003|0000000000000004|||0",
            "otlp.link.0":"00000000000000000000000000000001|0000000000000002|s=x\|{y|{\"k\":\"a\|b\",\"n\":2}|5"},
            "annotations":[{"timestamp":1700000000000000,"value":"ev|{\"k\":\"a\|b\"}|3"},{"timestamp":1700000000000000,"value":"plain|text"}]}]
            """#.replacing(#"\|"#, with: "|"))
        let group = try #require(decoded.batch.resourceSpans.first)
        #expect(group.resource.attributes == [Attribute("faas.name", "worker"), Attribute("host.name", "h"), Attribute("process.pid", 17)])
        #expect(group.scopeSpans.first?.scope == InstrumentationScope(name: "lib", version: "2"))
        let span = try #require(group.scopeSpans.first?.spans.first)
        #expect(span.kind == .internal)
        #expect(span.status == .error("no disk"))
        #expect(span.traceState == "a=b|{c")
        #expect(
            span.links == [
                SpanLink(
                    traceID: TraceID(high: 0, low: 1), spanID: SpanID(2), traceState: "s=x|{y", attributes: [Attribute("k", "a|b"), Attribute("n", 2)],
                    droppedAttributesCount: 5)
            ])
        // Not the form of a link: kept as it is.
        #expect(span.attributes == [Attribute("otlp.link.1", "00000000000000000000000000000003|0000000000000004|||0")])
        #expect(
            span.events == [
                SpanEvent(time: 1_700_000_000_000_000_000, name: "ev", attributes: [Attribute("k", "a|b")], droppedAttributesCount: 3),
                SpanEvent(time: 1_700_000_000_000_000_000, name: "plain|text"),
            ])
    }

    @Test("What Envoy sends")
    func envoy() throws {
        let decoded = try decode(
            """
            [{"traceId":"64c10cc60e6d5d8a","name":"api:80","id":"64c10cc60e6d5d8a","kind":"CLIENT","timestamp":1700000000000000,"duration":2500,
            "localEndpoint":{"serviceName":"edge","ipv4":"10.0.0.1","port":0},"tags":{"http.status_code":"503","response_flags":"UH","error":"true",
            "component":"proxy"}},{"traceId":"64c10cc60e6d5d8a","name":"api:80","id":"64c10cc60e6d5d8a","kind":"SERVER","shared":true,
            "timestamp":1700000000000100,"duration":2000,"localEndpoint":{"serviceName":"api","ipv4":"10.0.0.2","port":0},"tags":{}}]
            """)
        #expect(decoded.batch.resourceSpans.map(\.resource.serviceName) == ["edge", "api"])
        let client = try #require(decoded.batch.resourceSpans[0].scopeSpans.first?.spans.first)
        let server = try #require(decoded.batch.resourceSpans[1].scopeSpans.first?.spans.first)
        #expect(client.traceID == TraceID(high: 0, low: 0x64c1_0cc6_0e6d_5d8a))
        #expect(client.status == .error(""))
        #expect(client.attributes["http.status_code"] == 503)
        #expect(client.attributes["error"] == nil)
        // Both halves of the call survive under the one id.
        #expect(server.spanID == client.spanID && server.traceID == client.traceID)
        #expect(server.kind == .server && server.attributes["zipkin.shared"] == true)
        #expect(client.kind == .client && client.attributes["zipkin.shared"] == nil)
    }

    @Test(
        "The texts of events",
        arguments: [
            (#"plain"#, "plain", []), (#"{"e":{"k":1}}"#, "e", [Attribute("k", 1)]), (#""e":{"k":"v"}"#, "e", [Attribute("k", "v")]),
            (#""my \"event\"" : { "k" : [1,2.5,null,{"a":true}] }"#, #"my "event""#, [Attribute("k", .array([1, 2.5, .empty, .keyValueList([Attribute("a", true)])]))]),
            (#"e: {"k":"v"}"#, "e", [Attribute("k", "v")]), (#"a: {b: {"k":"v"}"#, "a: {b", [Attribute("k", "v")]),
            (#"e|{"k":"v"}|0"#, "e", [Attribute("k", "v")]), (#"{"a":{},"b":{}}"#, #"{"a":{},"b":{}}"#, []), (#"{"a":1}"#, #"{"a":1}"#, []),
            (#"{broken"#, #"{broken"#, []), (#"{"message":"x"}"#, #"{"message":"x"}"#, []), (#"e|{"k":"v"}|x"#, #"e|{"k":"v"}|x"#, []), ("", "", []),
            (#""quoted" text"#, #""quoted" text"#, []), (#"{"e":{"big":123456789012345678901234567890,"huge":1e999}}"#, "e", [Attribute("big", .double(123456789012345678901234567890)), Attribute("huge", "1e999")]),
        ] as [(String, String, [Attribute])])
    func eventTexts(text: String, name: String, attributes: [Attribute]) throws {
        var writer = JSONWriter()
        writer.string(text)
        let span = try span(#""timestamp":5,"annotations":[{"timestamp":7,"value":\#(String(decoding: writer.finish(), as: UTF8.self))}]"#)
        #expect(span.events == [SpanEvent(time: 7000, name: name, attributes: attributes)])
    }

    @Test(
        "Kinds, in fields and tags",
        arguments: [
            (#""kind":"CLIENT""#, .client, nil), (#""kind":"client""#, .client, nil), (#""kind":"PRODUCER""#, .producer, nil),
            (#""kind":"CONSUMER""#, .consumer, nil), (#""kind":"""#, .internal, nil), ("", .internal, nil),
            (#""tags":{"span.kind":"server"}"#, .server, nil), (#""kind":"SERVER","tags":{"span.kind":"server"}"#, .server, nil),
            (#""kind":"SERVER","tags":{"span.kind":"client"}"#, .server, Attribute("span.kind", "client")),
            (#""tags":{"span.kind":"odd"}"#, .internal, Attribute("span.kind", "odd")), (#""kind":"LOCAL""#, .internal, Attribute("zipkin.kind", "LOCAL")),
        ] as [(String, SpanKind, Attribute?)])
    func kinds(members: String, kind: SpanKind, kept: Attribute?) throws {
        let span = try span(#""timestamp":1\#(members.isEmpty ? "" : ",")\#(members)"#)
        #expect(span.kind == kind)
        #expect(span.attributes == (kept.map { [$0] } ?? []))
    }

    @Test(
        "Status and error tags",
        arguments: [
            (#"{"otel.status_code":"OK"}"#, SpanStatus(code: .ok), nil), (#"{"otel.status_code":"STATUS_CODE_OK"}"#, SpanStatus(code: .ok), nil),
            (#"{"otel.status_code":"Error","error":""}"#, .error(""), nil), (#"{"error":""}"#, .error(""), nil), (#"{"error":"true"}"#, .error(""), nil),
            (#"{"error":"timeout"}"#, .error("timeout"), nil), (#"{"error":"false"}"#, SpanStatus(), Attribute("error", false)), (#"{"error":true}"#, .error(""), nil),
            (#"{"otel.status_code":"OK","error":"x"}"#, SpanStatus(code: .ok), Attribute("error", "x")),
            (#"{"otel.status_code":"ERROR","otel.status_description":"d","error":"true"}"#, .error("d"), nil),
            (#"{"otel.status_code":"ERROR","otel.status_description":"d","error":"e"}"#, .error("d"), Attribute("error", "e")),
            (#"{"otel.status_code":"odd"}"#, SpanStatus(), Attribute("otel.status_code", "odd")),
        ] as [(String, SpanStatus, Attribute?)])
    func statuses(tags: String, status: SpanStatus, kept: Attribute?) throws {
        let span = try span(#""timestamp":1,"tags":\#(tags)"#)
        #expect(span.status == status)
        #expect(span.attributes == (kept.map { [$0] } ?? []))
    }

    @Test("Tags get the types of the semantic conventions, and others stay the text that they were")
    func tagTypes() throws {
        let span = try span(
            #"""
            "timestamp":1,"tags":{"http.status_code":"200","http.response.status_code":"0200","server.port":"80","gen_ai.latency.e2e":"1.5","order":"17",
            "faas.coldstart":"True","gen_ai.response.finish_reasons":"[\"stop\"]","number":5,"flag":false,"none":null,"list":[1,{"a":"b"}]}
            """#)
        #expect(
            span.attributes == [
                Attribute("http.status_code", 200), Attribute("http.response.status_code", "0200"), Attribute("server.port", 80),
                Attribute("gen_ai.latency.e2e", 1.5), Attribute("order", "17"), Attribute("faas.coldstart", true),
                Attribute("gen_ai.response.finish_reasons", .array(["stop"])), Attribute("number", 5), Attribute("flag", false),
                Attribute("none", .empty), Attribute("list", .array([1, .keyValueList([Attribute("a", "b")])])),
            ])
    }

    @Test("Spans are grouped by resource and scope")
    func groups() throws {
        func span(_ id: Int, _ service: String, _ host: String, _ scope: String) -> String {
            #"{"traceId":"1","id":"\#(id)","timestamp":1,"localEndpoint":{"serviceName":"\#(service)"},"tags":{"host.name":"\#(host)","otel.scope.name":"\#(scope)"}}"#
        }
        let text = [
            span(1, "a", "h1", "s1"), span(2, "b", "h1", "s1"), span(3, "a", "h1", "s2"), span(4, "a", "h2", "s1"), span(5, "a", "h1", "s1"),
        ]
        let batch = try decode("[\(text.joined(separator: ","))]").batch
        let ids = batch.resourceSpans.map { $0.scopeSpans.map { $0.spans.map(\.spanID.value) } }
        #expect(ids == [[[1, 5], [3]], [[2]], [[4]]])
    }

    @Test("A remote endpoint that was made of an attribute is not told twice; one that says more is kept")
    func remoteEndpoint() throws {
        let made = try span(
            #""kind":"CLIENT","timestamp":1,"remoteEndpoint":{"serviceName":"db.example","port":5432},"tags":{"server.address":"db.example","server.port":"5432","otel.scope.name":"s"}"#)
        #expect(made.attributes == [Attribute("server.address", "db.example"), Attribute("server.port", 5432)])
        // Zipkin's own clients make no endpoint of a tag.
        let own = try span(#""kind":"CLIENT","timestamp":1,"remoteEndpoint":{"serviceName":"shop"},"tags":{"db.name":"shop"}"#)
        #expect(own.attributes == [Attribute("db.name", "shop"), Attribute("peer.service", "shop")])
        let explicit = try span(#""kind":"CLIENT","timestamp":1,"remoteEndpoint":{"serviceName":"a","ipv6":"::1"},"tags":{"peer.service":"b"}"#)
        #expect(explicit.attributes == [Attribute("peer.service", "b"), Attribute("zipkin.peer.service", "a"), Attribute("net.peer.ip", "::1")])
    }

    @Test("Absent, odd and enormous times")
    func times() throws {
        let absent = try span(#""duration":5"#)
        #expect(absent.startTime == 0 && absent.endTime == 5000)
        #expect(absent.attributes == [Attribute("otel.zipkin.absentField.startTime", true)])
        let annotated = try span(#""annotations":[{"timestamp":9,"value":"b"},{"timestamp":7,"value":"a"}],"timestamp":0"#)
        #expect(annotated.startTime == 7000 && annotated.endTime == 7000)
        let text = try span(#""timestamp":"1700000000000000","duration":1.5"#)
        #expect(text.startTime == 1_700_000_000_000_000_000 && text.duration == 1000)
        let end = try span(#""timestamp":18446744073709551,"duration":18446744073709551"#)
        #expect(end.endTime == 18_446_744_073_709_551_000)
    }

    @Test("Ids of any length and case; a span that names itself as parent is a root")
    func ids() throws {
        let short = try #require(try decode(#"[{"traceId":"AbC","id":"1F","parentId":"0"}]"#).batch.resourceSpans.first?.scopeSpans.first?.spans.first)
        #expect(short.traceID == TraceID(high: 0, low: 0xabc) && short.spanID == SpanID(0x1f) && short.parentSpanID == nil)
        #expect(try span(#""parentId":"0102030405060708""#).parentSpanID == nil)
        #expect(try span(#""parentId":"""#).parentSpanID == nil)
        #expect(try span(#""parentId":null,"name":null,"tags":null,"annotations":null,"localEndpoint":null,"timestamp":null"#).parentSpanID == nil)
    }

    @Test("Members that Zipkin does not define become attributes")
    func unknownMembers() throws {
        let span = try span(#""timestamp":1,"flags":3,"extra":{"a":[1]},"localEndpoint":{"x":1},"annotations":[{"timestamp":1,"value":"v","endpoint":{}}]"#)
        #expect(span.attributes == [Attribute("zipkin.flags", 3), Attribute("zipkin.extra", .keyValueList([Attribute("a", .array([1]))]))])
        #expect(span.events.map(\.name) == ["v"])
    }

    @Test(
        "One bad span does not cost the others",
        arguments: [
            (#"{"id":"1"}"#, "no trace id"), (#"{"traceId":"1"}"#, "no span id"), (#"{"traceId":"xyz","id":"1","name":"n"}"#, "'n' has trace id 'xyz'"),
            (#"{"traceId":"0","id":"1"}"#, "not all zero"), (#"{"traceId":"1","id":"11112222333344445"}"#, "span id '11112222333344445'"),
            (#"{"traceId":"1","id":"1","parentId":"-"}"#, "parent span id '-'"), (#"{"traceId":"1","id":"1","timestamp":"soon"}"#, "timestamp 'soon'"),
            (#"{"traceId":"1","id":"1","timestamp":-1}"#, "timestamp '-1'"), (#"{"traceId":"1","id":"1","timestamp":1e300}"#, "timestamp '1e300'"),
            (#"{"traceId":"1","id":"1","duration":99999999999999999999}"#, "duration '99999999999999999999'"), (#"{"traceId":"1","id":"1","tags":[]}"#, "tags"),
            (#"{"traceId":"1","id":"1","annotations":{}}"#, "annotations"), (#"{"traceId":"1","id":"1","annotations":[1]}"#, "one of its annotations"),
            (#""text""#, "expected a JSON object"), ("null", "expected a JSON object"), (#"{"traceId":{},"id":[]}"#, "trace id ''"),
        ])
    func rejection(bad: String, reason: String) throws {
        let decoded = try decode(#"[{"traceId":"1","id":"1"},\#(bad),{"traceId":"1","id":"2"}]"#)
        #expect(decoded.batch.spanCount == 2)
        #expect(decoded.rejectedSpanCount == 1)
        #expect(decoded.rejectionMessage.contains(reason), "\(decoded.rejectionMessage)")
    }

    @Test("What is no JSON list is an error that says where", arguments: ["", "{}", "[", "[{]", #"[{"traceId":"1"},]"#, "[] []", #"[{"a":1"b":2}]"#, "null"])
    func malformed(text: String) throws {
        let error = try #require(throws: WireError.self) { try decode(text) }
        #expect(error.code == .malformed)
        #expect(error.message.contains("at byte"))
    }

    @Test("An empty list is nothing")
    func empty() throws {
        let decoded = try decode(" [ ] ")
        #expect(decoded.batch == SpanBatch() && decoded.rejectedSpanCount == 0)
    }
}
