internal import Compression
internal import TraceModel
internal import TraceStore
internal import TraceWire

/// Answers one read: a snapshot of the directory and a transaction of the same moment.
struct BlockReader {
    let snapshot: BlockDirectory.Snapshot
    private let connection: SQLiteConnection
    private let cache: BlockCache
    private let cancellation: Cancellation

    /// Runs `body` within a read transaction.
    static func read<R>(
        _ connection: SQLiteConnection, _ directory: BlockDirectory, _ cache: BlockCache, _ cancellation: Cancellation,
        _ body: (BlockReader) throws -> R
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
        return try body(BlockReader(snapshot: snapshot, connection: connection, cache: cache, cancellation: cancellation))
    }

    // MARK: Traces

    func trace(_ id: TraceID) throws -> StoredTrace? {
        try traces([id], .whole)[id]
    }

    /// The traces that match, complete, newest first.
    func findTraces(_ search: TraceSearch) throws -> [StoredTrace] {
        guard search.limit > 0 else { return [] }
        let operations = snapshot.operations.candidates(service: search.service, operation: search.operation)
        let candidates = snapshot.blocks.filter { block in
            block.maximumStart >= search.startTime.lowerBound && block.minimumStart <= search.startTime.upperBound
                && block.maximumDuration >= search.minimumDuration ?? 0
                && operations.map { operations in block.operations.contains(where: operations.contains) } ?? true
        }
        let filter = BlockFilter.candidates(search)
        let sweep = TraceSweep(reader: self, candidates: candidates, projection: .whole) { bytes in
            var newest: [TraceID: UInt64] = [:]
            search.forEachMatch(in: try OTLPProtobuf.decode(filter.apply(bytes)).batch) { id, start in newest[id] = max(newest[id] ?? 0, start) }
            return newest
        }
        var traces: [StoredTrace] = []
        try sweep.run(firstBatchCount: search.limit) { batch in
            traces += batch.prefix(search.limit - traces.count)
            return traces.count < search.limit ? .more : .stop
        }
        return traces
    }

    /// Visits the traces with a selected span, newest first.
    func scanTraces(_ selection: SpanSelection, _ projection: SpanProjection, _ body: ([StoredTrace]) throws -> ScanStep) throws {
        let filter = SelectionFilter(selection)
        let sweep = TraceSweep(reader: self, candidates: candidates(selection), projection: projection, newest: filter.newest)
        try sweep.run(firstBatchCount: Self.firstBatchCount, body)
    }

    /// Visits the spans that may be selected, newest blocks first.
    func scanSpans(_ selection: SpanSelection, _ projection: SpanProjection, _ body: (SpanBatch) throws -> ScanStep) throws {
        let filter = SelectionFilter(selection)
        var rest = candidates(selection).sorted { $0.maximumStart > $1.maximumStart }[...]
        var size = 1 << 20
        while !rest.isEmpty {
            let blocks = Array(TraceSweep.prefix(of: rest, size: size))
            rest = rest.dropFirst(blocks.count)
            size = min(size * 2, 16 << 20)
            for batch in try map(blocks, { try filter.spans(in: $0, projection) }) where !batch.resourceSpans.isEmpty {
                if try body(batch) == .stop { return }
            }
        }
    }

    /// Traces of the first batch of a scan: it may be all that the caller wants.
    private static let firstBatchCount = 64

    /// The blocks that may hold a selected span.
    private func candidates(_ selection: SpanSelection) -> [BlockSummary] {
        let conjunctions = selection.anyOf.map { BlockConditions($0, snapshot.operations) }
        return snapshot.blocks.filter { block in
            block.maximumStart >= selection.startTime.lowerBound && block.minimumStart <= selection.startTime.upperBound
                && (conjunctions.isEmpty || conjunctions.contains { $0.mayHold(in: block) })
        }
    }

