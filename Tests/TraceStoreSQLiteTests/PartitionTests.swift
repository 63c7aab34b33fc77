import Logging
import Synchronization
import Testing
import TraceModel
import TraceStore
import TraceStoreSQLite

@Suite("partitions of the SQLite store")
struct PartitionTests {
    /// A clock that goes when told.
    final class Clock: Sendable {
        private let time = Mutex<UInt64>(1_767_225_600_000_000_000)
        var now: UInt64 { time.withLock { $0 } }
        func advance(seconds: UInt64) { time.withLock { $0 += seconds * 1_000_000_000 } }
    }

    let directory = TemporaryDirectory()
    let clock = Clock()

    func open(_ configuration: SQLiteTraceStore.Configuration = .init()) throws -> SQLiteTraceStore {
        try SQLiteTraceStore(directory: directory.path, configuration: configuration, logger: .quiet) { [clock] in clock.now }
    }

    func span(_ trace: Int, _ id: UInt64, start: UInt64, attributes: [Attribute] = []) -> Span {
        Span(
            traceID: TraceID(high: 7, low: UInt64(trace + 1)), spanID: SpanID(id), name: "work", kind: .server, startTime: start, endTime: start &+ 5,
            attributes: attributes
        )
    }

    func batch(_ spans: Span...) -> SpanBatch { batch(spans) }

    func batch(_ spans: [Span], service: String = "shop") -> SpanBatch {
        SpanBatch(resource: Resource(attributes: [Attribute("service.name", .string(service))]), scope: InstrumentationScope(), spans: spans)
    }

    @Test("a partition for each hour of arrival; traces, searches, scans and lists go over all of them")
    func hourly() async throws {
        var store = try open()
        for hour in 0..<5 {
            for trace in [hour, 100] { try await store.append([batch(span(trace, UInt64(hour + 1), start: clock.now, attributes: [Attribute("hour", .int(Int64(hour)))]))]) }
            clock.advance(seconds: 3600)
        }
        #expect(directory.partitions.count == 5)
        #expect(directory.partitions.first == "traces-20260101T000000Z.sqlite")
        // Once as it is, and once opened again.
        for isReopened in [false, true] {
            if isReopened { store = try open() }
            #expect(try await store.statistics().partitionCount == 5)
            #expect(try await store.statistics().spanCount == 10)
            #expect(try await store.statistics().retainedSince == 1_767_225_600_000_000_000)
            #expect(try await store.statistics().isWhole)
            #expect(try await store.trace(TraceID(high: 7, low: 101))?.batch.spanCount == 5)
            #expect(try await store.findTraces(TraceSearch(service: "shop", attributes: [TagFilter("hour", "2")])).map(\.id.low) == [3, 101])
            let newest = try await store.scanTraces(SpanSelection(), projection: .bare, into: [UInt64]()) { ids, traces in
                ids += traces.map(\.id.low)
                return .more
            }
            #expect(newest == [5, 101, 4, 3, 2, 1])
            let values = try await store.attributeValues(AttributeKey(scope: .span, name: "hour"), startTime: 0...UInt64.max, limit: 10)
            #expect(Set(values.map(\.value)) == [0, 1, 2, 3, 4])
            #expect(values.allSatisfy { $0.count == 2 })
            #expect(try await store.services() == ["shop"])
            await store.close()
        }
    }

    @Test("a trace's version changes with its own spans, in every partition, and when they are dropped")
    func versions() async throws {
        let id = TraceID(high: 7, low: 1)
        var store = try open(.init(retentionSeconds: 8 * 3600))
        try await store.append([batch(span(0, 1, start: clock.now))])
        clock.advance(seconds: 3600)
        try await store.append([batch(span(0, 2, start: clock.now))])
        let version = try await store.version(ofTrace: id)
        #expect(version != nil)
        try await store.append([batch(span(1, 1, start: clock.now))])
        #expect(try await store.version(ofTrace: id) == version)
        clock.advance(seconds: 8 * 3600 - 60)
        // The first partition is dropped between commits: one that came before is followed by another.
        for number in 2..<5 { try await store.append([batch(span(number, 1, start: clock.now))]) }
        let later = try await store.version(ofTrace: id)
        #expect(later != nil && later != version)
        #expect(try await store.trace(id)?.batch.spanCount == 1)
        await store.close()
        // Partitions are numbered anew by then.
        store = try open(.init(retentionSeconds: 8 * 3600))
        #expect(try await store.version(ofTrace: id) == later)
        await store.close()
    }

