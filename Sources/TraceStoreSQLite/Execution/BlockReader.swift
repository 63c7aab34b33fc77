internal import Compression
internal import Synchronization
internal import TraceModel
internal import TraceStore
internal import TraceWire

/// Answers one read: a snapshot of the directory and a transaction of the same moment.
///
/// Only the current partition changes, so it is the only one with a transaction.
struct BlockReader {
    let snapshot: PartitionDirectory.Snapshot
    let directory: PartitionDirectory
    private let files: OpenPartitions
    private let caches: BlockCaches
    private let cancellation: Cancellation
    /// Bytes of memory for the spans that a scan keeps of incomplete traces.
    private let scanMemorySize: Int

    /// Runs `body` within a read transaction.
    static func read<R>(
        _ files: OpenPartitions, _ directory: PartitionDirectory, _ caches: BlockCaches, _ cancellation: Cancellation,
        scanMemorySize: Int = 0, _ body: (BlockReader) throws -> R
    ) throws -> R {
        while true {
            try cancellation.check()
            let current = directory.snapshot.current.partition
            let connection = try files.reader(of: current).connection
            let snapshot: PartitionDirectory.Snapshot?
            do {
                snapshot = try directory.read(current: current) {
                    try connection.execute("BEGIN")
                    // The transaction's moment is its first read.
                    _ = try connection.number("SELECT id FROM operations LIMIT 1")
                }
            } catch {
                try? connection.execute("ROLLBACK")
                throw error
            }
            // Once in a while a new partition was begun just now.
            guard let snapshot else { continue }
            defer { try? connection.execute("COMMIT") }
            return try body(
                BlockReader(
                    snapshot: snapshot, directory: directory, files: files, caches: caches, cancellation: cancellation, scanMemorySize: scanMemorySize
                )
            )
        }
    }

    // MARK: Traces

    func trace(_ id: TraceID) throws -> StoredTrace? {
        try traces([id], .whole)[id]
    }

    /// Of the numbers of the blocks that have spans of the trace: what comes to it comes in a new block, and no number is used twice.
    func version(ofTrace id: TraceID) throws -> TraceVersion? {
        let fingerprint = BlockSummary.fingerprint(id)
        var version: UInt64?
        func add(_ number: UInt64) {
            let product = ((version ?? 0) ^ number &+ 0x9e37_79b9_7f4a_7c15).multipliedFullWidth(by: 0xd6e8_feb8_6659_fd93)
            version = product.high ^ product.low
        }
        for entry in snapshot.entries {
            for block in try contents(entry).blocks where block.traces.containsSorted(fingerprint) {
                // Numbers of partitions change when the store is opened again, their times do not.
                add(entry.partition.createdAt)
                add(UInt64(bitPattern: block.id.number))
            }
        }
        return version.map(TraceVersion.init)
    }

    /// The blocks that have spans of a trace, from their summaries: exact for the trace of a block of its own.
    func footprint(of id: TraceID) throws -> TraceFootprint? {
        let fingerprint = BlockSummary.fingerprint(id)
        var footprint: TraceFootprint?
        for entry in snapshot.entries {
            for block in try contents(entry).blocks where block.traces.containsSorted(fingerprint) {
                var found = footprint ?? TraceFootprint(spanCount: 0, size: 0)
                // Each other trace of the block has one span at least.
                let spanCount = max(1, block.spanCount - block.traces.count + 1)
                found.spanCount += spanCount
                found.size += block.rawSize / max(1, block.spanCount) * spanCount
                footprint = found
            }
        }
        return footprint
    }

