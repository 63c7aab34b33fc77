import PrometheusMetrics
import Testing
import TraceModel

@testable import TraceCollector

@Suite("service graph")
struct ServiceGraphTests {
    private let request = "traces_service_graph_request"
    private let failed = "traces_service_graph_request_failed"
    private let pair = ["client": "front", "server": "back"]

    @Test("a client's and a server's span are one request, in any order", arguments: [false, true])
    func pairing(reversed: Bool) {
        var generator = TestedGenerator()
        let client = span(1, 10, .client, seconds: 0.3)
        let server = span(1, 11, parent: 10, .server, seconds: 0.2)
        if reversed {
            generator.add("back", server)
            generator.add("front", client)
        } else {
            generator.add("front", client)
            #expect(generator.series(request).isEmpty)
            generator.add("back", server)
        }
        #expect(generator.series(request) == [pair])
        #expect(generator.value(request, pair) == 1)
        #expect(generator.value(failed, pair) == 0)
        // Buckets up to 0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 12.8 seconds and more.
        let serverSeconds = generator.histogram("traces_service_graph_request_server_seconds", pair)
        #expect(serverSeconds?.counts == [0, 1, 0, 0, 0, 0, 0, 0, 0])
        #expect(serverSeconds?.sum == 0.2)
        let clientSeconds = generator.histogram("traces_service_graph_request_client_seconds", pair)
        #expect(clientSeconds?.bounds == [0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 12.8])
        #expect(clientSeconds?.counts == [0, 0, 1, 0, 0, 0, 0, 0, 0])
        #expect(clientSeconds?.exemplars[2]?.traceID == "00000000000000070000000000000001")
    }

    @Test("either side's error is a failed request", arguments: [true, false])
    func failure(ofClient: Bool) {
        var generator = TestedGenerator()
        generator.add("front", span(1, 10, .client, failed: ofClient))
        generator.add("back", span(1, 11, parent: 10, .server, failed: !ofClient))
        #expect(generator.value(request, pair) == 1)
        #expect(generator.value(failed, pair) == 1)
    }

    @Test("producer and consumer talk by a messaging system")
    func messaging() {
        var generator = TestedGenerator { $0.serviceGraphs?.enableMessagingSystemLatencyHistogram = true }
        generator.add("front", span(1, 10, .producer, seconds: 0.1))
        generator.add("back", span(1, 11, parent: 10, .consumer, start: 0.6))
        let labels = ["client": "front", "server": "back", "connection_type": "messaging_system"]
        #expect(generator.series(request) == [labels])
        let seconds = generator.histogram("traces_service_graph_request_messaging_system_seconds", labels)
        #expect(seconds?.counts == [0, 0, 0, 1, 0, 0, 0, 0, 0])
        #expect(seconds.map { abs($0.sum - 0.5) < 1e-9 } == true)
    }

    @Test("a client's span with a database's attribute is a request by itself", arguments: [
        ([Attribute("db.system", "postgresql"), Attribute("db.name", "orders")], "orders"),
        ([Attribute("db.system", "postgresql")], "postgresql"),
        ([Attribute("db.system.name", "mysql"), Attribute("db.namespace", "shop")], "shop"),
        ([Attribute("db.name", "orders"), Attribute("server.address", "pg.internal")], "pg.internal"),
        ([Attribute("db.name", "orders"), Attribute("peer.service", "orders-db"), Attribute("server.address", "pg")], "orders-db"),
        ([Attribute("db.name", "orders"), Attribute("network.peer.address", "10.0.0.7")], "10.0.0.7"),
        ([Attribute("db.name", "orders"), Attribute("network.peer.address", "10.0.0.7"), Attribute("network.peer.port", 5432)], "10.0.0.7:5432"),
    ] as [([Attribute], String)])
    func database(attributes: [Attribute], name: String) {
        var generator = TestedGenerator()
        generator.add("front", span(1, 10, .client, seconds: 0.5, attributes: attributes))
        let labels = ["client": "front", "server": name, "connection_type": "database"]
        #expect(generator.series(request) == [labels])
        // The server's time is the client's: nobody else knows.
        #expect(generator.histogram("traces_service_graph_request_server_seconds", labels)?.sum == 0.5)
    }

