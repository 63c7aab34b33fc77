internal import Synchronization
public import TraceModel

/// Keeps spans in memory, for tests.
///
/// It is a processor too: given to a tracer directly it holds each span as soon as that has ended, without any waiting.
public final class InMemorySpanExporter: SpanExporter, SpanProcessor {
    private struct State {
        var batches: [SpanBatch] = []
        var isShutDown = false
    }

    private let state = Mutex(State())

    public init() {}

    /// The batches as they came in; a span that came directly from a tracer is a batch of its own.
    public var batches: [SpanBatch] { state.withLock { $0.batches } }

    /// All spans in the order in which they ended.
    public var spans: [Span] {
        batches.flatMap { $0.resourceSpans.flatMap { $0.scopeSpans.flatMap(\.spans) } }
    }

    /// The first span of this name.
    public func span(named name: String) -> Span? { spans.first { $0.name == name } }

    /// `shutdown` was called.
    public var isShutDown: Bool { state.withLock { $0.isShutDown } }

    /// Forgets all spans.
    public func reset() { state.withLock { $0.batches = [] } }

    public func export(_ batch: SpanBatch) async -> SpanExportResult {
        state.withLock { $0.batches.append(batch) }
        return .success
    }

    public func onEnd(_ span: consuming Span, scope: InstrumentationScope) {
        let batch = SpanBatch(resource: Resource(), scope: scope, spans: [span])
        state.withLock { $0.batches.append(batch) }
    }

    public func forceFlush() async {}

    public func shutdown() async { state.withLock { $0.isShutDown = true } }
}
