import Testing
import TraceModel
import TraceQuery

@Suite("The service map")
struct ServiceMapTests {
    private func map(_ groups: (String, [Span])...) -> ServiceMap {
        var map = ServiceMap()
        map.add(
            TraceTree(
                traceID: traceID,
                batch: SpanBatch(
                    resourceSpans: groups.map { ResourceSpans(resource: resource($0.0), scopeSpans: [ScopeSpans(scope: InstrumentationScope(name: "t"), spans: $0.1)]) }
                )
            )
        )
        return map
    }

    @Test("a call's network time is the client's minus the server's")
    func call() throws {
        let map = map(
            ("front", [span(1, "GET /", kind: .server, start: 1000, end: 2000), span(2, parent: 1, "call", kind: .client, start: 1100, end: 1900)]),
            ("triton", [
                span(3, parent: 2, "InferRequest", kind: .server, start: 1200, end: 1700),
                span(4, parent: 3, "bert", start: 1210, end: 1690, attributes: [Attribute("triton.model_name", "bert"), Attribute("triton.model_version", 3)]),
            ])
        )
        #expect(map.nodes.map(\.name) == ["front", "triton"])
        #expect(map.nodes[1].models.map { "\($0.name) \($0.version) \($0.count)" } == ["bert 3 1.0"])
        let edge = try #require(map.edges.first)
        #expect(map.edges.count == 1)
        #expect(edge.caller == "front")
        #expect(edge.callee == "triton")
        #expect(edge.client.maximum == 800)
        #expect(edge.server.maximum == 500)
        #expect(edge.network.maximum == 300)
        #expect(edge.clamped == 0)
        #expect(!edge.isInferred)
    }

    @Test("a server that was longer than its client is clamped, and marked")
    func clamped() throws {
        let map = map(
            ("a", [span(1, kind: .client, start: 1000, end: 1100)]), ("b", [span(2, parent: 1, kind: .server, start: 1000, end: 1200, status: .error("x"))])
        )
        let edge = try #require(map.edges.first)
        #expect(edge.network.maximum == 0)
        #expect(edge.clamped == 1)
        #expect(edge.errors == 1)
    }

    @Test(
        "a client without a server names its peer",
        arguments: [
            ([Attribute("peer.service", "redis")], "redis", "service"), ([Attribute("db.system", "postgresql"), Attribute("db.name", "shop")], "postgresql/shop", "database"),
            ([Attribute("messaging.system", "kafka"), Attribute("messaging.destination.name", "jobs")], "kafka/jobs", "messaging"),
            ([Attribute("server.address", "api.example")], "api.example", "service"), ([Attribute("net.peer.name", "old.example")], "old.example", "service"),
        ]
    )
    func inferred(attributes: [Attribute], name: String, kind: String) throws {
        let map = map(("a", [span(1, start: 1000, end: 2000), span(2, parent: 1, kind: .client, start: 1100, end: 1400, attributes: attributes)]))
        let node = try #require(map.nodes.first { $0.name == name })
        #expect(node.isInferred)
        #expect(node.kind == kind)
        #expect(map.edges.map(\.isInferred) == [true])
        #expect(map.edges.first?.client.maximum == 300)
    }

    @Test("without client spans there is an edge, and no network time")
    func serverToServer() throws {
        let edge = try #require(map(("outer", [span(1, kind: .server, start: 1000, end: 2000)]), ("inner", [span(2, parent: 1, kind: .server, start: 1100, end: 1900)])).edges.first)
        #expect(edge.client.count == 0)
        #expect(edge.network.count == 0)
        #expect(edge.server.maximum == 800)
    }

    @Test("Zipkin's shared spans are one call")
    func shared() throws {
        let map = map(
            ("a", [span(1, kind: .client, start: 1000, end: 1300)]),
            ("b", [span(1, kind: .server, start: 1100, end: 1200, attributes: [Attribute("zipkin.shared", true)])])
        )
        let edge = try #require(map.edges.first)
        #expect("\(edge.caller) \(edge.callee)" == "a b")
        #expect(edge.network.maximum == 200)
    }
}

@Suite("Clock skew")
struct ClockSkewTests {
    private func skew(client: (UInt64, UInt64), server: (UInt64, UInt64), below: (UInt64, UInt64)) -> ClockSkew {
        ClockSkew(
            TraceTree(
                traceID: traceID,
                batch: batch(
                    ("a", [span(1, kind: .client, start: client.0, end: client.1)]),
                    ("b", [span(2, parent: 1, kind: .server, start: server.0, end: server.1), span(3, parent: 2, start: below.0, end: below.1)])
                )
            )
        )
    }

    @Test("a server three milliseconds early is put in the middle of its caller, with all below it")
    func early() {
        let skew = skew(client: (10_000_000, 14_000_000), server: (8_000_000, 10_000_000), below: (8_500_000, 9_000_000))
        #expect(skew.hops.map(\.correction) == [3_000_000])
        #expect(skew.corrections == [0, 3_000_000, 3_000_000])
        #expect(skew.warnings == ["1 server span lies outside its caller's: clocks seem to differ by up to 3.0 ms"])
    }

    @Test("what lies within its caller, up to rounding to microseconds, is left alone")
    func fine() {
        #expect(skew(client: (10_000_000, 14_000_000), server: (9_999_000, 13_000_000), below: (11_000_000, 12_000_000)).hops.isEmpty)
        // A server that goes on after its caller gave up is no skew.
        #expect(skew(client: (10_000_000, 14_000_000), server: (11_000_000, 30_000_000), below: (11_000_000, 12_000_000)).hops.isEmpty)
    }
}
