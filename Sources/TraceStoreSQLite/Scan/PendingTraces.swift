internal import TraceModel
internal import TraceStore

/// The traces that a ``TraceSweep`` has seen and not visited. A value without I/O.
struct PendingTraces {
    private struct Entry {
        /// The start of the newest match so far; `nil` without one.
        var newest: UInt64?
        /// What the taken blocks have of it; empty when it is to be read by its id.
        var parts: [(block: BlockID, spans: TraceAssembler)] = []
        /// It was visited, and later blocks have spans of it.
        var isDone = false
        /// The last candidate that has spans of it, as far as that is known.
        var last = 0
        /// Blocks that are not taken have spans of it, too.
        var isElsewhere = false
        /// Bytes of memory, about.
        var size = 0
    }

    /// Where more spans of a fingerprint's traces are.
    private struct Holders {
        var last = 0
        var isElsewhere = false
    }

    private let candidates: [BlockSummary]
    private let places: [BlockID: Int]
    private let memorySize: Int
    private var entries: [TraceID: Entry] = [:]
    /// Of fingerprints that candidates after those taken so far have, or other blocks.
    private var holders: [UInt32: Holders] = [:]
    /// Blocks that are not taken; `nil` as long as nobody had to know.
    private var elsewhere: [BlockSummary]?
    /// Candidates before this one were passed, or are just now.
    private var begun = 0
    /// Candidates before this one were only looked through.
    private var looked = 0
    private var position = 0
    /// Bytes of memory of all parts, about.
    private(set) var size = 0

    /// - Parameters:
    ///   - candidates: in the order of the pass.
    ///   - memorySize: bytes, about, of the parts that are kept.
    init(_ candidates: [BlockSummary], memorySize: Int) {
        self.candidates = candidates
        self.memorySize = memorySize
        places = Dictionary(candidates.enumerated().map { ($0.element.id, $0.offset) }, uniquingKeysWith: { first, _ in first })
    }

    // MARK: Seeing

    /// The next candidates will be looked through for matches only; none are once blocks were taken.
    mutating func willLook(_ chunk: Range<Int>) {
        begun = chunk.upperBound
        looked = chunk.upperBound
    }

    /// The next candidates will be taken whole.
    ///
    /// - Parameter others: all blocks that are no candidates.
    mutating func willTake(_ chunk: Range<Int>, others: () throws -> [BlockSummary]) rethrows {
        begun = chunk.upperBound
        if elsewhere == nil { elsewhere = try others() + candidates[..<looked] }
        let place = chunk.lowerBound
        holders = holders.filter { $0.value.isElsewhere || $0.value.last >= place }
        var new: [UInt32] = []
        for block in candidates[chunk] {
            for fingerprint in block.traces where holders[fingerprint] == nil { new.append(fingerprint) }
        }
        if new.isEmpty { return }
        let set = FingerprintSet(new)
        for index in chunk.upperBound..<candidates.count {
            set.forEachCommon(candidates[index].traces) { holders[$0, default: Holders()].last = index }
        }
        for block in elsewhere ?? [] { set.forEachCommon(block.traces) { holders[$0, default: Holders()].isElsewhere = true } }
    }

    /// Matches of a block that was looked through.
    mutating func look(_ matches: [TraceID: UInt64]) {
        func change(_ entry: inout Entry, _ start: UInt64) { entry.newest = max(entry.newest ?? 0, start) }
        for (id, start) in matches { change(&entries[id, default: Entry()], start) }
    }

    /// All that a block has.
    mutating func take(_ traces: [TraceSweep.PartialTrace], from block: BlockSummary, _ projection: SpanProjection) {
        let spanSize = Self.spanSize(block, projection)
        for trace in traces {
            let isNew = entries[trace.spans.id] == nil
            let size = trace.spans.spanCount * spanSize
            let isKept = isNew ? add(trace, block, size) : update(trace, block, size)
            if isKept { self.size += size }
        }
        if size > memorySize { forget() }
    }

    private mutating func add(_ trace: TraceSweep.PartialTrace, _ block: BlockSummary, _ size: Int) -> Bool {
        let known = holders[BlockSummary.fingerprint(trace.spans.id)]
        entries[trace.spans.id] = Entry(
            newest: trace.newest, parts: [(block.id, trace.spans)], last: known?.last ?? 0, isElsewhere: known?.isElsewhere ?? false, size: size
        )
        return true
    }

