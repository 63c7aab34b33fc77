import Testing
import TraceModel
import TraceStore

@Suite("in-memory store")
struct InMemoryTraceStoreTests {
    struct Subject: TraceStoreConformance.Subject {
        let isPersistent = false
        func open() async throws -> any TraceStore { InMemoryTraceStore() }
    }

    @Test("conforms", arguments: TraceStoreConformance.checks(persistent: false))
    func conformance(check: TraceStoreConformance.Check) async throws {
        try await check.run(Subject())
    }

    @Test("the traces that arrived first go when there are too many")
    func bounded() async throws {
        let store = InMemoryTraceStore(maximumTraceCount: 10)
        for number in 1...5000 {
            let span = Span(traceID: TraceID(high: 0, low: UInt64(number)), spanID: SpanID(1), name: "s", startTime: 1, endTime: 2)
            try await store.append([SpanBatch(resource: Resource(), scope: InstrumentationScope(), spans: [span])])
            #expect(try await store.statistics().isWhole == (number <= 10))
        }
        #expect(try await store.statistics().traceCount == 10)
        #expect(try await store.trace(TraceID(high: 0, low: 4990)) == nil)
        #expect(try await store.trace(TraceID(high: 0, low: 4991)) != nil)
        #expect(try await store.trace(TraceID(high: 0, low: 5000)) != nil)
    }
}
