import Testing
import TraceModel

@testable import TraceQuery

@Suite("Jaeger's adjusters")
struct TraceAdjusterTests {
    private let traceID = TraceID(high: 0, low: 1)

    private func node(
        _ id: UInt64, parent: UInt64? = nil, kind: SpanKind = .internal, start: UInt64, end: UInt64, attributes: [Attribute] = []
    ) -> Span {
        Span(
            traceID: traceID, spanID: SpanID(id), parentSpanID: parent.map { SpanID($0) }, name: "x", kind: kind, startTime: start, endTime: end,
            attributes: attributes
        )
    }

    private func adjust(_ groups: [(host: String, spans: [Span])], maximumSkew: UInt64 = 0) -> (spans: [Span], warnings: [Int: [String]]) {
        let batch = SpanBatch(
            resourceSpans: groups.map { host, spans in
                ResourceSpans(resource: Resource(attributes: [Attribute("host.name", .string(host))]), scopeSpans: [ScopeSpans(spans: spans)])
            }
        )
        let adjusted = TraceAdjuster.adjust(traceID: traceID, batch: batch, maximumClockSkew: maximumSkew)
        return (adjusted.batch.resourceSpans.flatMap { $0.scopeSpans.flatMap(\.spans) }, adjusted.warnings)
    }

    @Test("a child on another host is put into the middle of its parent, with all that lies below it")
    func skew() {
        let groups = [
            (host: "a", spans: [node(1, start: 10_000_000, end: 20_000_000)]),
            (host: "b", spans: [node(2, parent: 1, start: 4_000_000, end: 8_000_000), node(3, parent: 2, start: 5_000_000, end: 6_000_000)]),
        ]
        let moved = adjust(groups, maximumSkew: 50_000_000)
        #expect(moved.spans.map(\.startTime) == [10_000_000, 13_000_000, 14_000_000])
        #expect(moved.spans.map(\.endTime) == [20_000_000, 17_000_000, 15_000_000])
        #expect(moved.warnings == [1: ["This span's timestamps were adjusted by 9ms"], 2: ["This span's timestamps were adjusted by 9ms"]])

        let told = adjust(groups)
        #expect(told.spans.map(\.startTime) == [10_000_000, 4_000_000, 5_000_000])
        #expect(told.warnings[1] == ["clock skew adjustment disabled; not applying calculated delta of 9ms"])

        let tooFar = adjust(groups, maximumSkew: 1_500_000)
        #expect(tooFar.warnings[1] == ["max clock skew adjustment delta of 1.5ms exceeded; not applying calculated delta of 9ms"])
    }

    @Test("spans of one host, and those that fit, stay where they are")
    func noSkew() {
        #expect(adjust([("a", [node(1, start: 10, end: 20), node(2, parent: 1, start: 1, end: 2)])], maximumSkew: 100).warnings.isEmpty)
        #expect(adjust([("a", [node(1, start: 10, end: 20)]), ("b", [node(2, parent: 1, start: 12, end: 18)])], maximumSkew: 100).warnings.isEmpty)
        // Longer than its parent: only kept from starting before it.
        let longer = adjust([("a", [node(1, start: 10, end: 20)]), ("b", [node(2, parent: 1, start: 5, end: 50), node(3, parent: 1, start: 15, end: 60)])], maximumSkew: 100)
        #expect(longer.spans.map(\.startTime) == [10, 10, 15])
    }

    @Test("the server's half of a shared span gets an id, and its children follow it")
    func sharedIDs() {
        let result = adjust([
            ("a", [node(1, kind: .server, start: 0, end: 100), node(2, parent: 1, kind: .client, start: 10, end: 90)]),
            ("a", [node(2, parent: 1, kind: .server, start: 20, end: 80), node(5, parent: 2, start: 30, end: 40)]),
        ])
        #expect(result.spans.map(\.spanID.value) == [1, 2, 3, 5])
        #expect(result.spans.map { $0.parentSpanID?.value } == [nil, 1, 2, 3])
        #expect(result.warnings.isEmpty)
    }

    @Test("copies go, orphans and repeated ids are told, addresses become text")
    func rest() {
        let orphan = node(7, parent: 9, start: 1, end: 2, attributes: [Attribute("ip", .int(0x0a00_0001)), Attribute("peer.ipv4", .int(-1))])
        let result = adjust([("a", [orphan, orphan, node(8, start: 1, end: 2), node(8, start: 1, end: 3)])])
        #expect(result.spans.count == 3)
        #expect(result.spans[0].attributes == [Attribute("ip", "10.0.0.1"), Attribute("peer.ipv4", "255.255.255.255")])
        #expect(result.warnings[0] == ["parent span ID=0000000000000009 is not in the trace; skipping clock skew adjustment"])
        #expect(result.warnings.values.contains(["duplicate span IDs; skipping clock skew adjustment"]))
    }

    @Test("durations as Go prints them")
    func durations() {
        for (value, text) in [
            (0, "0s"), (1, "1ns"), (1500, "1.5µs"), (-2_000_000, "-2ms"), (1_000_000_000, "1s"), (61_500_000_000, "1m1.5s"),
            (3_600_000_000_000, "1h0m0s"), (1_000_050_000, "1.00005s"),
        ] as [(Int64, String)] {
            #expect(GoDuration.text(value) == text)
        }
    }
}
