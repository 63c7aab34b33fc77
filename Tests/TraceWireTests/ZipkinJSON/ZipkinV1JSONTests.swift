import Testing
import TraceModel
import TraceWire

@Suite struct ZipkinV1JSONTests {
    private func decode(_ text: String) throws -> DecodedSpans {
        try ZipkinJSON.decodeV1(Array(text.utf8))
    }

    private func spans(_ text: String) throws -> [Span] {
        let decoded = try decode(text)
        #expect(decoded.rejectedSpanCount == 0, "\(decoded.rejectionMessage)")
        return decoded.batch.resourceSpans.flatMap { $0.scopeSpans.flatMap(\.spans) }
    }

    /// What py_zipkin writes for one span in version 1 and in version 2.
    private static let pairs: [(v1: String, v2: String)] = [
        (
            """
            [{"traceId": "17133d482ba4f605", "name": "my span", "id": "37133d482ba4f605", "annotations": [
            {"endpoint": {"serviceName": "local", "port": 8080, "ipv4": "192.0.2.1"}, "timestamp": 1700000000123456, "value": "cs"},
            {"endpoint": {"serviceName": "local", "port": 8080, "ipv4": "192.0.2.1"}, "timestamp": 1700000000125956, "value": "cr"},
            {"endpoint": {"serviceName": "local", "port": 8080, "ipv4": "192.0.2.1"}, "timestamp": 1700000000124000, "value": "retry"}],
            "binaryAnnotations": [{"key": "http.path", "value": "/x", "endpoint": {"serviceName": "local", "port": 8080, "ipv4": "192.0.2.1"}},
            {"key": "error", "value": "boom", "endpoint": {"serviceName": "local", "port": 8080, "ipv4": "192.0.2.1"}},
            {"key": "sa", "value": true, "endpoint": {"serviceName": "remote", "port": 443, "ipv6": "2001:db8::1"}}],
            "parentId": "27133d482ba4f605", "timestamp": 1700000000123456, "duration": 2500}]
            """,
            """
            [{"traceId": "17133d482ba4f605", "id": "37133d482ba4f605", "name": "my span", "parentId": "27133d482ba4f605",
            "timestamp": 1700000000123456, "duration": 2500, "kind": "CLIENT", "localEndpoint": {"serviceName": "local", "port": 8080, "ipv4": "192.0.2.1"},
            "remoteEndpoint": {"serviceName": "remote", "port": 443, "ipv6": "2001:db8::1"}, "tags": {"http.path": "/x", "error": "boom"},
            "annotations": [{"timestamp": 1700000000124000, "value": "retry"}]}]
            """
        ),
        (
            """
            [{"traceId": "17133d482ba4f605", "name": "my span", "id": "37133d482ba4f605", "annotations": [
            {"endpoint": {"serviceName": "local", "port": 8080, "ipv4": "192.0.2.1"}, "timestamp": 1700000000123456, "value": "sr"},
            {"endpoint": {"serviceName": "local", "port": 8080, "ipv4": "192.0.2.1"}, "timestamp": 1700000000125956, "value": "ss"}],
            "binaryAnnotations": [{"key": "ca", "value": true, "endpoint": {"serviceName": "remote", "port": 443, "ipv6": "2001:db8::1"}}],
            "parentId": "27133d482ba4f605"}]
            """,
            """
            [{"traceId": "17133d482ba4f605", "id": "37133d482ba4f605", "name": "my span", "parentId": "27133d482ba4f605", "shared": true,
            "timestamp": 1700000000123456, "duration": 2500, "kind": "SERVER", "localEndpoint": {"serviceName": "local", "port": 8080, "ipv4": "192.0.2.1"},
            "remoteEndpoint": {"serviceName": "remote", "port": 443, "ipv6": "2001:db8::1"}}]
            """
        ),
    ]

    @Test("Both versions of a real client's span mean the same", arguments: 0..<2)
    func bothVersions(index: Int) throws {
        let (v1, v2) = Self.pairs[index]
        let batch = try decode(v1).batch
        #expect(batch.spanCount == 1)
        #expect(batch == (try ZipkinJSON.decode(Array(v2.utf8)).batch))
    }

