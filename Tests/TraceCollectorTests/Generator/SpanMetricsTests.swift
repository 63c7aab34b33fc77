import PrometheusMetrics
import Testing
import TraceModel
import TraceWire

@testable import TraceCollector

@Suite("span metrics")
struct SpanMetricsTests {
    private let calls = "traces_spanmetrics_calls"

    private func labels(_ service: String, _ name: String, _ kind: String, _ status: String = "UNSET") -> [String: String] {
        ["service": service, "span_name": name, "span_kind": "SPAN_KIND_\(kind)", "status_code": "STATUS_CODE_\(status)"]
    }

    @Test("spans are counted by service, name, kind and status")
    func counting() {
        var generator = TestedGenerator()
        generator.add("front", span(1, 1, .server, "GET /"), span(1, 2, .server, "GET /"), span(1, 3, .server, "GET /", failed: true))
        generator.add("front", span(1, 4, .client, "GET /"))
        generator.add("back", span(1, 5, .server, "GET /"))
        generator.add(nil, span(1, 6, .internal, "work"))
        #expect(generator.value(calls, labels("front", "GET /", "SERVER")) == 2)
        #expect(generator.value(calls, labels("front", "GET /", "SERVER", "ERROR")) == 1)
        #expect(generator.value(calls, labels("front", "GET /", "CLIENT")) == 1)
        #expect(generator.value(calls, labels("back", "GET /", "SERVER")) == 1)
        #expect(generator.value(calls, labels("unknown_service", "work", "INTERNAL")) == 1)
        #expect(generator.series(calls).count == 5)
    }

    @Test("latency has buckets from 2 ms on, each twice the one before, that hold their bound")
    func latency() {
        var generator = TestedGenerator()
        for seconds in [0, 0.002, 0.0021, 0.004, 16.384, 17] { generator.add("a", span(1, 1, .server, seconds: seconds)) }
        let histogram = generator.histogram("traces_spanmetrics_latency", labels("a", "op", "SERVER"))
        #expect(histogram?.bounds == [0.002, 0.004, 0.008, 0.016, 0.032, 0.064, 0.128, 0.256, 0.512, 1.024, 2.048, 4.096, 8.192, 16.384])
        #expect(histogram?.counts == [2, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1])
        #expect(histogram?.exemplars.map { $0 != nil } == [true, true] + [Bool](repeating: false, count: 11) + [true, true])
    }

    @Test("size is that of the protobuf message")
    func size() {
        let parts: [Attribute] = [
            Attribute("text", "value"), Attribute("flag", true), Attribute("number", -1), Attribute("small", 3), Attribute("part", 0.5),
            Attribute("bytes", .bytes([1, 2, 3])), Attribute("list", .array([1, "two", .array([])])), Attribute("", "no key"),
            Attribute("map", .keyValueList([Attribute("inner", .keyValueList([Attribute("x", .empty)]))])), Attribute("long", .string(String(repeating: "x", count: 300))),
        ]
        var full = span(1, 2, parent: 3, .server, "name", failed: true, attributes: parts, traceState: "a=b")
        full.flags = 0x301
        full.droppedAttributesCount = 300
        full.events = [SpanEvent(time: 5, name: "event", attributes: parts, droppedAttributesCount: 1), SpanEvent(time: 0, name: "")]
        full.links = [SpanLink(traceID: TraceID(high: 1, low: 2), spanID: SpanID(3), traceState: "c=d", attributes: parts, flags: 1)]
        for one in [full, span(1, 2, .unspecified, "")] {
            var generator = TestedGenerator()
            generator.add("a", one)
            let alone = OTLPProtobuf.encode(SpanBatch(resourceSpans: [ResourceSpans(scopeSpans: [ScopeSpans(spans: [one])])]))
            // Around it: tag and length of three messages, and the empty resource and scope.
            var size = 0
            withUnsafePointer(to: one) { size = SpanSize.size($0) }
            func delimited(_ length: Int) -> Int { 1 + (length < 128 ? 1 : length < 16_384 ? 2 : 3) + length }
            let bare = [alone.count, alone.count - 2, alone.count - 4]
            #expect(bare.contains(delimited(delimited(delimited(size)))), "\(size) in \(alone.count)")
            #expect(generator.series("traces_spanmetrics_size").count == 1)
            #expect(generator.value("traces_spanmetrics_size", generator.series("traces_spanmetrics_size").first ?? [:]) == Double(size))
        }
    }

    @Test("dimensions become labels, with names that are fit and free")
    func dimensions() {
        var generator = TestedGenerator {
            $0.spanMetrics?.dimensions = ["http.method", "span.kind", "service", "le", "host.name"]
            $0.spanMetrics?.dimensionMappings = [.init(name: "where", sourceLabels: ["k8s.namespace", "k8s.pod"], join: "/")]
            $0.spanMetrics?.intrinsicDimensions.statusMessage = true
        }
        let attributes: [Attribute] = [
            Attribute("http.method", "GET"), Attribute("service", "other"), Attribute("le", 5), Attribute("span.kind", "x"), Attribute("k8s.pod", "p"),
        ]
        generator.add(
            "front", span(1, 1, .server, failed: true, attributes: attributes),
            resource: [Attribute("host.name", "box"), Attribute("k8s.namespace", "n")]
        )
        var expected = labels("front", "op", "SERVER", "ERROR")
        expected.merge([
            "http_method": "GET", "__span_kind": "x", "__service": "other", "le_": "5", "host_name": "box", "where": "n/p", "status_message": "no",
        ]) { $1 }
        #expect(generator.series(calls) == [expected])
    }

