public import TraceModel

/// Keeps spans, and gives them back as traces.
///
/// Every implementation passes ``TraceStoreConformance``. All methods may be called at any time from any task.
public protocol TraceStore: SpanSink {
    /// Stores spans.
    ///
    /// - MUST return only after the spans will be found by every later read, and, in a persistent store, after they survive
    ///   a `kill -9` of the process.
    /// - MUST store all of the spans or, when it throws, none.
    /// - MUST keep every field of every span, resource and scope.
    /// - MUST keep two different spans that carry the same id; a span that is equal in all its fields, resource and scope
    ///   to a stored one MAY be stored again, but MUST be returned once.
    ///
    /// Every span must have a valid trace id and span id; receivers have rejected others before.
    ///
    /// - Throws: ``StoreError``.
    func append(_ batches: [SpanBatch]) async throws

    /// The names of all services that have sent a span, sorted by their characters.
    func services() async throws -> [String]

    /// The operations of one service, sorted by name, then kind; empty for an unknown service.
    func operations(service: String) async throws -> [Operation]

    /// One complete trace, or `nil` when no span of it is stored. Spans that came late are included.
    func trace(_ id: TraceID) async throws -> StoredTrace?

    /// Tells whether a trace has changed, without reading it where the store can.
    ///
    /// - MUST differ from every earlier version when spans have come to the trace, or have gone, since.
    /// - MAY differ although nothing changed, and MAY be there for a trace that is not stored: the caller then reads it.
    ///
    /// The default implementation reads the trace.
    ///
    /// - Returns: `nil` when no span of it is stored.
    func version(ofTrace id: TraceID) async throws -> TraceVersion?

    /// How large a trace may be, told without reading it; `nil` where the store cannot tell, and for a trace that is not there.
    func footprint(of id: TraceID) async throws -> TraceFootprint?

    /// The traces with at least one span that matches (``TraceSearch/matches(span:resource:scope:)``).
    ///
    /// - Returns: complete traces, at most `search.limit`, ordered by the start of each trace's newest matching span, newest first.
    func findTraces(_ search: TraceSearch) async throws -> [StoredTrace]

    /// Visits stored spans, newest blocks first.
    ///
    /// - MUST visit every stored span for which ``SpanSelection/matches(span:resource:scope:)`` holds, each distinct one at least once.
    /// - MAY visit others: the caller judges again.
    /// - MUST fill what `projection` asks for, and MAY fill more.
    ///
    /// - Parameters:
    ///   - state: what `body` gathers in; given back at the end.
    ///   - body: called with spans, one call at a time, on a thread of the store's; it must not wait for other reads.
    /// - Throws: ``StoreError``, what `body` throws, and `CancellationError` soon after the task was cancelled.
    func scanSpans<State: Sendable>(
        _ selection: SpanSelection, projection: SpanProjection, into state: State,
        _ body: @escaping @Sendable (inout State, SpanBatch) throws -> ScanStep
    ) async throws -> State

    /// Visits complete traces that have at least one selected span, each trace once, newest first.
    ///
    /// The order is that of the start of each trace's newest selected span; with equal starts any. What ``SpanSelection`` and
    /// ``SpanProjection`` promise in ``scanSpans(_:projection:into:_:)`` holds here, too; the projection is for all spans of the trace.
    func scanTraces<State: Sendable>(
        _ selection: SpanSelection, projection: SpanProjection, into state: State,
        _ body: @escaping @Sendable (inout State, [StoredTrace]) throws -> ScanStep
    ) async throws -> State

    /// The keys of attributes in a window, sorted by scope, then key; at most `limit`.
    ///
    /// MAY also name keys that occur shortly before or after the window.
    func attributeKeys(scope: AttributeScope?, startTime: ClosedRange<UInt64>, limit: Int) async throws -> [AttributeKey]

    /// The values of an attribute in a window, the most frequent first; at most `limit`.
    ///
    /// MAY also give values from shortly before or after the window; counts MAY be estimates.
    func attributeValues(_ key: AttributeKey, startTime: ClosedRange<UInt64>, limit: Int) async throws -> [AttributeValueCount]

    /// How much is stored.
    func statistics() async throws -> TraceStoreStatistics

    /// Finishes running work and frees all resources; later calls throw ``StoreError`` `.closed`. May be called twice.
    func close() async
}

extension TraceStore {
    public func footprint(of id: TraceID) async throws -> TraceFootprint? { nil }
}
