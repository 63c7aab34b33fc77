import Logging
import Testing
import TraceModel
import TraceStore
import TraceStoreSQLite

/// The store judges most spans by their bytes; whatever it leaves out must not match when decoded.
@Suite("searching without decoding")
struct SearchPruningTests {
    static let keys = ["a", "b", "error", "http.status", "schlüssel", "resource.a", ""]
    static let values: [AttributeValue] = [
        "1", 1, 1.0, true, "true", .bytes([1]), .array([1]), .keyValueList([Attribute("a", 1)]), .empty, -1, "", .double(.infinity),
        "caf\u{e9}", "cafe\u{301}", .int(.max), 0.5, "error",
    ]

    @Test("finds what a plain look at every span finds", arguments: 1...8)
    func agrees(seed: Int) async throws {
        var random = Random(state: UInt64(seed) &* 0x9e37_79b9_7f4a_7c15 | 1)
        let (store, memory, directory) = try await Self.stores(seed, &random)
        var total = 0
        for _ in 0..<150 {
            let search = Self.search(&random)
            let found = try await store.findTraces(search).map(\.id)
            let expected = try await memory.findTraces(search).map(\.id)
            #expect(found == expected, "\(search)")
            total += found.count
        }
        #expect(total > 0)
        await store.close()
        withExtendedLifetime(directory) {}
    }

    @Test("scans what a plain look at every span selects, in the same order", arguments: 1...8)
    func scans(seed: Int) async throws {
        var random = Random(state: UInt64(seed) &* 0xd6e8_feb8_6659_fd93 | 1)
        let (store, memory, directory) = try await Self.stores(seed, &random)
        var total = 0
        for _ in 0..<100 {
            let selection = Self.selection(&random)
            let limit = random.below(2) == 0 ? Int.max : 1 + random.below(40)
            let found = try await Self.scan(store, selection).prefix(limit)
            let expected = try await Self.scan(memory, selection).prefix(limit)
            #expect(found.map(\.id) == expected.map(\.id), "\(selection)")
            #expect(found.map { Set($0.batch.resourceSpans.flatMap { $0.scopeSpans.flatMap(\.spans) }) } == expected.map { Set($0.batch.resourceSpans.flatMap { $0.scopeSpans.flatMap(\.spans) }) })
            total += found.count
        }
        #expect(total > 0)
        let key = AttributeKey(scope: .span, name: "a")
        let values = try await store.attributeValues(key, startTime: 0...UInt64.max, limit: 100)
        let simple = try await memory.attributeValues(key, startTime: 0...UInt64.max, limit: 100).filter {
            switch $0.value {
            case .string, .bool, .int, .double: true
            case .bytes, .array, .keyValueList, .empty: false
            }
        }
        #expect(Set(values) == Set(simple))
        await store.close()
        withExtendedLifetime(directory) {}
    }

    static func scan(_ store: any TraceStore, _ selection: SpanSelection) async throws -> [StoredTrace] {
        try await store.scanTraces(selection, projection: .whole, into: [StoredTrace]()) { all, traces in
            all += traces
            return .more
        }
    }

    /// The same spans in both: with odd seeds in blocks of seven spans, with even ones in blocks that have filters, merged ones among them.
    static func stores(_ seed: Int, _ random: inout Random) async throws -> (SQLiteTraceStore, InMemoryTraceStore, TemporaryDirectory) {
        let directory = TemporaryDirectory()
        let isSmall = seed % 2 == 1
        let configuration = SQLiteTraceStore.Configuration(maximumSpansPerBlock: isSmall ? 7 : 4096)
        let store = try SQLiteTraceStore(directory: directory.path, configuration: configuration, logger: .quiet)
        let memory = InMemoryTraceStore()
        var batches = (0..<(isSmall ? 20 : 160)).map { index in Self.batch(index, &random) }
        if !isSmall {
            // Ninety small commits, which are merged, and a few large ones.
            batches = Array(batches.prefix(90)) + stride(from: 90, to: 160, by: 20).map { start in
                SpanBatch(resourceSpans: batches[start..<min(start + 20, 160)].flatMap(\.resourceSpans))
            }
        }
        for batch in batches {
            try await store.append([batch])
            try await memory.append([batch])
        }
        return (store, memory, directory)
    }