    @Test("a root span of a server has a client that sends no spans")
    func user() {
        var generator = TestedGenerator { $0.serviceGraphs?.enableVirtualNodeLabel = true }
        generator.add("front", span(1, 10, .server))
        generator.add("front", span(2, 10, .server, attributes: [Attribute("peer.service", "phone")]))
        #expect(generator.series(request) == [
            ["client": "user", "server": "front", "connection_type": "virtual_node", "virtual_node": "client"],
            ["client": "phone", "server": "front", "connection_type": "virtual_node", "virtual_node": "client"],
        ])
    }

    @Test("a client that names its peer has a virtual server when time is up")
    func virtualServer() {
        var generator = TestedGenerator { $0.serviceGraphs?.enableVirtualNodeLabel = true }
        generator.add("front", span(1, 10, .client, attributes: [Attribute("peer.service", "bank")]))
        generator.wait(9.9)
        #expect(generator.series(request).isEmpty)
        generator.wait(0.2)
        #expect(generator.series(request) == [["client": "front", "server": "bank", "connection_type": "virtual_node", "virtual_node": "server"]])
        #expect(generator.value("tempo_metrics_generator_processor_service_graphs_expired_edges") == 1)
    }

    @Test("halves that stay alone are counted as unpaired")
    func unpaired() {
        var generator = TestedGenerator()
        generator.add("front", span(1, 10, .client), span(2, 10, .client))
        generator.add("back", span(3, 11, parent: 10, .server))
        generator.add("mail", span(4, 11, parent: 10, .consumer))
        generator.wait(11)
        #expect(generator.series(request).isEmpty)
        let unpaired = "traces_service_graph_unpaired_spans"
        #expect(generator.value(unpaired, ["client": "front"]) == 2)
        #expect(generator.value(unpaired, ["server": "back"]) == 1)
        #expect(generator.value(unpaired, ["server": "mail", "connection_type": "messaging_system"]) == 1)
        #expect(generator.value("tempo_metrics_generator_processor_service_graphs_waiting") == 0)
    }

    @Test("a half that comes too late finds nobody")
    func late() {
        var generator = TestedGenerator()
        generator.add("front", span(1, 10, .client))
        generator.wait(11)
        generator.add("back", span(1, 11, parent: 10, .server))
        generator.wait(11)
        #expect(generator.series(request).isEmpty)
        #expect(generator.value("traces_service_graph_unpaired_spans", ["client": "front"]) == 1)
        #expect(generator.value("traces_service_graph_unpaired_spans", ["server": "back"]) == 1)
    }

    @Test("no more halves wait than there may, and those dropped are counted")
    func full() {
        var generator = TestedGenerator { $0.serviceGraphs?.maxItems = 3 }
        for id in 1...5 { generator.add("front", span(UInt64(id), 10, .client)) }
        #expect(generator.value("tempo_metrics_generator_processor_service_graphs_waiting") == 3)
        #expect(generator.value("traces_service_graph_dropped_spans", ["client": "front"]) == 2)
        // Those that wait are still paired, and what needs no wait is counted.
        generator.add("back", span(1, 11, parent: 10, .server))
        generator.add("front", span(9, 10, .client, attributes: [Attribute("db.name", "orders")]))
        #expect(generator.value(request, pair) == 1)
        #expect(generator.value(request, ["client": "front", "server": "orders", "connection_type": "database"]) == 1)
        #expect(generator.value("tempo_metrics_generator_processor_service_graphs_waiting") == 2)
        // There is room again.
        generator.add("front", span(6, 10, .client))
        generator.add("back", span(6, 11, parent: 10, .server))
        #expect(generator.value(request, pair) == 2)
    }

    @Test("dimensions are labels, of each side with a prefix when asked")
    func dimensions() {
        var plain = TestedGenerator { $0.serviceGraphs?.dimensions = ["http.method", "client"] }
        var prefixed = TestedGenerator {
            $0.serviceGraphs?.dimensions = ["service.namespace"]
            $0.serviceGraphs?.enableClientServerPrefix = true
        }
        plain.add("front", span(1, 10, .client, attributes: [Attribute("http.method", "GET"), Attribute("client", "x")]))
        plain.add("back", span(1, 11, parent: 10, .server))
        #expect(plain.series(request) == [["client": "front", "server": "back", "http_method": "GET", "__client": "x"]])
        prefixed.add("front", span(1, 10, .client), resource: [Attribute("service.namespace", "shop")])
        prefixed.add("back", span(1, 11, parent: 10, .server), resource: [Attribute("service.namespace", "bank")])
        #expect(prefixed.series(request) == [
            ["client": "front", "server": "back", "client_service_namespace": "shop", "server_service_namespace": "bank"],
        ])
    }

    @Test("what needs no other side makes no edge")
    func others() {
        var generator = TestedGenerator()
        generator.add("front", span(1, 10, .internal), span(1, 11, .unspecified))
        generator.add(nil, span(1, 12, .client))
        generator.wait(20)
        #expect(generator.series(request).isEmpty)
        #expect(generator.series("traces_service_graph_unpaired_spans").isEmpty)
    }

    @Test("weights count for more")
    func weights() {
        var generator = TestedGenerator { $0.serviceGraphs?.spanMultiplierKey = "sampling.ratio" }
        let ratio = [Attribute("sampling.ratio", 0.25)]
        generator.add("front", span(1, 10, .client, attributes: ratio))
        generator.add("back", span(1, 11, parent: 10, .server, attributes: ratio))
        #expect(generator.value(request, pair) == 4)
        // Tempo's order: the trace state first.
        var both = TestedGenerator {
            $0.serviceGraphs?.spanMultiplierKey = "sampling.ratio"
            $0.serviceGraphs?.enableTraceStateSpanMultiplier = true
        }
        var (client, server) = (span(1, 10, .client, attributes: ratio), span(1, 11, parent: 10, .server, attributes: ratio))
        (client.traceState, server.traceState) = ("ot=th:8", "ot=th:8")
        both.add("front", client)
        both.add("back", server)
        #expect(both.value(request, pair) == 2)
        #expect(generator.histogram("traces_service_graph_request_server_seconds", pair)?.counts == [4, 0, 0, 0, 0, 0, 0, 0, 0])
    }

    @Test("requests are the pairs, whatever the order in which halves come", arguments: 0..<20)
    func property(seed: UInt64) {
        var state = seed &* 0x9e37_79b9_7f4a_7c15 &+ 1
        func random(_ bound: Int) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int(state >> 33) % bound
        }
        var halves: [(service: String, span: Span)] = []
        var expected: [[String: String]: Double] = [:]
        for trace in 1...UInt64(200) {
            let client = "c\(random(3))"
            let server = "s\(random(4))"
            halves.append((client, span(trace, 1, .client, failed: random(5) == 0)))
            halves.append((server, span(trace, 2, parent: 1, .server, failed: random(5) == 0)))
            expected[["client": client, "server": server], default: 0] += 1
        }
        // Some that have no other half.
        let alone = random(30)
        for trace in 0..<alone { halves.append(("c0", span(1000 + UInt64(trace), 1, .client))) }
        for place in halves.indices.dropLast() { halves.swapAt(place, place + random(halves.count - place)) }
        var generator = TestedGenerator()
        for half in halves {
            generator.add(half.service, half.span)
            if random(10) == 0 { generator.wait(0.01) }
        }
        generator.wait(30)
        #expect(generator.series(request) == Set(expected.keys))
        for (labels, count) in expected {
            #expect(generator.value(request, labels) == count)
            let histogram = generator.histogram("traces_service_graph_request_client_seconds", labels)
            #expect(histogram?.counts.reduce(0, +) == UInt64(count))
        }
        #expect(generator.value("traces_service_graph_unpaired_spans", ["client": "c0"]) ?? 0 == Double(alone))
        #expect(generator.value("tempo_metrics_generator_processor_service_graphs_waiting") == 0)
    }
}