    private mutating func update(_ trace: TraceSweep.PartialTrace, _ block: BlockSummary, _ size: Int) -> Bool {
        // In place: a copy of the entry would copy its parts.
        func change(_ entry: inout Entry) -> Bool {
            if entry.isDone { return false }
            if let newest = trace.newest { entry.newest = max(entry.newest ?? 0, newest) }
            if entry.parts.isEmpty { return false }
            entry.parts.append((block.id, trace.spans))
            entry.size += size
            return true
        }
        return change(&entries[trace.spans.id, default: Entry()])
    }

    /// About how many bytes of memory a span of a block takes.
    private static func spanSize(_ block: BlockSummary, _ projection: SpanProjection) -> Int {
        let attributes = switch projection.attributes {
        case .all: 3 * block.rawSize / max(1, block.spanCount)
        case .named(let names): 64 * names.count
        }
        return 256 + attributes
    }

    /// Lets go of the parts of the traces that would be visited last, until half of the room is free.
    private mutating func forget() {
        let order = entries.lazy.filter { !$0.value.parts.isEmpty }.map { (id: $0.key, newest: $0.value.newest ?? 0) }.sorted { $0.newest < $1.newest }
        for (id, _) in order where size > memorySize / 2 {
            size -= entries[id]?.size ?? 0
            entries[id]?.parts = []
            entries[id]?.size = 0
        }
    }

    // MARK: Visiting

    /// The traces to visit now, newest match first.
    ///
    /// - Parameters:
    ///   - position: candidates before this one were passed.
    ///   - next: those that are passed next: a trace that will be complete then, and all after it, have to wait.
    mutating func ready(after position: Int, next: Range<Int>) -> [TraceID] {
        self.position = position
        let limit = position < candidates.count ? candidates[position].maximumStart : nil
        var ready: [(id: TraceID, start: UInt64)] = []
        var gone: [TraceID] = []
        for (id, entry) in entries {
            if let start = entry.newest, !entry.isDone {
                if limit.map({ start > $0 }) ?? true { ready.append((id, start)) }
            } else if entry.last < position {
                gone.append(id)
            }
        }
        for id in gone { remove(id) }
        ready.sort { $0.start != $1.start ? $0.start > $1.start : $0.id < $1.id }
        let end = ready.firstIndex { id, _ in
            guard let entry = entries[id], !entry.parts.isEmpty, !entry.isElsewhere else { return false }
            return next.contains(entry.last)
        }
        return ready[..<(end ?? ready.count)].map(\.id)
    }

    /// How many of these can be visited at once, and which of them have to be read by their ids for that.
    func prefix(of ids: ArraySlice<TraceID>, maximumReadCount: Int) -> (count: Int, reading: Set<TraceID>) {
        var reading: Set<TraceID> = []
        var count = 0
        for id in ids {
            if let entry = entries[id], entry.parts.isEmpty || entry.isElsewhere || entry.last >= position {
                if reading.count == maximumReadCount { break }
                reading.insert(id)
            }
            count += 1
        }
        return (count, reading)
    }

    /// Told of the blocks that were opened for traces read by their ids: what is still to be passed has them once more.
    mutating func opened(_ block: BlockID, _ ids: Set<TraceID>) {
        guard let place = places[block], place >= position else { return }
        for id in ids {
            if let last = entries[id]?.last, last < place { entries[id]?.last = place }
        }
    }

    /// Gives traces out.
    mutating func removeAll(_ ids: ArraySlice<TraceID>, read: [TraceID: StoredTrace]) -> [StoredTrace] {
        var traces: [StoredTrace] = []
        traces.reserveCapacity(ids.count)
        for id in ids {
            if let trace = read[id] {
                traces.append(trace)
            } else if let entry = entries[id], let trace = Self.assembled(entry) {
                traces.append(trace)
            }
            guard let last = entries[id]?.last else { continue }
            remove(id)
            if last >= position { entries[id] = Entry(isDone: true, last: last) }
        }
        return traces
    }

    private mutating func remove(_ id: TraceID) {
        if let entry = entries.removeValue(forKey: id) { size -= entry.size }
    }

    /// The spans of all parts in the order in which they came.
    private static func assembled(_ entry: Entry) -> StoredTrace? {
        if entry.parts.count == 1 { return entry.parts[0].spans.trace }
        let parts = entry.parts.sorted { ($0.block.partition, $0.block.number) < ($1.block.partition, $1.block.number) }
        guard var assembler = parts.first?.spans else { return nil }
        for part in parts.dropFirst() { if let batch = part.spans.trace?.batch { assembler.add(batch) } }
        return assembler.trace
    }
}
