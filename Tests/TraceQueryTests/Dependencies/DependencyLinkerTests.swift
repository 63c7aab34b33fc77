import Testing
import TraceModel
import TraceQuery

@Suite("Dependencies between services")
struct DependencyLinkerTests {
    private func node(
        _ id: UInt64, parent: UInt64? = nil, _ kind: SpanKind, peer: String? = nil, failed: Bool = false
    ) -> Span {
        Span(
            traceID: TraceID(high: 0, low: 1), spanID: SpanID(id), parentSpanID: parent.map { SpanID($0) }, name: "x", kind: kind,
            startTime: 1000 + id, endTime: 2000, attributes: peer.map { [Attribute("peer.service", .string($0))] } ?? [],
            status: SpanStatus(code: failed ? .error : .unset)
        )
    }

    private func links(_ rules: DependencyLinker.Rules, _ groups: (String, [Span])...) -> [String] {
        var linker = DependencyLinker(rules: rules) { span in
            if case .string(let name)? = span.attributes["peer.service"] { name } else { nil }
        }
        let batch = SpanBatch(
            resourceSpans: groups.map { service, spans in
                let attributes = service.isEmpty ? [] : [Attribute("service.name", .string(service))]
                return ResourceSpans(resource: Resource(attributes: attributes), scopeSpans: [ScopeSpans(spans: spans)])
            }
        )
        linker.add(TraceSpans(traceID: TraceID(high: 0, low: 1), batch: batch))
        return linker.links.map { "\($0.parent) \($0.child) \($0.callCount) \($0.errorCount)" }
    }

    @Test("a call that both sides report counts once, also with a shared id", arguments: [DependencyLinker.Rules.zipkin, .jaeger])
    func calls(rules: DependencyLinker.Rules) {
        #expect(links(rules, ("a", [node(1, .server), node(2, parent: 1, .client)]), ("b", [node(3, parent: 2, .server)])) == ["a b 1 0"])
        #expect(links(rules, ("a", [node(1, .server), node(2, parent: 1, .client)]), ("b", [node(2, parent: 1, .server)])) == ["a b 1 0"])
    }

    @Test("local spans between the services are passed over", arguments: [DependencyLinker.Rules.zipkin, .jaeger])
    func localSpans(rules: DependencyLinker.Rules) {
        let front = [node(1, .server), node(2, parent: 1, .internal), node(3, parent: 2, .client)]
        #expect(links(rules, ("a", front), ("b", [node(4, parent: 3, .server)])) == ["a b 1 0"])
    }

    @Test("who does not report is known by the name the other side gives", arguments: [DependencyLinker.Rules.zipkin, .jaeger])
    func peers(rules: DependencyLinker.Rules) {
        #expect(links(rules, ("a", [node(1, .server, peer: "phone"), node(2, parent: 1, .client, peer: "mysql", failed: true)])) == ["a mysql 1 1", "phone a 1 0"])
        #expect(links(rules, ("a", [node(1, .producer, peer: "kafka")]), ("b", [node(2, parent: 1, .consumer, peer: "kafka")])) == ["a kafka 1 0", "kafka b 1 0"])
        // No kind, but both names: as a client.
        #expect(links(rules, ("a", [node(1, .internal, peer: "cache")])) == ["a cache 1 0"])
        // The client's service was called, and does not say so itself.
        #expect(links(rules, ("a", [node(1, .server)]), ("b", [node(2, parent: 1, .client, peer: "db")])) == ["a b 1 0", "b db 1 0"])
    }

    @Test("an error that only the client saw counts")
    func clientError() {
        let spans = [node(1, .server), node(2, parent: 1, .client, failed: true)]
        #expect(links(.zipkin, ("a", spans), ("b", [node(3, parent: 2, .server)])) == ["a b 1 1"])
        #expect(links(.zipkin, ("a", spans), ("b", [node(3, parent: 2, .server), node(4, parent: 1, .server)])) == ["a b 2 1"])
    }

    @Test("spans without kind and messages without broker count by Jaeger's rule only")
    func rules() {
        let first = ("a", [node(1, .internal), node(2, parent: 1, .internal)])
        let second = ("b", [node(3, parent: 2, .internal), node(4, parent: 2, .unspecified), node(5, parent: 4, .internal)])
        #expect(links(.zipkin, first, second) == [])
        #expect(links(.jaeger, first, second) == ["a b 2 0"])
        #expect(links(.zipkin, ("a", [node(1, .producer)]), ("b", [node(2, parent: 1, .consumer)])) == [])
        #expect(links(.jaeger, ("a", [node(1, .producer)]), ("b", [node(2, parent: 1, .consumer)])) == ["a b 1 0"])
        #expect(links(.jaeger, ("a", [node(1, .internal)]), ("b", [node(2, parent: 1, .server)])) == ["a b 1 0"])
        #expect(links(.jaeger, ("", [node(1, .server)]), ("b", [node(2, parent: 1, .server)])) == [])
    }
}