    /// The traces that match, complete, newest first.
    func findTraces(_ search: TraceSearch) throws -> [StoredTrace] {
        guard search.limit > 0 else { return [] }
        let candidates = try candidates(search.startTime) { [BlockConditions(search, $0)] }
        let filter = BlockFilter.candidates(search)
        let sweep = TraceSweep(reader: self, candidates: candidates, projection: .whole, memorySize: scanMemorySize) { bytes in
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
        let wide = filter.widened(projection)
        var sweep = TraceSweep(
            reader: self, candidates: try candidates(selection), projection: projection, memorySize: scanMemorySize, look: filter.newest
        ) { try filter.traces(in: $0, wide) }
        sweep.takesAll = selection.anyOf.isEmpty
        try sweep.run(firstBatchCount: Self.firstBatchCount, body)
    }

    /// Visits the spans that may be selected, newest blocks first.
    func scanSpans(_ selection: SpanSelection, _ projection: SpanProjection, _ body: (SpanBatch) throws -> ScanStep) throws {
        let filter = SelectionFilter(selection)
        let blocks = try candidates(selection).sorted { $0.maximumStart > $1.maximumStart }
        try stream(blocks, first: 1 << 20, last: 16 << 20) { _ in
            { try filter.spans(in: $0, projection) }
        } body: { (_, _, batches: [SpanBatch]) in
            for batch in batches where !batch.resourceSpans.isEmpty {
                if try body(batch) == .stop { return .stop }
            }
            return .more
        }
    }

    /// Traces of the first batch of a scan: it may be all that the caller wants.
    private static let firstBatchCount = 64

    /// The blocks that may hold a selected span.
    private func candidates(_ selection: SpanSelection) throws -> [BlockSummary] {
        try candidates(selection.startTime) { operations in
            selection.anyOf.isEmpty ? [BlockConditions([], operations)] : selection.anyOf.map { BlockConditions($0, operations) }
        }
    }

    /// The blocks of a window in which one of the conditions may hold.
    private func candidates(_ window: ClosedRange<UInt64>, _ conditions: (OperationTable) -> [BlockConditions]) throws -> [BlockSummary] {
        var candidates: [BlockSummary] = []
        for entry in snapshot.entries where entry.facts.maximumStart >= window.lowerBound && entry.facts.minimumStart <= window.upperBound {
            let conditions = conditions(entry.facts.operations).filter(\.canHold)
            if conditions.isEmpty { continue }
            for block in try contents(entry).blocks where block.maximumStart >= window.lowerBound && block.minimumStart <= window.upperBound {
                let likely = conditions.filter { $0.mayHold(in: block) }
                if likely.isEmpty { continue }
                if likely.contains(where: { $0.hashes.isEmpty }) {
                    candidates.append(block)
                } else {
                    let filter = try filter(block, entry.partition)
                    if likely.contains(where: { $0.mayHold(in: filter) }) { candidates.append(block) }
                }
            }
            try cancellation.check()
        }
        return candidates
    }

    private func contents(_ entry: PartitionDirectory.Entry) throws -> PartitionContents {
        if let contents = entry.contents { return contents }
        return try directory.contents(of: entry.partition) { try entry.partition.contents(files.reader(of: entry.partition).connection) }
    }

    /// Puts traces together from all blocks that have spans of them.
    ///
    /// - Parameter opened: told of each block that has any of them, and which.
    func traces(
        _ ids: Set<TraceID>, _ projection: SpanProjection, opened: (BlockID, Set<TraceID>) -> Void = { _, _ in }
    ) throws -> [TraceID: StoredTrace] {
        let fingerprints = FingerprintSet(ids.map(BlockSummary.fingerprint))
        let only = ids.count == 1 ? ids.first : nil
        var assemblers: [[TraceID: TraceAssembler]] = [[:], [:]]
        var holders: [BlockSummary] = []
        for entry in snapshot.entries { holders += try contents(entry).blocks.filter { fingerprints.containsAny(of: $0.traces) } }
        var rest = holders[...]
        while !rest.isEmpty {
            let blocks = Array(TraceSweep.prefix(of: rest, size: 24 << 20))
            rest = rest.dropFirst(blocks.count)
            let batches = try map(blocks) { bytes in
                var choice = OTLPChoice(projection)
                choice.wantsSpan = { head in only.map { $0 == head.traceID } ?? ids.contains(head.traceID) }
                return try OTLPProtobuf.decode(bytes, choosing: choice)
            }
            for (block, batch) in zip(blocks, batches) { opened(block.id, batch.traceIDs) }
            if only != nil {
                // In place: a large trace would be copied for each round otherwise.
                for batch in batches { batch.add(to: &assemblers[0]) { ids.contains($0) } }
                continue
            }
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

    // MARK: Lists

    /// The lists of attributes of all partitions with spans in a window.
    func attributes(in window: ClosedRange<UInt64>) throws -> [AttributeDictionary] {
        try snapshot.entries.filter { $0.facts.spanCount > 0 && $0.facts.maximumStart >= window.lowerBound && $0.facts.minimumStart <= window.upperBound }
            .map { try contents($0).attributes }
    }

    // MARK: Blocks

    /// All blocks but these.
    func blocks(except known: [BlockSummary]) throws -> [BlockSummary] {
        let known = Set(known.map(\.id))
        return try snapshot.entries.flatMap { try contents($0).blocks.filter { !known.contains($0.id) } }
    }

    /// Passes blocks in their order, some at a time.
    ///
    /// Most searches end after a few blocks, which are opened when they are wanted and kept in the cache. A pass that has gone through
    /// half of the cache's size is a long one: the next blocks are opened while `body` has the results of some, and the cache is left
    /// to others, because it would hold nothing of use to the next pass.
    ///
    /// - Parameters:
    ///   - first: bytes of blocks, decompressed, that are opened at once at first; doubled from time to time.
    ///   - last: at most.
    ///   - prepare: called with the places of the next blocks; gives what makes a result of each block's bytes, on all cores.
    ///   - body: called with the places of the blocks, those that are opened meanwhile, and the results.
    func stream<R: Sendable>(
        _ blocks: [BlockSummary], first: Int, last: Int, prepare: (Range<Int>) throws -> @Sendable ([UInt8]) throws -> R,
        body: (_ places: Range<Int>, _ next: Range<Int>, _ results: [R]) throws -> ScanStep
    ) throws {
        try withoutActuallyEscaping(body) { body in
            var size = first
            var passed = 0
            var places = 0..<0
            var results: [R] = []
            var step = ScanStep.more
            repeat {
                let next = places.upperBound..<places.upperBound + TraceSweep.prefix(of: blocks[places.upperBound...], size: size).count
                var isVisited = places.isEmpty
                let isLong = passed >= caches.blocks.maximumSize / 2
                if !isVisited, !isLong {
                    isVisited = true
                    step = try body(places, next, results)
                    if step == .stop { return }
                }
                let transform = try prepare(next)
                let isStopped = Atomic(false)
                var opened: [R?] = []
                do {
                    opened = try map(Array(blocks[next]), isCached: !isLong) {
                        if isVisited { return }
                        isVisited = true
                        step = try body(places, next, results)
                        if step == .stop { isStopped.store(true, ordering: .relaxed) }
                    } _: { bytes in
                        isStopped.load(ordering: .relaxed) ? nil : try transform(bytes)
                    }
                } catch {
                    // What was opened before may be all that is wanted: a block that is damaged does not matter then.
                    if !isVisited, !(error is CancellationError) { step = try body(places, next, results) }
                    if step == .stop { return }
                    throw error
                }
                passed += blocks[next].reduce(0) { $0 + $1.rawSize }
                size = min(size * 2, last)
                results = opened.compactMap(\.self)
                places = next
            } while step == .more && !places.isEmpty
        }
    }

    /// Applies `body` to the bytes of each block, on all cores.
    ///
    /// - Parameters:
    ///   - isCached: blocks are kept in the cache.
    ///   - other: is done meanwhile.
    func map<R: Sendable>(
        _ blocks: [BlockSummary], isCached: Bool = true, beside other: (() throws -> Void)? = nil, _ body: @escaping @Sendable ([UInt8]) throws -> R
    ) throws -> [R] {
        try cancellation.check()
        let cache = caches.blocks
        // The files are read by this thread only.
        let stored = try blocks.map { block in
            if let bytes = cache[block.id] { return StoredBlock(block: block, bytes: bytes, isCompressed: false, path: "") }
            let partition = try partition(of: block)
            guard let bytes = try files.reader(of: partition).block(block.id.number) else { throw Self.damaged(block, partition.path, "it is missing") }
            return StoredBlock(block: block, bytes: bytes, isCompressed: true, path: partition.path)
        }
        let cancellation = self.cancellation
        return try mapInParallel(stored, beside: other) { stored in
            try cancellation.check()
            do {
                guard stored.isCompressed else { return try body(stored.bytes) }
                let bytes = try Zstd.decompress(stored.bytes, maximumSize: stored.block.rawSize)
                if isCached { cache.insert(bytes, id: stored.block.id) }
                return try body(bytes)
            } catch let error as WireError {
                throw Self.damaged(stored.block, stored.path, error.message)
            } catch let error as CompressionError {
                throw Self.damaged(stored.block, stored.path, error.message)
            } catch let error as StoreError where error.code == .corrupt {
                throw Self.damaged(stored.block, stored.path, error.message)
            }
        }
    }

    private struct StoredBlock: Sendable {
        var block: BlockSummary
        var bytes: [UInt8]
        var isCompressed: Bool
        var path: String
    }

    /// A block's filter; empty for one without.
    private func filter(_ block: BlockSummary, _ partition: Partition) throws -> [UInt8] {
        if let filter = caches.filters[block.id] { return filter }
        let filter = try files.reader(of: partition).filter(block.id.number) ?? []
        caches.filters.insert(filter, id: block.id)
        return filter
    }

    private func partition(of block: BlockSummary) throws -> Partition {
        guard let entry = snapshot.entries.first(where: { $0.partition.number == block.id.partition }) else {
            throw StoreError(code: .corrupt, message: "block \(block.id.number) belongs to no partition")
        }
        return entry.partition
    }

    private static func damaged(_ block: BlockSummary, _ path: String, _ reason: String) -> StoreError {
        StoreError(
            code: .corrupt,
            message: "block \(block.id.number) of the trace file '\(path)' is damaged: \(reason); move the file away to start a new one, or restore it from a backup"
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