    @Test("A client and its server that reported together become two spans")
    func together() throws {
        let decoded = try decode(
            """
            [{"traceId":"1","id":"2","parentId":"1","name":"get","timestamp":1000,"duration":900,"annotations":[
            {"timestamp":1000,"value":"cs","endpoint":{"serviceName":"web"}},{"timestamp":1100,"value":"sr","endpoint":{"serviceName":"api"}},
            {"timestamp":1200,"value":"cache miss","endpoint":{"serviceName":"api"}},{"timestamp":1300,"value":"ws","endpoint":{"serviceName":"web"}},
            {"timestamp":1800,"value":"ss","endpoint":{"serviceName":"api"}},{"timestamp":1900,"value":"cr","endpoint":{"serviceName":"web"}}],
            "binaryAnnotations":[{"key":"a","value":"web's","endpoint":{"serviceName":"web"}},{"key":"b","value":"api's","endpoint":{"serviceName":"api"}},
            {"key":"sa","value":true,"endpoint":{"serviceName":"api","port":80}},{"key":"ca","value":true,"endpoint":{"serviceName":"web","port":9}}]}]
            """)
        #expect(decoded.batch.resourceSpans.map(\.resource.serviceName) == ["web", "api"])
        let client = try #require(decoded.batch.resourceSpans[0].scopeSpans.first?.spans.first)
        let server = try #require(decoded.batch.resourceSpans[1].scopeSpans.first?.spans.first)
        #expect(client.kind == .client && client.startTime == 1_000_000 && client.endTime == 1_900_000)
        #expect(client.attributes == [Attribute("a", "web's"), Attribute("peer.service", "api"), Attribute("net.peer.port", 80)])
        #expect(client.events == [SpanEvent(time: 1_300_000, name: "ws")])
        #expect(server.kind == .server && server.startTime == 1_100_000 && server.endTime == 1_800_000 && server.spanID == client.spanID)
        #expect(
            server.attributes == [
                Attribute("b", "api's"), Attribute("peer.service", "web"), Attribute("net.peer.port", 9), Attribute("zipkin.shared", true),
            ])
        #expect(server.events == [SpanEvent(time: 1_200_000, name: "cache miss")])
    }

    @Test(
        "Kinds by annotations",
        arguments: [("cs", .client), ("cr", .client), ("sr", .server), ("ss", .server), ("ms", .producer), ("mr", .consumer), ("other", .internal)] as [(String, SpanKind)])
    func kinds(value: String, kind: SpanKind) throws {
        let span = try #require(try spans(#"[{"traceId":"1","id":"2","timestamp":5,"annotations":[{"timestamp":5,"value":"\#(value)"}]}]"#).first)
        #expect(span.kind == kind)
        #expect(span.events.map(\.name) == (kind == .internal ? ["other"] : []))
    }

    @Test("A local span, and values of every type")
    func local() throws {
        let decoded = try decode(
            """
            [{"traceId":"1","id":"2","name":"work","timestamp":5,"duration":6,"debug":true,"binaryAnnotations":[
            {"key":"lc","value":"worker","endpoint":{"serviceName":"batch","ipv4":"10.0.0.1"}},{"key":"n","value":3},{"key":"b","value":false}]}]
            """)
        #expect(decoded.batch.resourceSpans.first?.resource.serviceName == "batch")
        let span = try #require(decoded.batch.resourceSpans.first?.scopeSpans.first?.spans.first)
        #expect(span.startTime == 5000 && span.endTime == 11_000 && span.kind == .internal)
        #expect(
            span.attributes == [
                Attribute("component", "worker"), Attribute("n", 3), Attribute("b", false), Attribute("net.host.ip", "10.0.0.1"), Attribute("zipkin.debug", true),
            ])
    }

    @Test("One bad span does not cost the others; broken JSON is an error")
    func bad() throws {
        let decoded = try decode(#"[{"traceId":"1","id":"1"},{"id":"1"},{"traceId":"1","id":"1","binaryAnnotations":{}},7,{"traceId":"1","id":"2"}]"#)
        #expect(decoded.batch.spanCount == 2 && decoded.rejectedSpanCount == 3)
        #expect(try #require(throws: WireError.self) { try decode("{}") }.code == .malformed)
        #expect(try #require(throws: WireError.self) { try ZipkinJSON.decodeV1(Array("[{},{}]".utf8), maximumElements: 1) }.code == .tooLarge)
    }
}
