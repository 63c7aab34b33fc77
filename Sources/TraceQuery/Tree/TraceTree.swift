public import TraceModel

/// A trace as a tree in depth-first order: parents before children, children by start time.
///
/// Built without recursion, so that a chain of any depth works. Spans whose parent is missing stand at the top level, flagged, after the
/// real roots; a cycle of parents is cut at its earliest span.
public struct TraceTree: Sendable {
    /// One span's place in the tree.
    public struct Row: Hashable, Sendable {
        /// Index into `TraceSpans.entries`.
        public var entry: Int
        /// Row of the parent, or -1 at the top level. Always less than the row itself.
        public var parent: Int
        /// 0 at the top level.
        public var depth: Int
        /// Spans below, at every depth: the subtree is the rows from this one to `row + descendantCount`.
        public var descendantCount: Int
        /// The span names a parent that is not in the trace.
        public var isOrphan: Bool
        /// The span is where a cycle of parents was cut.
        public var isCycleCut: Bool
        /// A span below has the status error.
        public var hasFailedDescendant: Bool
    }

    public let spans: TraceSpans
    public let rows: [Row]

    public init(_ spans: TraceSpans) {
        self.spans = spans
        var links = ParentLinks(spans)
        links.cutCycles(spans)
        self.rows = Self.depthFirst(spans, links)
    }

    public init(traceID: TraceID, batch: SpanBatch) {
        self.init(TraceSpans(traceID: traceID, batch: batch))
    }

    /// The span of a row.
    public func span(_ row: Int) -> Span { spans.entries[rows[row].entry].span }

    /// The resource of a row's span.
    public func resource(_ row: Int) -> Resource { spans.resources[spans.entries[rows[row].entry].resource] }

    /// The scope of a row's span.
    public func scope(_ row: Int) -> InstrumentationScope { spans.scopes[spans.entries[rows[row].entry].scope] }

    /// The name of the service that made a row's span.
    public func serviceName(_ row: Int) -> String { spans.serviceName(of: rows[row].entry) }

    /// What was unusual about the trace, for people.
    public var warnings: [String] {
        var warnings: [String] = []
        func warn(_ count: Int, _ one: String, _ many: String) {
            if count > 0 { warnings.append(count == 1 ? "1 \(one)" : "\(count) \(many)") }
        }
        warn(spans.removedCopies, "span arrived twice and is shown once", "spans arrived more than once and are shown once")
        let isOrphan = { (row: Row) in row.isOrphan }
        warn(
            rows.count(where: isOrphan),
            "span stands at the top level because its parent is not here",
            "spans stand at the top level because their parents are not here"
        )
        let isCut = { (row: Row) in row.isCycleCut }
        warn(rows.count(where: isCut), "cycle of parents was cut", "cycles of parents were cut")
        let isBackwards = { (entry: TraceSpans.Entry) in entry.span.endTime < entry.span.startTime }
        warn(
            spans.entries.count(where: isBackwards),
            "span ends before it starts and is shown without length",
            "spans end before they start and are shown without length"
        )
        return warnings
    }

    /// Walks from the top with an explicit stack, then adds up from the bottom.
    private static func depthFirst(_ spans: TraceSpans, _ links: ParentLinks) -> [Row] {
        let (firstChild, nextSibling, firstTop) = siblingLists(spans, links)
        var rows: [Row] = []
        rows.reserveCapacity(spans.entries.count)
        var stack: [(entry: Int, parentRow: Int, depth: Int)] = []
        if firstTop >= 0 { stack.append((firstTop, -1, 0)) }
        while let (entry, parentRow, depth) = stack.popLast() {
            let row = rows.count
            rows.append(
                Row(
                    entry: entry,
                    parent: parentRow,
                    depth: depth,
                    descendantCount: 0,
                    isOrphan: links.isOrphan[entry],
                    isCycleCut: links.isCycleCut[entry],
                    hasFailedDescendant: false
                )
            )
            if nextSibling[entry] >= 0 { stack.append((nextSibling[entry], parentRow, depth)) }
            if firstChild[entry] >= 0 { stack.append((firstChild[entry], row, depth + 1)) }
        }
        for row in rows.indices.reversed() where rows[row].parent >= 0 {
            let parent = rows[row].parent
            rows[parent].descendantCount += rows[row].descendantCount + 1
            if rows[row].hasFailedDescendant || spans.entries[rows[row].entry].span.status.code == .error {
                rows[parent].hasFailedDescendant = true
            }
        }
        return rows
    }

    /// Children of each entry and the top level as linked lists, by start, the longer first, then as they came.
    private static func siblingLists(
        _ spans: TraceSpans,
        _ links: ParentLinks
    ) -> (firstChild: [Int], nextSibling: [Int], firstTop: Int) {
        struct Key {
            var start: UInt64
            var end: UInt64
            var entry: Int
            var isOrphan: Bool
        }
        var keys: [Key] = []
        keys.reserveCapacity(spans.entries.count)
        for (index, entry) in spans.entries.enumerated() {
            keys.append(Key(start: entry.span.startTime, end: entry.span.endTime, entry: index, isOrphan: links.isOrphan[index]))
        }
        keys.sort { left, right in
            if left.isOrphan != right.isOrphan { return right.isOrphan }
            if left.start != right.start { return left.start < right.start }
            if left.end != right.end { return left.end > right.end }
            return left.entry < right.entry
        }
        var firstChild = [Int](repeating: -1, count: keys.count)
        var nextSibling = firstChild
        var firstTop = -1
        for key in keys.reversed() {
            let parent = links.parent[key.entry]
            if parent >= 0 {
                nextSibling[key.entry] = firstChild[parent]
                firstChild[parent] = key.entry
            } else {
                nextSibling[key.entry] = firstTop
                firstTop = key.entry
            }
        }
        return (firstChild, nextSibling, firstTop)
    }
}
