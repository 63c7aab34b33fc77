import Hummingbird
import HummingbirdTesting
import JSONCoding
import Synchronization
import Testing
import TraceModel
import TraceQuery

@testable import TraceStudio

@Suite("Traces that are kept for the page's next question", .timeLimit(.minutes(2)))
struct TreeCacheTests {
    private static func trace(_ number: UInt64, spans: ClosedRange<UInt64>) -> SpanBatch {
        SpanBatch(
            resource: Resource(attributes: [Attribute("service.name", "front")]), scope: InstrumentationScope(),
            spans: spans.map {
                Span(
                    traceID: TraceID(high: 0, low: number), spanID: SpanID($0), parentSpanID: $0 == 1 ? nil : SpanID(1), name: "step \($0)",
                    startTime: Studio.now + $0, endTime: Studio.now + $0 + 10)
            }
        )
    }

    private static func id(_ number: UInt64) -> TraceID { TraceID(high: 0, low: number) }

    @Test("its columns and its rows are one reading, also with clocks put right and below one span")
    func once() async throws {
        let store = CountingStore()
        try await store.append([Self.trace(9, spans: 1...50)])
        try await Studio.run(store: store) { studio in
            #expect(try await studio.get("/api/ui/trace/9?skew=adjust").status == .ok)
            for row in 0..<50 {
                let facts = try await studio.json("/api/ui/trace/9/spans?rows=\(row)&skew=adjust")
                #expect(facts["spans"]?[0]?["name"]?.stringValue == "step \(row + 1)")
            }
            let below = try await studio.json("/api/ui/trace/9/spans?rows=0&root=0000000000000007")
            #expect(below["spans"]?[0]?["name"]?.stringValue == "step 7")
            #expect(try await studio.get("/api/ui/trace/9/spans?rows=1&root=0000000000000007").status == .notFound)
        }
        #expect(store.reads == 1)
    }

    @Test("spans that come later are there at once")
    func late() async throws {
        let store = CountingStore()
        try await store.append([Self.trace(9, spans: 1...3)])
        let cache = TreeCache(traces: TraceSource(store: store, archive: nil, gate: LargeTraceGate()))
        for count in 4...40 as ClosedRange<UInt64> {
            let before = try #require(try await cache.tree(Self.id(9)))
            #expect(before.tree.rows.count == Int(count) - 1)
            try await store.append([Self.trace(9, spans: count...count)])
            let after = try #require(try await cache.tree(Self.id(9)))
            #expect(after.tree.rows.count == Int(count) && after.version != before.version)
        }
        #expect(cache.count == 1)
        #expect(try await cache.tree(Self.id(10)) == nil)
    }

    @Test("who asks at the same time waits for one reading")
    func together() async throws {
        let store = CountingStore()
        try await store.append([Self.trace(9, spans: 1...2_000)])
        let cache = TreeCache(traces: TraceSource(store: store, archive: nil, gate: LargeTraceGate()))
        let counts = try await withThrowingTaskGroup(of: Int?.self) { group in
            for _ in 0..<20 { group.addTask { try await cache.tree(Self.id(9))?.tree.rows.count } }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(counts == [Int?](repeating: 2_000, count: 20))
        #expect(store.reads == 1)
    }

    @Test("only so much is kept, and not for long")
    func bounds() async throws {
        let store = CountingStore()
        for number in 1...50 as ClosedRange<UInt64> { try await store.append([Self.trace(number, spans: 1...10)]) }
        let now = Mutex(ContinuousClock.now)
        let cache = TreeCache(traces: TraceSource(store: store, archive: nil, gate: LargeTraceGate())) { now.withLock { $0 } }
        for number in 1...50 as ClosedRange<UInt64> {
            now.withLock { $0 += .seconds(1) }
            _ = try await cache.tree(Self.id(number))
        }
        #expect(cache.count == TreeCache.maximumCount)
        _ = try await cache.tree(Self.id(50))
        #expect(store.reads == 50)
        now.withLock { $0 += TreeCache.maximumAge - .seconds(5) }
        cache.removeOld()
        #expect(cache.count == 5)
        now.withLock { $0 += .seconds(5) }
        cache.removeOld()
        #expect(cache.count == 0)
        // A bound in bytes: two traces do not fit, and one that is larger than all room is not kept.
        let tight = TreeCache(traces: TraceSource(store: store, archive: nil, gate: LargeTraceGate(capacity: 3_900)))
        for number in 1...5 as ClosedRange<UInt64> { _ = try await tight.tree(Self.id(number)) }
        #expect(tight.count == 1)
        try await store.append([Self.trace(60, spans: 1...1_000)])
        #expect(try await tight.tree(Self.id(60))?.tree.rows.count == 1_000)
        #expect(try await tight.tree(Self.id(60))?.tree.rows.count == 1_000)
        #expect(store.reads == 57)
    }

    @Test("who needs a place for a large trace gets the one of a kept trace")
    func shortage() async throws {
        let store = CountingStore()
        let count = UInt64(LargeTraceGate.smallSize / 100)
        for number in [1, 2] as [UInt64] { try await store.append([Self.trace(number, spans: 1...count)]) }
        let gate = LargeTraceGate(capacity: 4 * LargeTraceGate.smallSize, patience: .zero)
        let cache = TreeCache(traces: TraceSource(store: store, archive: nil, gate: gate))
        var held = try await cache.tree(Self.id(1))
        #expect(held?.permits.isEmpty == false && cache.count == 1)
        // In use it keeps its place, and another one is refused.
        await #expect(throws: APIError.self) { _ = try await gate.enter(size: gate.capacity) }
        #expect(cache.count == 0)
        held = try await cache.tree(Self.id(1))
        held = nil
        #expect(cache.count == 1)
        let other = try await gate.enter(size: gate.capacity)
        #expect(other != nil && cache.count == 0 && held == nil)
    }
}
