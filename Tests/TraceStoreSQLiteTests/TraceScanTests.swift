import Logging
import Testing
import TraceModel
import TraceStore
@testable import TraceStoreSQLite

/// Scans of whole traces in one pass over the blocks, against a plain look at every span.
@Suite("scanning traces")
struct TraceScanTests {
    typealias Random = SearchPruningTests.Random

    /// Traces whose spans lie in up to nine commits, far apart or close together; some are long, some overlap with everything.
    static func batches(_ random: inout Random) -> [SpanBatch] {
        var commits = [[(service: Int, span: Span)]](repeating: [], count: 60)
        var number: UInt64 = 0
        for trace in 0..<220 {
            let first = random.below(commits.count)
            let isLong = trace % 40 == 0
            for _ in 0..<(isLong ? 60 : 1 + random.below(9)) {
                number += 1
                let commit = isLong ? random.below(commits.count) : min(commits.count - 1, first + random.below(4) * random.below(3))
                let start = UInt64(10_000 + commit * 100 + random.below(250))
                let service = random.below(3)
                commits[commit].append((
                    service,
                    Span(
                        traceID: TraceID(high: 3, low: UInt64(trace + 1)), spanID: SpanID(number), parentSpanID: number % 4 == 0 ? nil : SpanID(number - 1),
                        name: ["x", "y", "z"][random.below(3)], kind: .server, startTime: start, endTime: start + UInt64(random.below(90)),
                        attributes: [Attribute("n", .int(Int64(random.below(20)))), Attribute("zone", "eu")],
                        status: SpanStatus(code: random.below(30) == 0 ? .error : .unset)
                    )
                ))
            }
        }
        return commits.filter { !$0.isEmpty }.map { spans in
            SpanBatch(
                resourceSpans: (0..<3).compactMap { service in
                    let own = spans.filter { $0.service == service }.map(\.span)
                    if own.isEmpty { return nil }
                    let resource = Resource(attributes: [Attribute("service.name", .string("s\(service)")), Attribute("host", .string("h\(service % 2)"))])
                    return ResourceSpans(resource: resource, scopeSpans: [ScopeSpans(scope: InstrumentationScope(name: "t"), spans: own)])
                }
            )
        }
    }

    static let selections: [SpanSelection] = [
        SpanSelection(), SpanSelection(startTime: 11_000...13_000), SpanSelection(anyOf: [[.kind(.server)]]), SpanSelection(anyOf: [[.status(.error)]]),
        SpanSelection(anyOf: [[.service("s1")]]), SpanSelection(startTime: 12_000...15_000, anyOf: [[.service("s2"), .name("x")], [.isRoot]]),
        SpanSelection(anyOf: [[.attribute(AttributeKey(scope: .span, name: "n"), .equals(7))]]),
        SpanSelection(anyOf: [[.attribute(AttributeKey(scope: .resource, name: "host"), .equals("h1"))]]),
        SpanSelection(anyOf: [[.attribute(AttributeKey(scope: .resource, name: "zone"), .exists)]]),
        SpanSelection(anyOf: [[.attribute(AttributeKey(scope: nil, name: "zone"), .exists)]]), SpanSelection(startTime: 0...9_000),
    ]