    @Test("late spans and broken clocks make no partitions, and join their trace")
    func brokenClocks() async throws {
        let store = try open()
        for (index, start) in [UInt64(0), 1, clock.now, clock.now * 2, .max, clock.now - 86_400_000_000_000].enumerated() {
            try await store.append([batch(span(1, UInt64(index + 1), start: start))])
        }
        #expect(directory.partitions.count == 1)
        #expect(try await store.trace(TraceID(high: 7, low: 2))?.batch.spanCount == 6)
        #expect(try await store.findTraces(TraceSearch(startTime: 0...1)).count == 1)
        #expect(try await store.findTraces(TraceSearch(startTime: UInt64.max...UInt64.max)).count == 1)
        await store.close()
    }

    @Test("partitions older than the retention go whole, and are counted")
    func age() async throws {
        let store = try open(.init(retentionSeconds: 8 * 3600))
        for hour in 0..<12 {
            try await store.append([batch(span(hour, 1, start: clock.now))])
            clock.advance(seconds: 3600)
        }
        // The next commit is what makes the store look.
        try await store.append([batch(span(50, 1, start: clock.now))])
        try await store.append([batch(span(51, 1, start: clock.now))])
        await store.close()
        #expect(directory.partitions.count == 9)
        let reopenedStore = try open(.init(retentionSeconds: 8 * 3600))
        // Nobody counts what an earlier run dropped, and still it is known that the oldest span is not the first.
        #expect(try await reopenedStore.statistics().droppedSpanCount == 0)
        #expect(try await !reopenedStore.statistics().isWhole)
        #expect(try await reopenedStore.trace(TraceID(high: 7, low: 1)) == nil)
        #expect(try await reopenedStore.trace(TraceID(high: 7, low: 12)) != nil)
        #expect(try await reopenedStore.trace(TraceID(high: 7, low: 51)) != nil)
        await reopenedStore.close()
    }

    @Test("the oldest partitions go when all are too large; a read under way is not disturbed")
    func size() async throws {
        let store = try open(.init(retentionSize: 1 << 20))
        var state: UInt64 = 9
        func noise() -> AttributeValue {
            .bytes((0..<4000).map { _ in
                state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                return UInt8(truncatingIfNeeded: state >> 56)
            })
        }
        for round in 0..<600 {
            try await store.append([batch(span(round, 1, start: clock.now, attributes: [Attribute("noise", noise())]))])
            clock.advance(seconds: 2)
            if round % 50 == 49 {
                let visited = try await store.scanSpans(SpanSelection(), projection: .whole, into: 0) { count, batch in
                    count += batch.spanCount
                    return .more
                }
                #expect(visited > 0)
            }
        }
        let statistics = try await store.statistics()
        #expect(statistics.droppedPartitionCount > 0)
        #expect(!statistics.isWhole)
        #expect(statistics.spanCount + statistics.droppedSpanCount == 600)
        #expect(statistics.bytesOnDisk < 2 << 20)
        #expect(try await store.trace(TraceID(high: 7, low: 1)) == nil)
        #expect(try await store.trace(TraceID(high: 7, low: 600)) != nil)
        await store.close()
        #expect(directory.partitions.count == statistics.partitionCount)
    }

