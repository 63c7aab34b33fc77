import JSONCoding
import Testing
import TraceModel
import TraceWire

@Suite struct ZipkinJSONEncodingTests {
    private let ids = (TraceID(high: 1, low: 2), SpanID(3))

    private func span(_ change: (inout Span) -> Void = { _ in }) -> Span {
        var span = Span(traceID: ids.0, spanID: ids.1, name: "op", startTime: 1_700_000_000_000_000_000, endTime: 1_700_000_000_000_005_000)
        change(&span)
        return span
    }

    private func encode(
        _ span: Span, resource: Resource = Resource(attributes: [Attribute("service.name", "shop")]), scope: InstrumentationScope = InstrumentationScope(),
        options: ZipkinJSON.EncodingOptions = ZipkinJSON.EncodingOptions()
    ) throws -> JSONValue {
        let batch = SpanBatch(resource: resource, scope: scope, spans: [span])
        return try #require(try JSONValue.parse(ZipkinJSON.encode(batch, options: options))[0])
    }

    @Test("A bare span has no member that is empty")
    func bare() throws {
        #expect(
            try encode(span())
                == [
                    "traceId": "00000000000000010000000000000002", "id": "0000000000000003", "name": "op", "timestamp": 1_700_000_000_000_000, "duration": 5,
                    "localEndpoint": ["serviceName": "shop"],
                ])
    }

    @Test("Everything a span can have")
    func everything() throws {
        let batch = FullSpan.batch
        let json = try #require(try JSONValue.parse(ZipkinJSON.encode(batch))[0])
        #expect(
            json
                == [
                    "traceId": "000102030405060708090a0b0c0d0e0f", "parentId": "08090a0b0c0d0e0f", "id": "f0f1f2f3f4f5f6f7", "kind": "CLIENT", "name": "op",
                    "timestamp": 1_700_000_000_000_000, "duration": 1, "localEndpoint": ["serviceName": "sänger"],
                    "annotations": [
                        ["timestamp": 1_700_000_000_000_000, "value": #""ev":{"q":9223372036854775807,"otel.dropped_attributes_count":4}"#]
                    ],
                    "tags": [
                        "otel.status_code": "ERROR", "error": "bad", "w3c.tracestate": "a=b", "otel.dropped_attributes_count": "3",
                        "otel.dropped_events_count": "5", "otel.dropped_links_count": "7",
                        "otlp.link.0": #"101112131415161718191a1b1c1d1e1f|2021222324252627|c=d|{"r":""}|6"#, "s": "x", "b": "false", "i": "-1", "d": "0.5",
                        "l": #"["e",300,null]"#, "m": #"{"n":-2.0}"#, "y": "AP8=", "e": "", "otel.scope.name": "lib", "otel.library.name": "lib",
                        "otel.scope.version": "1.2", "otel.library.version": "1.2", "otel.scope.schema_url": "https://s", "otel.scope.k": "true",
                    ],
                ])
    }

    @Test("Internal spans have no kind", arguments: [(.internal, nil), (.unspecified, nil), (.server, "SERVER"), (.consumer, "CONSUMER"), (.producer, "PRODUCER")] as [(SpanKind, JSONValue?)])
    func kinds(kind: SpanKind, name: JSONValue?) throws {
        #expect(try encode(span { $0.kind = kind })["kind"] == name)
    }

    @Test(
        "Status tags",
        arguments: [
            (SpanStatus(), nil, nil), (SpanStatus(code: .ok), "OK", nil), (.error(""), "ERROR", ""), (.error("no disk"), "ERROR", "no disk"),
        ] as [(SpanStatus, JSONValue?, JSONValue?)])
    func status(status: SpanStatus, code: JSONValue?, error: JSONValue?) throws {
        let json = try encode(span { $0.status = status })
        #expect(json["tags"]?["otel.status_code"] == code)
        #expect(json["tags"]?["error"] == error)
    }

    @Test("error=false is not sent, because Zipkin would show the span as failed")
    func errorFalse() throws {
        let json = try encode(span { $0.attributes = [Attribute("error", false), Attribute("a", 1)] })
        #expect(json["tags"] == ["a": "1"])
        let failed = try encode(
            span {
                $0.attributes = [Attribute("error", "mine")]
                $0.status = .error("message")
            })
        #expect(failed["tags"]?["error"] == "message")
    }

    @Test(
        "The other side of a call, by the specification's ranking",
        arguments: [
            ([Attribute("server.address", "db"), Attribute("server.port", 5432), Attribute("peer.service", "orders")], ["serviceName": "orders"]),
            ([Attribute("net.peer.name", "old"), Attribute("server.address", "db"), Attribute("server.port", 5432)], ["serviceName": "db", "port": 5432]),
            ([Attribute("network.peer.address", "10.1.2.3"), Attribute("network.peer.port", 80)], ["ipv4": "10.1.2.3", "port": 80]),
            ([Attribute("net.sock.peer.addr", "2001:db8::1")], ["ipv6": "2001:db8::1"]), ([Attribute("db.name", "users")], ["serviceName": "users"]),
            ([Attribute("server.address", "1.2.3.4.5")], ["serviceName": "1.2.3.4.5"]), ([Attribute("peer.service", "")], nil), ([], nil),
        ] as [([Attribute], JSONValue?)])
    func remoteEndpoint(attributes: [Attribute], endpoint: JSONValue?) throws {
        for kind in [SpanKind.client, .producer] {
            #expect(
                try encode(
                    span {
                        $0.kind = kind
                        $0.attributes = attributes
                    })["remoteEndpoint"] == endpoint)
        }
        #expect(
            try encode(
                span {
                    $0.kind = .server
                    $0.attributes = attributes
                })["remoteEndpoint"] == nil)
    }

    @Test("The resource stands among the tags, and the span's own tag counts")
    func resource() throws {
        let resource = Resource(attributes: [Attribute("service.name", "shop"), Attribute("service.version", "1"), Attribute("team", "blue")])
        let json = try encode(span { $0.attributes = [Attribute("team", "red"), Attribute("service.name", "other")] }, resource: resource)
        #expect(json["localEndpoint"] == ["serviceName": "shop"])
        #expect(json["tags"] == ["team": "red", "service.version": "1"])
        #expect(try encode(span(), resource: Resource())["localEndpoint"] == ["serviceName": "unknown_service"])
    }

    @Test("A key that comes twice is written once")
    func duplicateKeys() throws {
        let json = try encode(span { $0.attributes = [Attribute("k", 1), Attribute("k", 2), Attribute("otlp.link.0", "x")] })
        #expect(json["tags"] == ["k": "1", "otlp.link.0": "x"])
    }

    @Test("The local node of the configuration")
    func localNode() throws {
        let options = ZipkinJSON.EncodingOptions(localIPv4: "192.0.2.1", localIPv6: "2001:db8::1", localPort: 31313)
        #expect(
            try encode(span(), options: options)["localEndpoint"]
                == ["serviceName": "shop", "ipv4": "192.0.2.1", "ipv6": "2001:db8::1", "port": 31313])
    }

    @Test("Durations are at least a microsecond, and a start that was absent stays so")
    func times() throws {
        #expect(try encode(span { $0.endTime = $0.startTime })["duration"] == 1)
        #expect(try encode(span { $0.endTime = 0 })["duration"] == 1)
        #expect(try encode(span { $0.endTime = $0.startTime + 1_999 })["duration"] == 1)
        let absent = try encode(span { $0.attributes = [Attribute("otel.zipkin.absentField.startTime", true)] })
        #expect(absent["timestamp"] == nil && absent["tags"] == nil)
    }

    @Test("debug and shared are only set for spans that came with them")
    func marks() throws {
        let plain = try encode(span { $0.flags = 0x301 })
        #expect(plain["debug"] == nil && plain["shared"] == nil)
        let marked = try encode(span { $0.attributes = [Attribute("zipkin.debug", true), Attribute("zipkin.shared", true)] })
        #expect(marked["debug"] == true && marked["shared"] == true && marked["tags"] == nil)
    }

    @Test("Long values are cut by characters, lists after whole elements, numbers never")
    func maximumTagValueLength() throws {
        let json = try encode(
            span {
                $0.attributes = [
                    Attribute("text", "äöü𝄞abc"), Attribute("short", "äöü𝄞"), Attribute("number", .int(.min)), Attribute("list", .array(["ab", "cd", "ef"])),
                    Attribute("map", .keyValueList([Attribute("k", "long enough")])),
                ]
                $0.status = .error("whole message")
                $0.events = [SpanEvent(time: 1_700_000_000_000_000_000, name: "event name", attributes: [Attribute("e", "abcdefgh")])]
            },
            options: ZipkinJSON.EncodingOptions(maximumTagValueLength: 4))
        #expect(json["tags"]?["text"] == "äöü𝄞")
        #expect(json["tags"]?["short"] == "äöü𝄞")
        #expect(json["tags"]?["number"] == "-9223372036854775808")
        #expect(json["tags"]?["list"] == "[]")
        #expect(json["tags"]?["map"] == "{}")
        #expect(json["tags"]?["error"] == "whole message")
        #expect(json["annotations"]?[0]?["value"] == #""event name":{"e":"abcd"}"#)
        let longer = try encode(
            span { $0.attributes = [Attribute("list", .array(["ab", "cd", "ef"]))] }, options: ZipkinJSON.EncodingOptions(maximumTagValueLength: 11))
        #expect(longer["tags"]?["list"] == #"["ab","cd"]"#)
    }
}