    /// Memory from none at all, where each block is passed alone and nothing is kept, to more than all spans take.
    @Test("visits what a plain look at every span selects, in the same order", arguments: [0, 3_000, 96 << 20], 1...3)
    func agrees(memory: Int, seed: Int) async throws {
        var random = Random(state: UInt64(seed) &* 0x9e37_79b9_7f4a_7c15 | 1)
        let directory = TemporaryDirectory()
        let clock = PartitionTests.Clock()
        // Without a cache every pass reads ahead.
        let configuration = SQLiteTraceStore.Configuration(
            maximumSpansPerBlock: [9, 40, 4096][seed % 3], cacheSize: memory == 3_000 ? 0 : 64 << 20, scanMemorySize: memory
        )
        let store = try SQLiteTraceStore(directory: directory.path, configuration: configuration, logger: .quiet) { clock.now }
        let plain = InMemoryTraceStore()
        for batch in Self.batches(&random) {
            try await store.append([batch])
            try await plain.append([batch])
            if random.below(12) == 0 { clock.advance(seconds: 3600) }
        }
        for selection in Self.selections {
            let expected = try await SearchPruningTests.scan(plain, selection)
            let found = try await SearchPruningTests.scan(store, selection)
            #expect(found.map(\.id) == expected.map(\.id), "\(selection)")
            for trace in found where trace.id.low % 11 == 0 { #expect(try await store.trace(trace.id) == trace) }
            // Without what the selection needs itself.
            let bare = try await store.scanTraces(selection, projection: .bare, into: [StoredTrace]()) { $0 += $1; return .more }
            #expect(bare.map(\.id) == expected.map(\.id), "\(selection)")
            #expect(bare.map(\.batch.spanCount) == expected.map(\.batch.spanCount))
            let spans = try await store.scanSpans(selection, projection: .bare, into: Set<UInt64>()) { ids, batch in
                for group in batch.resourceSpans { for scopeSpans in group.scopeSpans { ids.formUnion(scopeSpans.spans.map(\.spanID.value)) } }
                return .more
            }
            for trace in expected {
                for group in trace.batch.resourceSpans {
                    for span in group.scopeSpans[0].spans where selection.matches(span: span, resource: group.resource, scope: group.scopeSpans[0].scope) {
                        #expect(spans.contains(span.spanID.value))
                    }
                }
            }
        }
        await store.close()
    }

    @Test("opens no more blocks than the traces wanted need", arguments: [[], [[SpanCondition.status(.error)]], [[.service("shop")]]], [0, 1 << 20])
    func stopsEarly(conditions: [[SpanCondition]], cacheSize: Int) async throws {
        let directory = TemporaryDirectory()
        func open() throws -> SQLiteTraceStore {
            try SQLiteTraceStore(directory: directory.path, configuration: .init(cacheSize: cacheSize, scanMemorySize: 1000), logger: .quiet)
        }
        var store = try open()
        for trace in 0..<20 {
            let spans = (0..<150).map { index in
                let start = UInt64(1000 + trace * 10)
                return Span(
                    traceID: TraceID(high: 5, low: UInt64(trace + 1)), spanID: SpanID(UInt64(index + 1)), name: "work", startTime: start, endTime: start + 1,
                    status: SpanStatus(code: .error)
                )
            }
            let resource = Resource(attributes: [Attribute("service.name", "shop")])
            try await store.append([SpanBatch(resource: resource, scope: InstrumentationScope(), spans: spans)])
        }
        await store.close()
        _ = try runSQL("UPDATE blocks SET data = x'00' WHERE id <= 12", path: directory.path + "/" + directory.partitions[0])
        store = try open()
        let selection = SpanSelection(anyOf: conditions)
        let newest = try await store.scanTraces(selection, projection: .bare, into: [UInt64]()) { ids, traces in
            ids += traces.map(\.id.low)
            return ids.count >= 4 ? .stop : .more
        }
        #expect(newest.prefix(4) == [20, 19, 18, 17])
        #expect(try await store.findTraces(TraceSearch(service: "shop", limit: 3)).map(\.id.low) == [20, 19, 18])
        // All of them cannot be had: that blocks are damaged is told.
        await #expect(throws: StoreError.self) {
            _ = try await store.scanTraces(selection, projection: .bare, into: 0) { _, _ in .more }
        }
        await store.close()
    }

    @Test("keeps no more spans than there is room for")
    func bounded() throws {
        let blocks = (0..<200).map { number in
            BlockSummary(
                id: BlockID(partition: 0, number: Int64(number)), spanCount: 10, minimumStart: 0, maximumStart: 1_000, maximumDuration: 1, rawSize: 1000,
                marks: .none, operations: [], traces: (0..<10).map { BlockSummary.fingerprint(TraceID(high: 1, low: UInt64(number * 10 + $0 + 1))) }.sorted()
            )
        }
        var pending = PendingTraces(blocks, memorySize: 100_000)
        var visited: Set<TraceID> = []
        var readCount = 0
        for number in blocks.indices {
            pending.willTake(number..<number + 1) { [] }
            let traces = (0..<10).map { index in
                let id = TraceID(high: 1, low: UInt64(number * 10 + index + 1))
                var spans = TraceAssembler(id: id)
                let span = Span(traceID: id, spanID: SpanID(1), name: "x", startTime: UInt64(index), endTime: 1)
                spans.add([span], resource: Resource(), resourceSchemaURL: "", scope: InstrumentationScope(), scopeSchemaURL: "")
                return TraceSweep.PartialTrace(spans: spans, newest: UInt64(index))
            }
            pending.take(traces, from: blocks[number], .bare)
            #expect(pending.size <= 100_000)
            // Nothing is ready as long as any block that is left may hold something newer.
            let ready = pending.ready(after: number + 1, next: number + 1..<min(number + 2, blocks.count))
            #expect(ready.isEmpty == (number + 1 < blocks.count))
            var rest = ready[...]
            while !rest.isEmpty {
                let (count, reading) = pending.prefix(of: rest, maximumReadCount: 100)
                #expect(count > 0 && reading.count <= 100)
                let read = Dictionary(uniqueKeysWithValues: reading.map { ($0, StoredTrace(id: $0, batch: SpanBatch())) })
                visited.formUnion(pending.removeAll(rest.prefix(count), read: read).map(\.id))
                rest = rest.dropFirst(count)
                readCount += reading.count
            }
        }
        #expect(visited.count == 2000)
        // Those that had to wait in vain are read by id, the others are not.
        #expect(readCount > 1000 && readCount < 2000)
        #expect(pending.size == 0)
    }
}
