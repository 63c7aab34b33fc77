internal import TraceModel
internal import TraceStore

/// Visits complete traces, newest match first, in one pass over the blocks that may hold a match, by their newest start.
///
/// While few traces match, blocks are only looked through for matches, and traces that match are read by their ids. Once many
/// match, each block is taken whole: its spans are kept until no block that is left has more of their trace. A trace is visited when
/// no block that is left can hold a newer match. So the newest traces are there after a few blocks, most blocks are opened once, and
/// what is kept in memory is bounded: a trace that waits too long, or has spans in blocks that are not in the pass, is read by its id.
struct TraceSweep {
    /// Most traces that are read by id at once: with all of their attributes, and without.
    private static let maximumBatchCounts = (whole: 4096, bare: 16_384)
    /// Bytes of blocks, decompressed, that are passed at once at first; later a quarter of the memory.
    private static let firstChunkSize = 1 << 20
    /// Blocks are taken whole when one of so many of their traces matches.
    private static let takingShare = 4

    let reader: BlockReader
    /// The blocks that may hold a match.
    let candidates: [BlockSummary]
    /// What is decoded of a trace's spans.
    let projection: SpanProjection
    /// Bytes of memory, about, for the spans of traces that are not complete.
    let memorySize: Int
    /// The newest match of each trace in a block.
    let look: @Sendable (_ bytes: [UInt8]) throws -> [TraceID: UInt64]
    /// All spans of a block; `nil` when blocks are never taken whole.
    var take: (@Sendable (_ bytes: [UInt8]) throws -> [PartialTrace])?
    /// Every trace in a candidate is likely to match.
    var takesAll = false

    /// What one block has of a trace.
    struct PartialTrace: Sendable {
        var spans: TraceAssembler
        /// The start of its newest match; `nil` without one.
        var newest: UInt64?
    }

    /// - Parameters:
    ///   - firstBatchCount: the most traces that are read by id for the first visit; later there are more.
    ///   - body: called with traces until it says stop.
    func run(firstBatchCount: Int, _ body: ([StoredTrace]) throws -> ScanStep) throws {
        let candidates = self.candidates.sorted { $0.maximumStart > $1.maximumStart }
        let maximumBatchCount = projection.attributes == .all ? Self.maximumBatchCounts.whole : Self.maximumBatchCounts.bare
        var batchCount = max(1, min(firstBatchCount, maximumBatchCount))
        var pending = PendingTraces(candidates, memorySize: memorySize)
        var isTaking = take != nil && takesAll
        let chunkSize = max(1, memorySize / 4)
        try reader.stream(candidates, first: min(Self.firstChunkSize, chunkSize), last: chunkSize) { chunk in
            if isTaking, let take {
                try pending.willTake(chunk) { try reader.blocks(except: candidates) }
                return { .taken(try take($0)) }
            }
            pending.willLook(chunk)
            return { [look] in .looked(try look($0)) }
        } body: { (chunk, next, sightings: [Sighting]) in
            var matchCount = 0
            for (block, sighting) in zip(candidates[chunk], sightings) {
                switch sighting {
                case .looked(let matches):
                    matchCount += matches.count
                    pending.look(matches)
                case .taken(let traces): pending.take(traces, from: block, projection)
                }
            }
            if !isTaking, take != nil {
                isTaking = matchCount * Self.takingShare >= candidates[chunk].reduce(0) { $0 + $1.traces.count }
            }
            var rest = pending.ready(after: chunk.upperBound, next: next)[...]
            while !rest.isEmpty {
                let (count, reading) = pending.prefix(of: rest, maximumReadCount: batchCount)
                let part = rest.prefix(count)
                rest = rest.dropFirst(count)
                batchCount = min(batchCount * 4, maximumBatchCount)
                let read = reading.isEmpty ? [:] : try reader.traces(reading, projection) { pending.opened($0, $1) }
                if try body(pending.removeAll(part, read: read)) == .stop { return .stop }
            }
            return .more
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

    private enum Sighting: Sendable {
        case looked([TraceID: UInt64])
        case taken([PartialTrace])
    }
}
