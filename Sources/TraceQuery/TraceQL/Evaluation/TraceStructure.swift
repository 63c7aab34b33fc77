internal import TraceModel

/// Who is whose parent in one trace, in time linear in its spans.
///
/// Spans that share an id are told apart as in ``ParentLinks``. Spans whose chain of parents does not end at a root span (one that
/// names no parent) are not connected: they are in no relation.
struct TraceStructure {
    /// Of spans that share an id, at most this many are looked at for one child.
    private static let maximumCandidates = 16

    /// Index of the parent, or -1.
    private(set) var parent: [Int32]
    /// All connected spans, parents before children.
    private(set) var order: [Int32] = []
    private(set) var isConnected: [Bool]
    private(set) var childCount: [Int32]

    init(_ view: TraceView) {
        let count = view.count
        parent = [Int32](repeating: -1, count: count)
        isConnected = [Bool](repeating: false, count: count)
        childCount = [Int32](repeating: 0, count: count)
        let index = SpanIndex(view)
        var isRoot = [Bool](repeating: false, count: count)
        for group in view.groups {
            for offset in group.spans.indices {
                let entry = group.start + offset
                let parentID = group.spans[offset].parentSpanID?.value ?? 0
                if let twin = Self.clientTwin(entry, group.spans[offset].kind, index, view) {
                    parent[entry] = twin
                } else if parentID == 0 {
                    isRoot[entry] = true
                } else {
                    parent[entry] = Self.best(parentID, for: entry, group, index, view)
                }
                if parent[entry] >= 0 { childCount[Int(parent[entry])] += 1 }
            }
        }
        walk(isRoot)
    }

    private static func clientTwin(_ entry: Int, _ kind: SpanKind, _ index: SpanIndex, _ view: TraceView) -> Int32? {
        guard index.hasSharedIDs, kind == .server else { return nil }
        var candidate = index.first(index.ids[entry])
        for _ in 0..<maximumCandidates where candidate >= 0 {
            if Int(candidate) != entry, index.kind(Int(candidate), view) == .client { return candidate }
            candidate = index.next(candidate)
        }
        return nil
    }

    /// Of the spans with the parent's id: one of the child's own service first, then a server span, then the first.
    private static func best(_ id: UInt64, for entry: Int, _ group: TraceView.Group, _ index: SpanIndex, _ view: TraceView) -> Int32 {
        let first = index.first(id)
        guard first >= 0 else { return -1 }
        if !index.hasSharedIDs { return Int(first) == entry ? -1 : first }
        var best: Int32 = -1
        var bestRank = -1
        var candidate = first
        for _ in 0..<maximumCandidates where candidate >= 0 {
            if Int(candidate) != entry {
                let rank = (view.group(Int(candidate)).service == group.service ? 2 : 0) + (index.kind(Int(candidate), view) == .server ? 1 : 0)
                if rank > bestRank {
                    best = candidate
                    bestRank = rank
                }
            }
            candidate = index.next(candidate)
        }
        return best
    }

    /// From the roots to the leaves; what is not reached has a missing ancestor or is in a cycle.
    private mutating func walk(_ isRoot: [Bool]) {
        let count = parent.count
        // Lists of children, the last one first, so that a stack gives the first one first.
        var lastChild = [Int32](repeating: -1, count: count)
        var previousSibling = [Int32](repeating: -1, count: count)
        for entry in 0..<count where parent[entry] >= 0 {
            previousSibling[entry] = lastChild[Int(parent[entry])]
            lastChild[Int(parent[entry])] = Int32(truncatingIfNeeded: entry)
        }
        order.reserveCapacity(count)
        var stack: [Int32] = []
        for entry in 0..<count where isRoot[entry] {
            stack.append(Int32(truncatingIfNeeded: entry))
            while let next = stack.popLast() {
                order.append(next)
                isConnected[Int(next)] = true
                var child = lastChild[Int(next)]
                while child >= 0 {
                    stack.append(child)
                    child = previousSibling[Int(child)]
                }
            }
        }
    }
}

/// Finds spans by their ids: open addressing over a flat table.
private struct SpanIndex {
    let ids: [UInt64]
    private var table: [Int32]
    private let mask: Int
    /// For spans that share an id, the next one; empty when there are none.
    private var following: [Int32] = []
    private(set) var hasSharedIDs = false

    init(_ view: TraceView) {
        var ids: [UInt64] = []
        ids.reserveCapacity(view.count)
        for group in view.groups {
            for index in group.spans.indices { ids.append(group.spans[index].spanID.value) }
        }
        self.ids = ids
        var capacity = 4
        while capacity < 2 * ids.count { capacity *= 2 }
        mask = capacity - 1
        table = [Int32](repeating: -1, count: capacity)
        for entry in ids.indices { insert(entry) }
    }

    private static func hash(_ id: UInt64) -> Int {
        Int(truncatingIfNeeded: (id ^ id >> 32) &* 0x9e37_79b9_7f4a_7c15 >> 24)
    }

    private mutating func insert(_ entry: Int) {
        var slot = Self.hash(ids[entry]) & mask
        while table[slot] >= 0 {
            let head = Int(table[slot])
            if ids[head] == ids[entry] {
                if !hasSharedIDs {
                    hasSharedIDs = true
                    following = [Int32](repeating: -1, count: ids.count)
                }
                following[entry] = following[head]
                following[head] = Int32(truncatingIfNeeded: entry)
                return
            }
            slot = (slot + 1) & mask
        }
        table[slot] = Int32(truncatingIfNeeded: entry)
    }

    func first(_ id: UInt64) -> Int32 {
        var slot = Self.hash(id) & mask
        while table[slot] >= 0 {
            if ids[Int(table[slot])] == id { return table[slot] }
            slot = (slot + 1) & mask
        }
        return -1
    }

    func next(_ entry: Int32) -> Int32 { hasSharedIDs ? following[Int(entry)] : -1 }

    func kind(_ entry: Int, _ view: TraceView) -> SpanKind {
        let group = view.group(entry)
        return group.spans[entry - group.start].kind
    }
}

/// The numbers of a nested set: `left` grows from span to child, `right` closes after the last descendant.
struct TraceNestedSets {
    /// 0 for spans that are not connected.
    private(set) var left: [Int32]
    private(set) var right: [Int32]
    /// `left` of the parent, -1 for roots, 0 for spans that are not connected.
    private(set) var parent: [Int32]

    init(_ structure: TraceStructure) {
        let count = structure.parent.count
        left = [Int32](repeating: 0, count: count)
        right = left
        parent = left
        var depth = left
        var size = [Int32](repeating: 1, count: count)
        for (place, entry) in structure.order.enumerated() {
            let entry = Int(entry)
            let above = Int(structure.parent[entry])
            depth[entry] = above < 0 ? 0 : depth[above] + 1
            // Before this span, `place` spans were entered, and all but its ancestors left again.
            left[entry] = Int32(truncatingIfNeeded: 2 * place + 1) - depth[entry]
            parent[entry] = above < 0 ? -1 : left[above]
        }
        for entry in structure.order.reversed() {
            let entry = Int(entry)
            right[entry] = left[entry] + 2 * size[entry] - 1
            let above = Int(structure.parent[entry])
            if above >= 0 { size[above] += size[entry] }
        }
    }
}
