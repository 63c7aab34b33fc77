internal import TraceModel
internal import TraceQuery
internal import TraceStore

/// Where the query APIs read single traces: the store, and the archive of those to keep beyond its retention.
struct TraceSource: Sendable {
    let store: any TraceStore
    let archive: (any TraceStore)?
    /// Common to all query ports.
    let gate: LargeTraceGate

    /// One complete trace: what is stored and what is archived of it.
    ///
    /// - Throws: also ``APIError`` 503 when there are too many large traces in memory.
    func trace(_ id: TraceID) async throws -> HeldTrace? {
        var bound = TraceFootprint(spanCount: 0, size: 0)
        for store in [archive, store].compactMap(\.self) {
            guard let footprint = try await store.footprint(of: id) else { continue }
            bound.spanCount += footprint.spanCount
            bound.size += footprint.size
        }
        let early = try await gate.enter(size: bound.size > LargeTraceGate.unreadSize ? bound.size : 0)
        guard let trace = try await read(id) else { return nil }
        // The bound was one for all spans in the trace's blocks.
        let size = bound.size / max(1, bound.spanCount) * trace.batch.spanCount
        early?.shrink(to: size)
        let permit = early == nil ? try await gate.enter(size: size) : early
        return HeldTrace(trace: trace, permit: permit, size: size)
    }

    private func read(_ id: TraceID) async throws -> StoredTrace? {
        guard let archived = try await archive?.trace(id) else { return try await store.trace(id) }
        guard let stored = try await store.trace(id) else { return archived }
        var assembler = TraceAssembler(id: id)
        assembler.add(stored.batch)
        assembler.add(archived.batch)
        return assembler.trace
    }

    /// The traces in the order of the ids; those that are not there are left out.
    func traces(_ ids: some Sequence<TraceID>) async throws -> [HeldTrace] {
        var found: [HeldTrace] = []
        for id in ids { if let trace = try await trace(id) { found.append(trace) } }
        return found
    }

    /// Copies a trace into the archive; spans that are there already are not copied again.
    ///
    /// - Throws: ``APIError`` 404 for an unknown trace, 500 without an archive.
    func keep(_ id: TraceID) async throws {
        guard let archive else { throw APIError(status: 500, message: "archive span storage was not configured") }
        let archived = try await archive.trace(id)
        guard let stored = try await store.trace(id) else {
            if archived != nil { return }
            throw APIError.notFound("trace not found")
        }
        var assembler = TraceAssembler(id: id)
        if let archived { assembler.add(archived.batch) }
        if assembler.add(stored.batch) > 0 { try await archive.append([stored.batch]) }
    }
}

/// A trace for an answer, and the place that it has among the large ones until the answer is sent.
struct HeldTrace: Sendable {
    let trace: StoredTrace
    let permit: LargeTraceGate.Permit?
    /// Bytes in the store, about, not compressed; 0 when the store does not say.
    let size: Int

    var id: TraceID { trace.id }
    var batch: SpanBatch { trace.batch }
    /// Made anew each time.
    var tree: TraceTree { TraceTree(traceID: id, batch: batch) }
    var permits: [LargeTraceGate.Permit] { permit.map { [$0] } ?? [] }
}
