internal import TraceModel
internal import TraceStore

/// Where the query APIs read single traces: the store, and the archive of those to keep beyond its retention.
struct TraceSource: Sendable {
    let store: any TraceStore
    let archive: (any TraceStore)?

    /// One complete trace: what is stored and what is archived of it.
    func trace(_ id: TraceID) async throws -> StoredTrace? {
        guard let archived = try await archive?.trace(id) else { return try await store.trace(id) }
        guard let stored = try await store.trace(id) else { return archived }
        var assembler = TraceAssembler(id: id)
        assembler.add(stored.batch)
        assembler.add(archived.batch)
        return assembler.trace
    }

    /// The traces in the order of the ids; those that are not there are left out.
    func traces(_ ids: some Sequence<TraceID>) async throws -> [StoredTrace] {
        var found: [StoredTrace] = []
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
