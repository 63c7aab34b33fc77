import Testing
import TraceModel
import TraceStore
import TraceWire

@testable import TraceStoreSQLite

@Suite("what a block's bytes tell of it")
struct BlockDigestTests {
    @Test("is what its spans tell", arguments: [1, 7, 200])
    func digest(spanCount: Int) throws {
        let batch = Self.batch(spanCount)
        let digest = try BlockDigest(OTLPProtobuf.encode(batch), spanCount: spanCount)
        let spans = batch.resourceSpans.flatMap { group in group.scopeSpans.flatMap { $0.spans.map { (group.resource.serviceName, $0) } } }
        #expect(digest.spanCount == spans.count)
        #expect(digest.minimumStart == spans.map(\.1.startTime).min())
        #expect(digest.maximumStart == spans.map(\.1.startTime).max())
        #expect(digest.maximumDuration == spans.map(\.1.duration).max())
        #expect(Set(digest.traces) == Set(spans.map { BlockSummary.fingerprint($0.1.traceID) }))
        #expect(digest.traces == digest.traces.sorted() && Set(digest.traces).count == digest.traces.count)
        #expect(Set(digest.operations) == Set(spans.map { OperationKey(service: $0.0, name: $0.1.name, kind: $0.1.kind) }))
        #expect(Set(digest.operations).count == digest.operations.count)
        var marks = BlockSummary.Marks.none
        for (_, span) in spans { marks.insert(status: span.status.code.rawValue, kind: span.kind.rawValue, duration: span.duration) }
        #expect(digest.marks == marks)
    }

