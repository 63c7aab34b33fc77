internal import TraceModel

/// The parent entry of each entry of a trace.
struct ParentLinks {
    /// Of spans that share an id, at most this many are looked at for one child: two are normal (Zipkin), thousands are an attack.
    private static let maximumCandidates = 16

    /// Entry of the parent, or -1 for none.
    private(set) var parent: [Int]
    /// The span names a parent that is not in the trace.
    private(set) var isOrphan: [Bool]
    /// The parent was taken away because it closed a cycle.
    private(set) var isCycleCut: [Bool]

    init(_ spans: TraceSpans) {
        let count = spans.entries.count
        parent = [Int](repeating: -1, count: count)
        isOrphan = [Bool](repeating: false, count: count)
        isCycleCut = isOrphan
        for index in 0..<count {
            let span = spans.entries[index].span
            if let twin = Self.clientTwin(of: index, spans) {
                parent[index] = twin
            } else if let parentID = span.parentSpanID, parentID.isValid {
                if let found = Self.bestEntry(for: parentID, childIndex: index, spans) {
                    parent[index] = found
                } else if parentID == span.spanID {
                    isCycleCut[index] = true
                } else {
                    isOrphan[index] = true
                }
            }
        }
    }

    /// The client span that shares its id with this server span (Zipkin's shared spans): the server ran inside the client's call.
    private static func clientTwin(of index: Int, _ spans: TraceSpans) -> Int? {
        let span = spans.entries[index].span
        guard span.kind == .server, var candidate = spans.firstEntryByID[span.spanID] else { return nil }
        if candidate == index, spans.nextEntryOfSameID[index] < 0 { return nil }
        for _ in 0..<maximumCandidates where candidate >= 0 {
            if candidate != index, spans.entries[candidate].span.kind == .client { return candidate }
            candidate = spans.nextEntryOfSameID[candidate]
        }
        return nil
    }

    /// Of the spans with the parent's id: one of the child's own service first, then a server span, then the first.
    private static func bestEntry(for id: SpanID, childIndex: Int, _ spans: TraceSpans) -> Int? {
        guard let first = spans.firstEntryByID[id] else { return nil }
        if first != childIndex, spans.nextEntryOfSameID[first] < 0 { return first }
        let service = spans.serviceName(of: childIndex)
        var best: Int?
        var bestRank = -1
        var candidate = first
        for _ in 0..<maximumCandidates where candidate >= 0 {
            if candidate != childIndex {
                var rank = spans.serviceName(of: candidate) == service ? 2 : 0
                if spans.entries[candidate].span.kind == .server { rank += 1 }
                if rank > bestRank {
                    best = candidate
                    bestRank = rank
                }
            }
            candidate = spans.nextEntryOfSameID[candidate]
        }
        return best
    }

    /// Takes the parent from the earliest span of each cycle.
    mutating func cutCycles(_ spans: TraceSpans) {
        // Which walk came by first; each walk stops where it or an earlier one has been, so all walks together are linear.
        var walkOf = [Int](repeating: -1, count: parent.count)
        for start in parent.indices where walkOf[start] < 0 {
            var entry = start
            while entry >= 0, walkOf[entry] < 0 {
                walkOf[entry] = start
                entry = parent[entry]
            }
            guard entry >= 0, walkOf[entry] == start else { continue }
            var earliest = entry
            var member = parent[entry]
            while member != entry {
                if spans.entries[member].span.startTime < spans.entries[earliest].span.startTime { earliest = member }
                member = parent[member]
            }
            parent[earliest] = -1
            isCycleCut[earliest] = true
        }
    }
}
