import Logging
import Testing
import TraceModel
import TraceStore
import TraceStoreSQLite

@Suite("SQLite store")
struct SQLiteTraceStoreTests {
    let directory = TemporaryDirectory()

    func open(_ configuration: SQLiteTraceStore.Configuration = .init()) throws -> SQLiteTraceStore {
        try SQLiteTraceStore(directory: directory.path, configuration: configuration, logger: .quiet)
    }

    func batch(_ trace: Int, _ ids: Range<Int>, attributes: [Attribute] = []) -> SpanBatch {
        let spans = ids.map { id in
            Span(
                traceID: TraceID(high: 7, low: UInt64(trace + 1)), spanID: SpanID(UInt64(id + 1)), name: "work \(id % 3)", kind: .server,
                startTime: UInt64(1_000_000 + trace * 100 + id), endTime: UInt64(2_000_000 + id), attributes: attributes
            )
        }
        return SpanBatch(resource: Resource(attributes: [Attribute("service.name", "shop")]), scope: InstrumentationScope(), spans: spans)
    }

    func expectError(_ code: StoreError.Code, mentions words: String..., body: () async throws -> Void) async {
        do {
            try await body()
            Issue.record("succeeded; expected \(code)")
        } catch let error as StoreError {
            #expect(error.code == code)
            for word in words { #expect(error.message.contains(word), "\(error.message)") }
        } catch {
            Issue.record("\(error)")
        }
    }

    @Test("thousands of small commits are merged to few blocks, and nothing is lost meanwhile")
    func merging() async throws {
        let store = try open()
        for trace in 0..<3000 {
            try await store.append([batch(trace, 0..<2)])
            if trace % 100 == 0 {
                let spans = try await store.trace(TraceID(high: 7, low: UInt64(trace / 2 + 1)))?.batch.spanCount
                #expect(spans == 2)
            }
        }
        #expect(try await store.statistics().spanCount == 6000)
        #expect(try await store.findTraces(TraceSearch(service: "shop", limit: 5000)).count == 3000)
        await store.close()
        #expect(try rows("SELECT count(*) FROM blocks") < 3 * 64)
        #expect(try rows("SELECT count(*) FROM blocks") == rows("SELECT count(*) FROM summaries"))
        #expect(try rows("SELECT sum(span_count) FROM summaries") == 6000)

        let reopened = try open()
        for trace in stride(from: 0, to: 3000, by: 7) {
            let stored = try await reopened.trace(TraceID(high: 7, low: UInt64(trace + 1)))
            #expect(stored?.batch == batch(trace, 0..<2))
        }
        #expect(try await reopened.statistics().spanCount == 6000)
        await reopened.close()
    }

    @Test("reads that run while blocks are merged see every span")
    func readingWhileMerging() async throws {
        let store = try open(.init(cacheSize: 0))
        try await store.append([batch(0, 0..<4)])
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                for trace in 1..<1500 { try await store.append([batch(trace, 0..<1)]) }
            }
            for _ in 0..<3 {
                group.addTask {
                    for _ in 0..<300 {
                        let spans = try await store.trace(TraceID(high: 7, low: 1))?.batch.spanCount
                        #expect(spans == 4)
                    }
                }
            }
            try await group.waitForAll()
        }
        await store.close()
    }

    @Test("what append returned for is in the files at once, as a kill -9 would leave them")
    func sudden() async throws {
        let store = try open()
        for trace in 0..<500 {
            try await store.append([batch(trace, 0..<3)])
            guard trace % 125 == 124 else { continue }
            // A killed process leaves what it has written, and no shared memory. Merges may run meanwhile, so the journal is taken
            // before and after: equal means that file and journal are of one moment.
            let copy = TemporaryDirectory()
            var journal: [UInt8] = []
            let file = try #require(directory.partitions.last)
            repeat {
                journal = directory.contents(of: file + "-wal")
                copy.store(directory.contents(of: file), to: file)
                copy.store(journal, to: file + "-wal")
            } while journal != directory.contents(of: file + "-wal")
            let survivor = try SQLiteTraceStore(directory: copy.path, logger: .quiet)
            #expect(try await survivor.statistics().spanCount == (trace + 1) * 3)
            for number in 0...trace {
                let stored = try await survivor.trace(TraceID(high: 7, low: UInt64(number + 1)))
                #expect(stored?.batch == batch(number, 0..<3))
            }
            await survivor.close()
        }
        await store.close()
    }

    @Test("a commit larger than a block is split, by spans and by bytes, and read as one")
    func largeCommit() async throws {
        let store = try open(.init(maximumSpansPerBlock: 1000))
        let many = batch(0, 0..<5500)
        try await store.append([many])
        let heavy = batch(1, 0..<30, attributes: [Attribute("body", .string(String(repeating: "ab€ ", count: 100_000)))])
        try await store.append([heavy])
        #expect(try await store.trace(TraceID(high: 7, low: 1))?.batch == many)
        #expect(try await store.trace(TraceID(high: 7, low: 2))?.batch == heavy)
        await store.close()
        #expect(try rows("SELECT max(span_count) FROM summaries") == 1000)
        #expect(try rows("SELECT max(raw_size) FROM summaries") <= 4 << 20)
    }

    @Test("a file of a newer version is refused, and left as it is")
    func newerFormat() async throws {
        await (try open()).close()
        try execute("PRAGMA user_version = 999")
        await expectError(.newerFormat, mentions: "999", "newer program") { _ = try open() }
        #expect(try rows("PRAGMA user_version") == 999)
    }

    @Test("a file that is no database is refused, and left as it is")
    func noDatabase() async throws {
        let bytes = [UInt8](repeating: UInt8(ascii: "x"), count: 10_000)
        directory.store(bytes, to: "traces.sqlite")
        await expectError(.corrupt, mentions: "traces.sqlite", "move it away") { _ = try open() }
        #expect(directory.contents(of: "traces.sqlite") == bytes)
    }

    @Test("a database of another program is refused, and left as it is")
    func foreignDatabase() async throws {
        _ = try runSQL("CREATE TABLE theirs(x)", path: directory.path + "/traces.sqlite")
        let bytes = directory.contents(of: "traces.sqlite")
        await expectError(.corrupt, mentions: "another program", "another data directory") { _ = try open() }
        #expect(directory.contents(of: "traces.sqlite") == bytes)
    }

    @Test("a damaged block is an error that names it, and others stay readable")
    func damagedBlock() async throws {
        let store = try open()
        try await store.append([batch(0, 0..<10)])
        try await store.append([batch(1, 0..<10)])
        await store.close()
        try execute("UPDATE blocks SET data = zeroblob(100) WHERE id = 1")
        let reopened = try open()
        await expectError(.corrupt, mentions: "block 1", "damaged") { _ = try await reopened.trace(TraceID(high: 7, low: 1)) }
        #expect(try await reopened.trace(TraceID(high: 7, low: 2))?.batch.spanCount == 10)
        await reopened.close()
    }

    @Test("a second store on one folder is refused until the first is closed")
    func lock() async throws {
        let first = try open()
        await expectError(.inUse, mentions: directory.path) { _ = try open() }
        await first.close()
        await (try open()).close()
    }

    @Test("a folder that cannot be made is an error that names it")
    func badFolder() async throws {
        directory.store([1], to: "file")
        await expectError(.io, mentions: "file/data") {
            _ = try SQLiteTraceStore(directory: directory.path + "/file/data", logger: .quiet)
        }
    }

    @Test("a full disk refuses a commit whole; what is stored stays readable, and storing works again with space")
    func fullDisk() async throws {
        let store = try open(.init(maximumFileSize: 512 << 10))
        var stored = 0
        await expectError(.diskFull, mentions: "free some space") {
            for trace in 0..<1000 {
                try await store.append([batch(trace, 0..<3, attributes: noise(trace))])
                stored += 1
            }
        }
        #expect(stored > 10)
        #expect(try await store.statistics().spanCount == stored * 3)
        #expect(try await store.trace(TraceID(high: 7, low: UInt64(stored)))?.batch.spanCount == 3)
        #expect(try await store.trace(TraceID(high: 7, low: UInt64(stored + 1))) == nil)
        #expect(try await store.findTraces(TraceSearch(limit: 5000)).count == stored)
        await store.close()

        let larger = try open()
        #expect(try await larger.statistics().spanCount == stored * 3)
        try await larger.append([batch(stored, 0..<3, attributes: noise(stored))])
        #expect(try await larger.trace(TraceID(high: 7, low: UInt64(stored + 1)))?.batch.spanCount == 3)
        await larger.close()
    }

    @Test("beyond the number of listed operations, spans are still found")
    func manyOperations() async throws {
        let store = try open(.init(maximumOperationCount: 10))
        for index in 0..<50 {
            let span = Span(traceID: TraceID(high: 1, low: UInt64(index + 1)), spanID: SpanID(1), name: "op \(index)", startTime: 5, endTime: 6)
            let resource = Resource(attributes: [Attribute("service.name", .string("service \(index % 25)"))])
            try await store.append([SpanBatch(resource: resource, scope: InstrumentationScope(), spans: [span])])
        }
        for index in 0..<50 {
            let search = TraceSearch(service: "service \(index % 25)", operation: "op \(index)")
            #expect(try await store.findTraces(search).map(\.id) == [TraceID(high: 1, low: UInt64(index + 1))])
        }
        #expect(try await store.services().count <= 20)
        #expect(try await store.operations(service: "service 3").count == 1)
        await store.close()
    }

    /// Attributes that do not compress.
    func noise(_ seed: Int) -> [Attribute] {
        var state = UInt64(seed) &* 0x9e37_79b9_7f4a_7c15 | 1
        let bytes = (0..<2000).map { _ in
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return UInt8(truncatingIfNeeded: state >> 56)
        }
        return [Attribute("noise", .bytes(bytes))]
    }

    func execute(_ sql: String) throws { _ = try rows(sql) }

    /// Of the newest partition.
    func rows(_ sql: String) throws -> Int { try runSQL(sql, path: directory.path + "/" + #require(directory.partitions.last)) }
}
