internal import TraceModel
internal import TraceStore
internal import TraceWire

/// Visits complete traces, newest match first.
///
/// Blocks that may hold a match are looked through by their newest start, some at a time. A trace is ready when no block that is left
/// can hold a newer match; it is then put together from all blocks that have spans of it, in batches. So the newest traces are there
/// after a few blocks, and what is in memory is bounded by the batches, however much is scanned.
struct TraceSweep {
    /// Most traces that are put together at once: with all of their attributes, and without.
    private static let maximumBatchCounts = (whole: 4096, bare: 16_384)
    /// Bytes of blocks, decompressed, that are looked through at once: at first, and at most. Only what is decompressed at the moment
    /// is in memory; and the larger a chunk, the fewer blocks are opened again for the traces that begin in one and end in another.
    private static let chunkSizes = (first: 1 << 20, last: 192 << 20)

    let reader: BlockReader
    /// The blocks that may hold a match.
    let candidates: [BlockSummary]
    /// What is decoded of a trace's spans.
    let projection: SpanProjection
    /// The newest match of each trace in a block.
    let newest: @Sendable (_ bytes: [UInt8]) throws -> [TraceID: UInt64]

    /// - Parameters:
    ///   - firstBatchCount: the most traces of the first batch; later ones are larger.
    ///   - body: called with batches of traces until it says stop.
    func run(firstBatchCount: Int, _ body: ([StoredTrace]) throws -> ScanStep) throws {
        let candidates = self.candidates.sorted { $0.maximumStart > $1.maximumStart }
        let places = Dictionary(candidates.enumerated().map { ($0.element.id, $0.offset) }, uniquingKeysWith: { first, _ in first })
        var found: [TraceID: UInt64] = [:]
        // Visited traces that have spans in candidates that are still to be looked through.
        var done: Set<TraceID> = []
        var position = 0
        var chunkSize = Self.chunkSizes.first
        let maximumBatchCount = projection.attributes == .all ? Self.maximumBatchCounts.whole : Self.maximumBatchCounts.bare
        var batchCount = max(1, min(firstBatchCount, maximumBatchCount))
        while position < candidates.count {
            let chunk = Self.prefix(of: candidates[position...], size: chunkSize)
            position += chunk.count
            chunkSize = min(chunkSize * 2, Self.chunkSizes.last)
            for matches in try reader.map(Array(chunk), newest) {
                for (id, start) in matches where done.isEmpty || !done.contains(id) { found[id] = max(found[id] ?? 0, start) }
            }
            var ready: [(id: TraceID, start: UInt64)] = []
            let limit = position < candidates.count ? candidates[position].maximumStart : nil
            for (id, start) in found where limit.map({ start > $0 }) ?? true { ready.append((id, start)) }
            ready.sort { $0.start != $1.start ? $0.start > $1.start : $0.id < $1.id }
            for (id, _) in ready { found[id] = nil }
            var rest = ready[...]
            while !rest.isEmpty {
                let ids = rest.prefix(batchCount).map(\.id)
                rest = rest.dropFirst(ids.count)
                batchCount = min(batchCount * 4, maximumBatchCount)
                let traces = try reader.traces(Set(ids), projection) { block, ids in
                    if let place = places[block], place >= position { done.formUnion(ids) }
                }
                if try body(ids.compactMap { traces[$0] }) == .stop { return }
            }
        }
    }

    /// Blocks of about this many bytes together, at least one.
    static func prefix(of blocks: ArraySlice<BlockSummary>, size: Int) -> ArraySlice<BlockSummary> {
        var sum = 0
        return blocks.prefix { block in
            defer { sum += block.rawSize }
            return sum < size
        }
    }
}
