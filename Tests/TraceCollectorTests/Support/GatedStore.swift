import Synchronization
import TraceModel
import TraceStore

/// A store whose commits wait until the test lets them go, one by one; reads are not used.
final class GatedStore: TraceStore {
    struct Broken: Error {}

    private struct State {
        var isOpen: Bool
        var appends: [[SpanBatch]] = []
        var blocked: [CheckedContinuation<Void, any Error>] = []
        var failures: Set<Int> = []
        var watchers: [(count: Int, continuation: CheckedContinuation<Void, Never>)] = []
    }

    private let state: Mutex<State>

    /// - Parameter isOpen: Commits do not wait.
    init(isOpen: Bool = false) {
        state = Mutex(State(isOpen: isOpen))
    }

    /// Span counts of the commits so far, the running one included: one list for each commit, one number for each batch.
    var appends: [[Int]] { state.withLock { $0.appends.map { $0.map(\.spanCount) } } }

    /// The commit with this number, from 0, fails.
    func fail(_ number: Int) {
        state.withLock { _ = $0.failures.insert(number) }
    }

    /// Waits until so many commits have begun.
    func begun(_ count: Int) async {
        await withCheckedContinuation { continuation in
            let isThere = state.withLock { state in
                if state.appends.count >= count { return true }
                state.watchers.append((count, continuation))
                return false
            }
            if isThere { continuation.resume() }
        }
    }

    /// Lets the running commit go, and with `forever` all later ones.
    func open(forever: Bool = false) {
        let released = state.withLock { state in
            state.isOpen = forever
            defer { state.blocked = [] }
            return state.blocked
        }
        for continuation in released { continuation.resume() }
    }

    func append(_ batches: [SpanBatch]) async throws {
        let (number, reached) = state.withLock { state in
            state.appends.append(batches)
            let count = state.appends.count
            let reached = state.watchers.filter { $0.count <= count }.map(\.continuation)
            state.watchers.removeAll { $0.count <= count }
            return (count - 1, reached)
        }
        for continuation in reached { continuation.resume() }
        try await withCheckedThrowingContinuation { continuation in
            let passes = state.withLock { state in
                if !state.isOpen { state.blocked.append(continuation) }
                return state.isOpen
            }
            if passes { continuation.resume() }
        }
        if state.withLock({ $0.failures.contains(number) }) { throw Broken() }
    }

    func services() async throws -> [String] { [] }
    func operations(service: String) async throws -> [Operation] { [] }
    func trace(_ id: TraceID) async throws -> StoredTrace? { nil }
    func findTraces(_ search: TraceSearch) async throws -> [StoredTrace] { [] }
    func scanSpans<State: Sendable>(
        _ selection: SpanSelection, projection: SpanProjection, into state: State, _ body: @escaping @Sendable (inout State, SpanBatch) throws -> ScanStep
    ) async throws -> State { state }
    func scanTraces<State: Sendable>(
        _ selection: SpanSelection, projection: SpanProjection, into state: State, _ body: @escaping @Sendable (inout State, [StoredTrace]) throws -> ScanStep
    ) async throws -> State { state }
    func attributeKeys(scope: AttributeScope?, startTime: ClosedRange<UInt64>, limit: Int) async throws -> [AttributeKey] { [] }
    func attributeValues(_ key: AttributeKey, startTime: ClosedRange<UInt64>, limit: Int) async throws -> [AttributeValueCount] { [] }
    func statistics() async throws -> TraceStoreStatistics { TraceStoreStatistics(spanCount: 0) }
    func close() async {}
}

/// A batch of spans of one trace.
func batch(spans count: Int, trace: UInt64 = 7) -> SpanBatch {
    SpanBatch(
        resource: Resource(attributes: [Attribute("service.name", "sender")]),
        scope: InstrumentationScope(name: "test"),
        spans: (0..<count).map {
            Span(
                traceID: TraceID(high: 0, low: trace),
                spanID: SpanID(UInt64($0 + 1)),
                parentSpanID: $0 == 0 ? nil : SpanID(1),
                name: "step \($0)",
                startTime: 1_700_000_000_000_000_000,
                endTime: 1_700_000_000_000_001_000
            )
        }
    )
}
