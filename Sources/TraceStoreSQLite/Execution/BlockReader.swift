internal import Compression
internal import TraceModel
internal import TraceStore
internal import TraceWire

/// Answers one read: a snapshot of the directory and a transaction of the same moment.
struct BlockReader {
    let snapshot: BlockDirectory.Snapshot
    private let connection: SQLiteConnection
    private let cache: BlockCache

    /// Runs `body` within a read transaction.
    static func read<R>(
        _ connection: SQLiteConnection, _ directory: BlockDirectory, _ cache: BlockCache, _ body: (BlockReader) throws -> R
    ) throws -> R {
        let snapshot: BlockDirectory.Snapshot
        do {
            snapshot = try directory.read {
                try connection.execute("BEGIN")
                // The transaction's moment is its first read.
                _ = try connection.number("SELECT id FROM operations LIMIT 1")
            }
        } catch {
            try? connection.execute("ROLLBACK")
            throw error
        }
        defer { try? connection.execute("COMMIT") }
        return try body(BlockReader(snapshot: snapshot, connection: connection, cache: cache))
    }

    func trace(_ id: TraceID) throws -> StoredTrace? {
        let fingerprint = BlockSummary.fingerprint(id)
        var assembler = TraceAssembler(id: id)
        for block in snapshot.blocks where block.mayHold(trace: fingerprint) {
            assembler.add(try spans(of: block, .traces([id])))
        }
        return assembler.trace
    }

    /// The traces that match, complete, newest first.
    func findTraces(_ search: TraceSearch) throws -> [StoredTrace] {
        guard search.limit > 0 else { return [] }
        let ids = try newestMatches(search)
        let traces = try self.traces(Set(ids))
        return ids.compactMap { traces[$0]?.trace }
    }

    /// The ids of the traces with the newest matching spans, newest first, at most `search.limit`.
    ///
    /// Blocks are visited by their newest start, and no more once none can hold a match newer than those found.
    private func newestMatches(_ search: TraceSearch) throws -> [TraceID] {
        let operations = snapshot.operations.candidates(service: search.service, operation: search.operation)
        let candidates = snapshot.blocks.filter { block in
            block.maximumStart >= search.startTime.lowerBound && block.minimumStart <= search.startTime.upperBound
                && block.maximumDuration >= search.minimumDuration ?? 0
                && operations.map { operations in block.operations.contains(where: operations.contains) } ?? true
        }.sorted { $0.maximumStart > $1.maximumStart }
        let filter = BlockFilter.candidates(search)
        var newest: [TraceID: UInt64] = [:]
        var ranked: [(id: TraceID, start: UInt64)] = []
        for block in candidates {
            if ranked.count == search.limit, let last = ranked.last, last.start > block.maximumStart { break }
            search.forEachMatch(in: try spans(of: block, filter)) { id, start in
                newest[id] = max(newest[id] ?? 0, start)
            }
            ranked = newest.map { (id: $0.key, start: $0.value) }
            ranked.sort { $0.start != $1.start ? $0.start > $1.start : $0.id < $1.id }
            if ranked.count > search.limit {
                for extra in ranked[search.limit...] { newest[extra.id] = nil }
                ranked.removeLast(ranked.count - search.limit)
            }
        }
        return ranked.map(\.id)
    }

    private func traces(_ ids: Set<TraceID>) throws -> [TraceID: TraceAssembler] {
        var traces: [TraceID: TraceAssembler] = [:]
        let fingerprints = ids.map(BlockSummary.fingerprint)
        for block in snapshot.blocks where fingerprints.contains(where: block.mayHold) {
            for resourceSpans in try spans(of: block, .traces(ids)).resourceSpans {
                for scopeSpans in resourceSpans.scopeSpans {
                    for (id, spans) in Dictionary(grouping: scopeSpans.spans, by: \.traceID) {
                        traces[id, default: TraceAssembler(id: id)].add(
                            spans, resource: resourceSpans.resource, resourceSchemaURL: resourceSpans.schemaURL,
                            scope: scopeSpans.scope, scopeSchemaURL: scopeSpans.schemaURL
                        )
                    }
                }
            }
        }
        return traces
    }

    /// The spans of a block that pass a filter.
    private func spans(of block: BlockSummary, _ filter: BlockFilter) throws -> SpanBatch {
        do {
            return try OTLPProtobuf.decode(filter.apply(try bytes(of: block))).batch
        } catch let error as WireError {
            throw damaged(block, error.message)
        } catch let error as CompressionError {
            throw damaged(block, error.message)
        } catch let error as StoreError where error.code == .corrupt {
            throw damaged(block, error.message)
        }
    }

    private func bytes(of block: BlockSummary) throws -> [UInt8] {
        if let bytes = cache[block.id] { return bytes }
        let statement = try connection.prepare("SELECT data FROM blocks WHERE id = ?")
        statement.bind(1, block.id)
        guard try statement.step() else { throw StoreError(code: .corrupt, message: "it is missing") }
        let bytes = try Zstd.decompress(statement.bytes(0), maximumSize: block.rawSize)
        cache.insert(bytes, id: block.id)
        return bytes
    }

    private func damaged(_ block: BlockSummary, _ reason: String) -> StoreError {
        StoreError(
            code: .corrupt,
            message: "block \(block.id) of the trace file '\(connection.path)' is damaged: \(reason); move the file away to start a new one, or restore it from a backup"
        )
    }
}
