public import TraceModel

/// Keeps spans, and gives them back as traces.
///
/// Every implementation passes ``TraceStoreConformance``. All methods may be called at any time from any task.
public protocol TraceStore: Sendable {
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

    /// The traces with at least one span that matches (``TraceSearch/matches(span:resource:scope:)``).
    ///
    /// - Returns: complete traces, at most `search.limit`, ordered by the start of each trace's newest matching span, newest first.
    func findTraces(_ search: TraceSearch) async throws -> [StoredTrace]

    /// How much is stored.
    func statistics() async throws -> TraceStoreStatistics

    /// Finishes running work and frees all resources; later calls throw ``StoreError`` `.closed`. May be called twice.
    func close() async
}
