internal import Synchronization
public import TraceModel

/// Keeps the newest traces in memory: for tests, and for trying things out.
///
/// When there are more traces than allowed, the ones whose first span arrived longest ago go.
public final class InMemoryTraceStore: TraceStore {
    private let maximumTraceCount: Int
    private let state = Mutex(State())

    /// - Parameter maximumTraceCount: the most traces to keep, at least 1.
    public init(maximumTraceCount: Int = 100_000) {
        self.maximumTraceCount = max(1, maximumTraceCount)
    }

    public func append(_ batches: [SpanBatch]) async throws {
        try state.withLock { state in
            try state.checkOpen()
            for batch in batches { state.add(batch) }
            state.evict(keeping: maximumTraceCount)
        }
    }

    public func services() async throws -> [String] {
        try state.withLock { state in
            try state.checkOpen()
            return state.operations.keys.sorted()
        }
    }

    public func operations(service: String) async throws -> [Operation] {
        try state.withLock { state in
            try state.checkOpen()
            return (state.operations[service] ?? []).sorted()
        }
    }

    public func trace(_ id: TraceID) async throws -> StoredTrace? {
        try state.withLock { state in
            try state.checkOpen()
            return state.traces[id]?.trace
        }
    }

    public func findTraces(_ search: TraceSearch) async throws -> [StoredTrace] {
        // The values are copied out cheaply (copy on write), and looked through without the lock.
        let traces = try allTraces()
        guard search.limit > 0 else { return [] }
        var found: [(newest: UInt64, trace: StoredTrace)] = []
        for trace in traces {
            guard let newest = search.newestMatch(in: trace.batch) else { continue }
            found.append((newest, trace))
        }
        found.sort { $0.newest != $1.newest ? $0.newest > $1.newest : $0.trace.id < $1.trace.id }
        return found.prefix(search.limit).map(\.trace)
    }

    func allTraces() throws -> [StoredTrace] {
        let traces = try state.withLock { state in
            try state.checkOpen()
            return state.traces
        }
        return traces.values.compactMap(\.trace)
    }

    /// The size is a guess.
    public func footprint(of id: TraceID) async throws -> TraceFootprint? {
        try state.withLock { state in
            try state.checkOpen()
            return state.traces[id].map { TraceFootprint(spanCount: $0.spanCount, size: 200 * $0.spanCount) }
        }
    }

    public func statistics() async throws -> TraceStoreStatistics {
        try state.withLock { state in
            try state.checkOpen()
            var statistics = TraceStoreStatistics(spanCount: 0, traceCount: state.traces.count)
            statistics.isWhole = !state.hasEvicted
            for assembler in state.traces.values {
                statistics.spanCount += assembler.spanCount
                for span in assembler.trace?.batch.resourceSpans.flatMap({ $0.scopeSpans.flatMap(\.spans) }) ?? [] {
                    statistics.oldestStartTime = min(statistics.oldestStartTime ?? .max, span.startTime)
                    statistics.newestStartTime = max(statistics.newestStartTime ?? 0, span.startTime)
                }
            }
            return statistics
        }
    }

    public func close() async {
        state.withLock { $0 = State(isClosed: true) }
    }
}

private struct State {
    var traces: [TraceID: TraceAssembler] = [:]
    /// Trace ids by arrival; those before `evicted` are gone.
    var arrivals: [TraceID] = []
    var evicted = 0
    var hasEvicted = false
    var operations: [String: Set<Operation>] = [:]
    var isClosed = false

    func checkOpen() throws(StoreError) {
        if isClosed { throw .closed }
    }

    mutating func add(_ batch: SpanBatch) {
        for resourceSpans in batch.resourceSpans {
            let service = resourceSpans.resource.serviceName
            for scopeSpans in resourceSpans.scopeSpans where !scopeSpans.spans.isEmpty {
                operations[service, default: []].formUnion(scopeSpans.spans.lazy.map { Operation(name: $0.name, kind: $0.kind) })
                for (id, spans) in Dictionary(grouping: scopeSpans.spans, by: \.traceID) {
                    if traces[id] == nil { arrivals.append(id) }
                    traces[id, default: TraceAssembler(id: id)].add(
                        spans, resource: resourceSpans.resource, resourceSchemaURL: resourceSpans.schemaURL,
                        scope: scopeSpans.scope, scopeSchemaURL: scopeSpans.schemaURL
                    )
                }
            }
        }
    }

    mutating func evict(keeping maximum: Int) {
        while traces.count > maximum {
            traces[arrivals[evicted]] = nil
            evicted += 1
            hasEvicted = true
        }
        if evicted > 1024, evicted > arrivals.count / 2 {
            arrivals.removeFirst(evicted)
            evicted = 0
        }
    }
}