    /// Puts traces together from all blocks that have spans of them.
    ///
    /// - Parameter opened: told of each block that has any of them, and which.
    func traces(
        _ ids: Set<TraceID>, _ projection: SpanProjection, opened: (Int64, Set<TraceID>) -> Void = { _, _ in }
    ) throws -> [TraceID: StoredTrace] {
        let fingerprints = FingerprintSet(ids.map(BlockSummary.fingerprint))
        let only = ids.count == 1 ? ids.first : nil
        var assemblers: [[TraceID: TraceAssembler]] = [[:], [:]]
        var rest = snapshot.blocks.filter { fingerprints.containsAny(of: $0.traces) }[...]
        while !rest.isEmpty {
            let blocks = Array(TraceSweep.prefix(of: rest, size: 24 << 20))
            rest = rest.dropFirst(blocks.count)
            let batches = try map(blocks) { bytes in
                var choice = OTLPChoice(projection)
                choice.wantsSpan = { head in only.map { $0 == head.traceID } ?? ids.contains(head.traceID) }
                return try OTLPProtobuf.decode(bytes, choosing: choice)
            }
            for (block, batch) in zip(blocks, batches) { opened(block.id, batch.traceIDs) }
            // Each of the two takes the traces of half of the ids.
            assemblers = try mapInParallel(Array(assemblers.enumerated())) { half, assemblers in
                var assemblers = assemblers
                for batch in batches { batch.add(to: &assemblers) { Int($0.low & 1) == half } }
                return assemblers
            }
        }
        var traces: [TraceID: StoredTrace] = [:]
        traces.reserveCapacity(ids.count)
        for (id, assembler) in assemblers.joined() { traces[id] = assembler.trace }
        return traces
    }

    // MARK: Blocks

    /// Applies `body` to the bytes of each block, on all cores.
    func map<R: Sendable>(_ blocks: [BlockSummary], _ body: @escaping @Sendable ([UInt8]) throws -> R) throws -> [R] {
        try cancellation.check()
        let cache = self.cache
        // The connection is read by this thread only.
        let stored = try blocks.map { block in
            if let bytes = cache[block.id] { return (block: block, bytes: bytes, isCached: true) }
            return (block: block, bytes: try compressed(block), isCached: false)
        }
        let path = connection.path
        let cancellation = self.cancellation
        return try mapInParallel(stored) { stored in
            try cancellation.check()
            do {
                if stored.isCached { return try body(stored.bytes) }
                let bytes = try Zstd.decompress(stored.bytes, maximumSize: stored.block.rawSize)
                cache.insert(bytes, id: stored.block.id)
                return try body(bytes)
            } catch let error as WireError {
                throw Self.damaged(stored.block, path, error.message)
            } catch let error as CompressionError {
                throw Self.damaged(stored.block, path, error.message)
            } catch let error as StoreError where error.code == .corrupt {
                throw Self.damaged(stored.block, path, error.message)
            }
        }
    }

    private func compressed(_ block: BlockSummary) throws -> [UInt8] {
        let statement = try connection.prepare("SELECT data FROM blocks WHERE id = ?")
        statement.bind(1, block.id)
        guard try statement.step() else { throw Self.damaged(block, connection.path, "it is missing") }
        return statement.bytes(0)
    }

    private static func damaged(_ block: BlockSummary, _ path: String, _ reason: String) -> StoreError {
        StoreError(
            code: .corrupt,
            message: "block \(block.id) of the trace file '\(path)' is damaged: \(reason); move the file away to start a new one, or restore it from a backup"
        )
    }
}

extension SpanBatch {
    fileprivate var traceIDs: Set<TraceID> {
        var ids: Set<TraceID> = []
        var last: TraceID?
        for group in resourceSpans {
            for scopeSpans in group.scopeSpans {
                for span in scopeSpans.spans where span.traceID != last {
                    ids.insert(span.traceID)
                    last = span.traceID
                }
            }
        }
        return ids
    }

    /// Adds the spans of the traces wanted; spans of one trace that follow each other go together.
    fileprivate func add(to traces: inout [TraceID: TraceAssembler], where isWanted: (TraceID) -> Bool) {
        for group in resourceSpans {
            for scopeSpans in group.scopeSpans {
                let spans = scopeSpans.spans
                var start = 0
                while start < spans.count {
                    let id = spans[start].traceID
                    var end = start + 1
                    while end < spans.count, spans[end].traceID == id { end += 1 }
                    if isWanted(id) {
                        traces[id, default: TraceAssembler(id: id)].add(
                            spans[start..<end], resource: group.resource, resourceSchemaURL: group.schemaURL,
                            scope: scopeSpans.scope, scopeSchemaURL: scopeSpans.schemaURL
                        )
                    }
                    start = end
                }
            }
        }
    }
}