    @Test("a file of format version 1 is the oldest partition, and found like the others")
    func firstVersion() async throws {
        let store = try open()
        try await store.append([batch((0..<300).map { span($0, 1, start: clock.now, attributes: [Attribute("old", .int(Int64($0)))]) })])
        await store.close()
        // As version 1 had it: without what version 2 added.
        let file = directory.path + "/" + (try #require(directory.partitions.first))
        for change in [
            "ALTER TABLE summaries DROP COLUMN statuses", "ALTER TABLE summaries DROP COLUMN kinds", "ALTER TABLE summaries DROP COLUMN durations",
            "DROP TABLE filters", "DROP TABLE attribute_keys", "DROP TABLE attribute_values", "DROP TABLE progress", "PRAGMA user_version = 1",
            // The file is renamed without its journal.
            "PRAGMA wal_checkpoint(TRUNCATE)",
        ] { _ = try runSQL(change, path: file) }
        directory.rename(try #require(directory.partitions.first), to: "traces.sqlite")
        let migrated = try open()
        try await migrated.append([batch(span(7, 2, start: clock.now))])
        #expect(directory.partitions.count == 2)
        #expect(try await migrated.trace(TraceID(high: 7, low: 8))?.batch.spanCount == 2)
        #expect(try await migrated.findTraces(TraceSearch(attributes: [TagFilter("old", "299")])).map(\.id.low) == [300])
        #expect(try await migrated.attributeKeys(scope: .span, startTime: 0...UInt64.max, limit: 10).map(\.name) == ["old"])
        #expect(try await migrated.statistics().spanCount == 301)
        await migrated.close()
    }

    @Test("blocks of enough spans have filters, of about ten bits for each attribute")
    func filters() async throws {
        let store = try open()
        try await store.append([batch((0..<1000).map { span($0, 1, start: clock.now, attributes: [Attribute("id", .int(Int64($0)))]) })])
        try await store.append([batch((2000..<2010).map { span($0, 1, start: clock.now) })])
        await store.close()
        let file = directory.path + "/" + (try #require(directory.partitions.last))
        #expect(try runSQL("SELECT count(*) FROM filters", path: file) == 1)
        let size = try runSQL("SELECT length(data) FROM filters", path: file)
        #expect((1000...1400).contains(size), "\(size)")
        // A block whose bytes are gone shows whether a search opens it.
        _ = try runSQL("UPDATE blocks SET data = zeroblob(10) WHERE id = 1", path: file)
        let damaged = try open()
        var opened = 0
        for number in 0..<300 {
            do {
                #expect(try await damaged.findTraces(TraceSearch(attributes: [TagFilter("id", "absent \(number)")])).isEmpty)
            } catch {
                opened += 1
            }
        }
        #expect(opened < 30)
        do {
            _ = try await damaged.findTraces(TraceSearch(attributes: [TagFilter("id", "500")]))
            Issue.record("the block with the attribute was not opened")
        } catch let error as StoreError {
            #expect(error.code == .corrupt)
        }
        await damaged.close()
    }

    @Test("what a killed program left of a new and of a dropped partition is cleared away")
    func leftovers() async throws {
        let store = try open()
        try await store.append([batch(span(1, 1, start: clock.now))])
        await store.close()
        // Killed while it made a partition, and after it had removed the file of a dropped one.
        directory.store([], to: "traces-20251231T000000Z.sqlite")
        directory.store([1, 2, 3], to: "traces-20251230T000000Z.sqlite-wal")
        directory.store([1, 2, 3], to: "traces-20251230T000000Z.sqlite-shm")
        let reopenedStore = try open()
        #expect(directory.partitions == ["traces-20260101T000000Z.sqlite"])
        #expect(!directory.names.contains { $0.hasPrefix("traces-20251230") })
        #expect(try await reopenedStore.trace(TraceID(high: 7, low: 2)) != nil)
        await reopenedStore.close()
    }

    @Test("older partitions are read though their blocks are not kept in memory")
    func coldDirectory() async throws {
        let store = try open(.init(directorySize: 0))
        for hour in 0..<30 {
            try await store.append([batch(span(hour, 1, start: clock.now), span(1000, UInt64(hour + 1), start: clock.now))])
            clock.advance(seconds: 3600)
        }
        for trace in 0..<30 { #expect(try await store.trace(TraceID(high: 7, low: UInt64(trace + 1)))?.batch.spanCount == 1) }
        #expect(try await store.trace(TraceID(high: 7, low: 1001))?.batch.spanCount == 30)
        #expect(try await store.findTraces(TraceSearch(limit: 100)).count == 31)
        await store.close()
    }
}
