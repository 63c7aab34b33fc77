import Logging
import Testing
import TraceModel
import TraceStore

@testable import TraceCollector

@Suite("Ingest", .timeLimit(.minutes(20)))
struct SpanIngestTests {
    /// Runs an ingest beside the body; the shutdown at the end drains it.
    private func withIngest(
        _ store: any TraceStore,
        _ configuration: SpanIngestConfiguration = SpanIngestConfiguration(),
        _ body: @Sendable (SpanIngest) async throws -> Void
    ) async throws {
        let ingest = SpanIngest(store: store, configuration: configuration, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await ingest.run() }
            try await body(ingest)
            group.cancelAll()
            try await group.waitForAll()
        }
    }

    /// Waits until so many spans have been offered.
    private func received(_ count: UInt64, _ ingest: SpanIngest) async {
        while ingest.counters.received < count { await Task.yield() }
    }

    @Test("accept returns after the commit, and a later read finds the spans")
    func durable() async throws {
        let store = InMemoryTraceStore()
        try await withIngest(store) { (ingest) async throws in
            try await ingest.accept(batch(spans: 3))
            #expect(try await store.trace(TraceID(high: 0, low: 7))?.batch.spanCount == 3)
            #expect(ingest.counters.committed == 3)
            try await ingest.accept(SpanBatch())
            #expect(ingest.counters.commits == 1)
        }
    }

    @Test("what arrives during a commit goes together in the next one")
    func groupCommit() async throws {
        let store = GatedStore()
        try await withIngest(store) { (ingest) async throws in
            try await withThrowingTaskGroup(of: Void.self) { senders in
                senders.addTask { try await ingest.accept(batch(spans: 5)) }
                await store.begun(1)
                for _ in 0..<20 { senders.addTask { try await ingest.accept(batch(spans: 5)) } }
                await received(105, ingest)
                #expect(ingest.counters.pending == 105)
                #expect(ingest.counters.committed == 0)
                store.open(forever: true)
                try await senders.waitForAll()
            }
            #expect(store.appends.map(\.count) == [1, 20])
            #expect(ingest.counters.commits == 2)
            #expect(ingest.counters.committedBatches == 21)
            #expect(ingest.counters.committed == 105)
            #expect(ingest.counters.pending == 0)
        }
    }

    @Test("a failed commit fails its members and nobody else")
    func failure() async throws {
        let store = GatedStore()
        store.fail(1)
        try await withIngest(store) { (ingest) async throws in
            @Sendable func send(_ number: Int) async -> (Int, Bool) {
                do {
                    try await ingest.accept(batch(spans: 1))
                    return (number, true)
                } catch {
                    #expect((error as? IngestError)?.code == .storeFailed)
                    #expect((error as? IngestError)?.cause is GatedStore.Broken)
                    return (number, false)
                }
            }
            let outcomes = await withTaskGroup(of: (Int, Bool).self) { senders in
                senders.addTask { await send(0) }
                await store.begun(1)
                for number in 1...3 { senders.addTask { await send(number) } }
                await received(4, ingest)
                store.open()
                await store.begun(2)
                senders.addTask { await send(4) }
                await received(5, ingest)
                store.open(forever: true)
                return await senders.reduce(into: [Int: Bool]()) { $0[$1.0] = $1.1 }
            }
            #expect(outcomes == [0: true, 1: false, 2: false, 3: false, 4: true])
            #expect(ingest.counters.refusedStoreFailed == 3)
            #expect(ingest.counters.committed == 2)
        }
    }

    @Test("a full queue refuses at once")
    func overload() async throws {
        let store = GatedStore()
        try await withIngest(store, SpanIngestConfiguration(maximumPendingSpans: 10)) { (ingest) async throws in
            try await withThrowingTaskGroup(of: Void.self) { senders in
                senders.addTask { try await ingest.accept(batch(spans: 10)) }
                await store.begun(1)
                let refusal = await #expect(throws: IngestError.self) { try await ingest.accept(batch(spans: 1)) }
                #expect(refusal?.code == .overloaded)
                #expect(throws: IngestError.self) { try ingest.checkRoom() }
                store.open(forever: true)
                try await senders.waitForAll()
            }
            try await ingest.accept(batch(spans: 1))
        }
    }

    @Test("a shutdown drains what was accepted, then refuses")
    func drain() async throws {
        let store = GatedStore()
        let ingest = SpanIngest(store: store, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        try await withThrowingTaskGroup(of: Void.self) { group in
            let run = Task { try await ingest.run() }
            group.addTask { try await ingest.accept(batch(spans: 1)) }
            await store.begun(1)
            group.addTask { try await ingest.accept(batch(spans: 2)) }
            await received(3, ingest)
            run.cancel()
            store.open(forever: true)
            try await group.waitForAll()
            try await run.value
        }
        #expect(store.appends == [[1], [2]])
        let refusal = await #expect(throws: IngestError.self) { try await ingest.accept(batch(spans: 1)) }
        #expect(refusal?.code == .shuttingDown)
    }

    @Test("many senders at once: every accepted span is committed once")
    func stress() async throws {
        let store = InMemoryTraceStore()
        try await withIngest(store) { (ingest) async throws in
            try await withThrowingTaskGroup(of: Void.self) { senders in
                for sender in 0..<50 {
                    senders.addTask {
                        for request in 0..<20 { try await ingest.accept(batch(spans: 5, trace: UInt64(1 + sender * 100 + request))) }
                    }
                }
                try await senders.waitForAll()
            }
            #expect(ingest.counters.committed == 5000)
            #expect(try await store.statistics().spanCount == 5000)
        }
    }
}