    @Test("target_info tells of resources")
    func targetInfo() {
        var generator = TestedGenerator {
            $0.spanMetrics?.enableTargetInfo = true
            $0.spanMetrics?.targetInfoExcludedDimensions = ["secret"]
        }
        generator.add("front", span(1, 1, .server), resource: [
            Attribute("service.namespace", "shop"), Attribute("service.instance.id", "i1"), Attribute("host.name", "box"), Attribute("secret", "x"),
        ])
        #expect(generator.series("traces_target_info") == [["job": "shop/front", "instance": "i1", "host_name": "box"]])
        #expect(generator.series(calls).first?["job"] == "shop/front")
        #expect(generator.series(calls).first?["instance"] == "i1")
    }

    @Test("what a sampler left out is counted when asked", arguments: [true, false])
    func weights(asked: Bool) {
        var generator = TestedGenerator { $0.spanMetrics?.enableTraceStateSpanMultiplier = asked }
        // th:c is a share of a quarter.
        generator.add("a", span(1, 1, .server, traceState: "ot=th:c"), span(2, 1, .server, traceState: "ot=th:c"), span(3, 1, .server))
        #expect(generator.value(calls, labels("a", "op", "SERVER")) == (asked ? 9 : 3))
        #expect(generator.histogram("traces_spanmetrics_latency", labels("a", "op", "SERVER"))?.counts.reduce(0, +) == (asked ? 9 : 3))
    }

    @Test("beyond the bound there is one series for everything")
    func cardinality() {
        // 19 series for each label set: calls, size, 15 buckets, sum and count.
        var generator = TestedGenerator {
            $0.registry.maxActiveSeries = 19 * 3
            $0.serviceGraphs = nil
        }
        for id in 0..<1000 { generator.add("a", span(1, 1, .server, "name \(id)")) }
        #expect(generator.series(calls).count == 4)
        #expect(generator.value(calls, ["metric_overflow": "true"]) == 997)
        #expect(generator.value("tempo_metrics_generator_registry_overflowed_observations") == 997)
        #expect(generator.value("tempo_metrics_generator_registry_active_series") == 57)
        // Known ones go on.
        generator.add("a", span(1, 1, .server, "name 1"))
        #expect(generator.value(calls, labels("a", "name 1", "SERVER")) == 2)
    }

    @Test("the bound holds for service graphs, too")
    func edgeCardinality() {
        var generator = TestedGenerator {
            $0.registry.maxActiveSeries = 24 * 2
            $0.spanMetrics = nil
        }
        for id in 0..<100 { generator.add("front", span(1, 1, .client, attributes: [Attribute("db.name", .string("db\(id)"))])) }
        #expect(generator.series("traces_service_graph_request").count == 3)
        #expect(generator.value("traces_service_graph_request", ["metric_overflow": "true"]) == 98)
    }

    @Test("a series that gets nothing goes, and makes room")
    func stale() {
        var generator = TestedGenerator {
            $0.registry.maxActiveSeries = 19 * 2
            $0.serviceGraphs = nil
        }
        generator.add("a", span(1, 1, .server, "old"))
        generator.wait(600)
        generator.add("a", span(1, 1, .server, "new"))
        generator.wait(299)
        #expect(generator.series(calls).count == 2)
        generator.wait(2)
        #expect(generator.series(calls) == [labels("a", "new", "SERVER")])
        generator.add("a", span(1, 1, .server, "next"), span(1, 1, .server, "new", seconds: 1))
        #expect(generator.series(calls).count == 2)
        #expect(generator.value(calls, labels("a", "new", "SERVER")) == 2)
        #expect(generator.histogram("traces_spanmetrics_latency", labels("a", "new", "SERVER"))?.sum == 1.05)
        #expect(generator.value("tempo_metrics_generator_registry_active_series") == 38)
    }

    @Test("long values are cut between characters")
    func long() {
        var generator = TestedGenerator { $0.registry.maxLabelValueLength = 5 }
        generator.add("a", span(1, 1, .server, "abcdé"), span(1, 1, .server, "abcdef"), span(1, 1, .server, "abcdeg"))
        #expect(generator.value(calls, labels("a", "abcd", "SERVER")) == 1)
        #expect(generator.value(calls, labels("a", "abcde", "SERVER")) == 2)
    }

    @Test("many series are told apart")
    func many() {
        var generator = TestedGenerator { $0.registry.maxActiveSeries = 0 }
        for _ in 0..<2 {
            for service in 0..<20 { for name in 0..<50 { generator.add("service-\(service)", span(1, 1, .internal, "operation number \(name)")) } }
        }
        #expect(generator.series(calls).count == 1000)
        for service in 0..<20 { #expect(generator.value(calls, labels("service-\(service)", "operation number 7", "INTERNAL")) == 2) }
    }
}