    static func selection(_ random: inout Random) -> SpanSelection {
        var selection = SpanSelection()
        if random.below(4) == 0 { selection.startTime = 1010...UInt64(1010 + random.below(40)) }
        for _ in 0..<random.below(3) {
            selection.anyOf.append((0..<1 + random.below(2)).map { _ in condition(&random) })
        }
        return selection
    }

    static func condition(_ random: inout Random) -> SpanCondition {
        switch random.below(9) {
        case 0: .service(["s", "t", "ü", Resource.unknownService][random.below(4)])
        case 1: .name(["x", "y", "é", "e\u{301}"][random.below(4)])
        case 2: .status([.unset, .ok, .error][random.below(3)])
        case 3: .durationAtLeast(UInt64(random.below(12)))
        case 4: .durationAtMost(UInt64(random.below(10)))
        case 5: .kind([.internal, .server][random.below(2)])
        case 6: .isRoot
        case 7: .attribute(attributeKey(&random), .exists)
        default: .attribute(attributeKey(&random), .equals(values[random.below(values.count)]))
        }
    }

    static func attributeKey(_ random: inout Random) -> AttributeKey {
        AttributeKey(scope: [nil, .resource, .span, .event, .link, .instrumentation][random.below(6)], name: keys[random.below(keys.count)])
    }

    static func attributes(_ random: inout Random) -> [Attribute] {
        (0..<random.below(4)).map { _ in Attribute(keys[random.below(keys.count)], values[random.below(values.count)]) }
    }

    static func batch(_ index: Int, _ random: inout Random) -> SpanBatch {
        let spans = (0..<10).map { id in
            let start = UInt64(1000 + random.below(50))
            return Span(
                traceID: TraceID(high: 1, low: UInt64(1 + random.below(60))), spanID: SpanID(UInt64(index * 100 + id + 1)),
                name: ["x", "y", "é"][random.below(3)], startTime: start, endTime: start + UInt64(random.below(10)),
                attributes: attributes(&random),
                events: random.below(4) == 0 ? [SpanEvent(time: 1, name: "e", attributes: attributes(&random))] : [],
                links: random.below(4) == 0 ? [SpanLink(traceID: TraceID(high: 1, low: 1), spanID: SpanID(1), attributes: attributes(&random))] : [],
                status: SpanStatus(code: [.unset, .ok, .error][random.below(3)])
            )
        }
        let name = [Attribute("service.name", .string(["s", "t", "ü"][random.below(3)]))]
        return SpanBatch(
            resource: Resource(attributes: (random.below(4) == 0 ? [] : name) + attributes(&random)),
            scope: InstrumentationScope(name: "n", attributes: attributes(&random)), spans: spans
        )
    }

    static func search(_ random: inout Random) -> TraceSearch {
        var search = TraceSearch(limit: 1 + random.below(60))
        if random.below(3) == 0 { search.service = ["s", "t", "ü", Resource.unknownService][random.below(4)] }
        if random.below(3) == 0 { search.operation = ["x", "y", "é", "e\u{301}"][random.below(4)] }
        search.attributes = (0..<random.below(3)).map { _ in
            TagFilter(key: keys[random.below(keys.count)], value: values[random.below(values.count)].searchText)
        }
        if random.below(3) == 0 { search.minimumDuration = UInt64(random.below(10)) }
        if random.below(3) == 0 { search.maximumDuration = UInt64(random.below(10)) }
        if random.below(3) == 0 { search.startTime = 1010...UInt64(1010 + random.below(40)) }
        return search
    }

    /// The same numbers for the same seed.
    struct Random {
        var state: UInt64

        mutating func below(_ bound: Int) -> Int {
            state ^= state << 13
            state ^= state >> 7
            state ^= state << 17
            return Int(state % UInt64(bound))
        }
    }
}
