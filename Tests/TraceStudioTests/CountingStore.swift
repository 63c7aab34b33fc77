import Synchronization
import TraceModel
import TraceStore

/// Counts how often a trace is read.
final class CountingStore: TraceStore {
    private let store = InMemoryTraceStore()
    private let count = Mutex(0)

    var reads: Int { count.withLock { $0 } }

    func append(_ batches: [SpanBatch]) async throws { try await store.append(batches) }
    func services() async throws -> [String] { try await store.services() }
    func operations(service: String) async throws -> [Operation] { try await store.operations(service: service) }
    func trace(_ id: TraceID) async throws -> StoredTrace? {
        count.withLock { $0 += 1 }
        return try await store.trace(id)
    }
    func version(ofTrace id: TraceID) async throws -> TraceVersion? { try await store.version(ofTrace: id) }
    func footprint(of id: TraceID) async throws -> TraceFootprint? { try await store.footprint(of: id) }
    func findTraces(_ search: TraceSearch) async throws -> [StoredTrace] { try await store.findTraces(search) }
    func scanSpans<State: Sendable>(
        _ selection: SpanSelection, projection: SpanProjection, into state: State, _ body: @escaping @Sendable (inout State, SpanBatch) throws -> ScanStep
    ) async throws -> State { try await store.scanSpans(selection, projection: projection, into: state, body) }
    func scanTraces<State: Sendable>(
        _ selection: SpanSelection, projection: SpanProjection, into state: State, _ body: @escaping @Sendable (inout State, [StoredTrace]) throws -> ScanStep
    ) async throws -> State { try await store.scanTraces(selection, projection: projection, into: state, body) }
    func attributeKeys(scope: AttributeScope?, startTime: ClosedRange<UInt64>, limit: Int) async throws -> [AttributeKey] {
        try await store.attributeKeys(scope: scope, startTime: startTime, limit: limit)
    }
    func attributeValues(_ key: AttributeKey, startTime: ClosedRange<UInt64>, limit: Int) async throws -> [AttributeValueCount] {
        try await store.attributeValues(key, startTime: startTime, limit: limit)
    }
    func statistics() async throws -> TraceStoreStatistics { try await store.statistics() }
    func close() async { await store.close() }
}