    @Test("counts attributes of all scopes, and its filter has each of them")
    func attributes() throws {
        let batch = Self.batch(200)
        let digest = try BlockDigest(OTLPProtobuf.encode(batch), spanCount: 1)
        var expected: [AttributeKey: [AttributeValue: Int]] = [:]
        func add(_ attributes: [Attribute], _ scope: AttributeScope, _ weight: Int = 1) {
            for attribute in attributes { expected[AttributeKey(scope: scope, name: attribute.key), default: [:]][attribute.value, default: 0] += weight }
        }
        for group in batch.resourceSpans {
            add(group.resource.attributes, .resource, group.scopeSpans.reduce(0) { $0 + $1.spans.count })
            for scope in group.scopeSpans {
                add(scope.scope.attributes, .instrumentation, scope.spans.count)
                for span in scope.spans {
                    add(span.attributes, .span)
                    for event in span.events { add(event.attributes, .event) }
                    for link in span.links { add(link.attributes, .link) }
                }
            }
        }
        #expect(Set(digest.attributes.map(\.key)) == Set(expected.keys))
        for summary in digest.attributes {
            let values = try #require(expected[summary.key])
            #expect(summary.count == values.values.reduce(0, +), "\(summary.key)")
            // Both zeros are one value.
            let listed = Dictionary(summary.values.map { ($0.value, $0.count) }, uniquingKeysWith: +)
            for (value, count) in listed { #expect(values[value] == count, "\(summary.key) \(value)") }
            let name = AttributeHash.name(summary.key.name)
            #expect(XorFilter.mayContain(AttributeHash.exists(name), in: digest.filter))
            for value in values.keys { #expect(XorFilter.mayContain(AttributeHash.pair(name, value), in: digest.filter), "\(summary.key) \(value)") }
        }
        #expect(!digest.filter.isEmpty)
        let absent = (0..<1000).count { XorFilter.mayContain(AttributeHash.pair(AttributeHash.name("absent"), .int($0)), in: digest.filter) }
        #expect(absent < 30)
    }

    @Test("lists the values that come again of a key with very many, and some examples of one with nothing but ids")
    func manyValues() throws {
        let spans = (0..<300).map { number in
            let attributes: [Attribute] = [
                Attribute("id", .int(Int64(number))), Attribute("mostly", number % 3 == 0 ? "usual" : .string("\(number)")), Attribute("few", .int(Int64(number % 60))),
            ]
            return Span(traceID: TraceID(high: 1, low: 2), spanID: SpanID(UInt64(number) + 1), name: "n", startTime: 1, endTime: 2, attributes: attributes)
        }
        let digest = try BlockDigest(OTLPProtobuf.encode(SpanBatch(resource: Resource(), scope: InstrumentationScope(), spans: spans)), spanCount: 300)
        func values(_ name: String) throws -> [AttributeValue: Int] {
            let summary = try #require(digest.attributes.first { $0.key.name == name })
            #expect(summary.count == 300)
            return Dictionary(uniqueKeysWithValues: summary.values.map { ($0.value, $0.count) })
        }
        #expect(try values("id").count == AttributeCollector.exampleCount)
        #expect(try values("mostly")["usual"] == 100)
        #expect(try values("mostly").count <= AttributeCollector.exampleCount)
        #expect(try values("few").count == 60)
    }

    @Test("is the same for blocks written one after the other as for one")
    func merged() throws {
        let batches = [Self.batch(150), Self.batch(40)]
        let bytes = batches.flatMap { OTLPProtobuf.encode($0) }
        let digest = try BlockDigest(bytes, spanCount: 190)
        let parts = try batches.map { try BlockDigest(OTLPProtobuf.encode($0), spanCount: 1) }
        #expect(digest.spanCount == parts.reduce(0) { $0 + $1.spanCount })
        #expect(Set(digest.operations) == Set(parts.flatMap(\.operations)))
        #expect(digest.traces == Set(parts.flatMap(\.traces)).sorted())
        #expect(digest.attributes.reduce(0) { $0 + $1.count } == parts.reduce(0) { $0 + $1.attributes.reduce(0) { $0 + $1.count } })
    }

    @Test("is an error when the bytes end too early")
    func broken() throws {
        // Of one resource: behind each the message is whole.
        let bytes = OTLPProtobuf.encode(SpanBatch(resourceSpans: Array(Self.batch(3).resourceSpans.prefix(1))))
        for length in 1..<bytes.count {
            let error = #expect(throws: StoreError.self) { try BlockDigest(Array(bytes.prefix(length)), spanCount: 3) }
            #expect(error?.code == .corrupt)
        }
    }

    /// Spans of several resources with attributes of every kind in every scope, some keys in several.
    private static func batch(_ count: Int) -> SpanBatch {
        let values: [AttributeValue] = [
            "text", "", "caf\u{e9}", "caf\u{e8}", 7, -7, 0.5, 0.0, -0.0, true, false, .bytes([1, 2]), .array([1, "a"]), .keyValueList([Attribute("k", 1)]), .empty,
            .string(String(repeating: "long", count: 100)), .int(.max),
        ]
        var groups: [ResourceSpans] = []
        for service in ["one", "two", ""] {
            let spans = (0..<count).map { number in
                let low = UInt64(number / 3 + 1)
                return Span(
                    traceID: TraceID(high: UInt64(service.utf8.count), low: low), spanID: SpanID(UInt64(number + 1)), parentSpanID: number % 2 == 0 ? nil : SpanID(9),
                    name: ["", "a", "b", "schlüssel"][number % 4], kind: SpanKind(rawValue: UInt8(number % 6)) ?? .internal,
                    startTime: number == 4 ? 0 : 1000 + UInt64(number) * 17, endTime: 900 + UInt64(number * number),
                    attributes: [Attribute("v", values[number % values.count]), Attribute("n", .int(Int64(number))), Attribute("", "no key"), Attribute("schlüssel", values[number % 5])],
                    events: number % 5 == 0 ? [SpanEvent(time: 5, name: "e", attributes: [Attribute("v", "text"), Attribute("ek", values[number % values.count])])] : [],
                    links: number % 7 == 0 ? [SpanLink(traceID: TraceID(high: 1, low: 1), spanID: SpanID(1), attributes: [Attribute("lk", 1)])] : [],
                    status: SpanStatus(code: number % 3 == 0 ? .error : .unset, message: number % 3 == 0 ? "bad" : "")
                )
            }
            let attributes: [Attribute] = service.isEmpty ? [Attribute("service.name", 5)] : [Attribute("service.name", .string(service)), Attribute("v", "text")]
            groups.append(
                ResourceSpans(
                    resource: Resource(attributes: attributes),
                    scopeSpans: [ScopeSpans(scope: InstrumentationScope(name: "s", attributes: [Attribute("sk", true)]), spans: spans)]
                )
            )
        }
        return SpanBatch(resourceSpans: groups)
    }
}
