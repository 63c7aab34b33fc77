/// Walks the critical path through things that have an extent and children.
///
/// Goes back from the end: whatever finished last is what was waited for; before it began, the sibling that finished last before
/// that. A sibling that still runs when the later one begins is cut there (Triton starts an ensemble's next step before the span of the
/// former has ended); what ran wholly beside the path is not on it. Without recursion; sorting children is all that is not linear.
struct PathWalk {
    /// A piece of the path that belongs to one thing itself and to none of its children.
    struct Piece: Hashable {
        var node: Int
        var range: TimeRange
    }

    private struct Frame {
        /// -1 for the whole, which has no pieces of its own.
        var node: Int
        /// The rest of the children in ``order``, the one that ends last at the end.
        var children: Range<Int>
        var lower: UInt64
        var cursor: UInt64
    }

    let extent: (Int) -> TimeRange
    let children: (Int) -> [Int]
    /// Children of all frames on the stack, one after the other.
    private var order: [Int] = []

    init(extent: @escaping (Int) -> TimeRange, children: @escaping (Int) -> [Int]) {
        self.extent = extent
        self.children = children
    }

    /// The pieces within `window`, none overlapping another; those of one thing come latest first.
    mutating func pieces(top: [Int], within window: TimeRange) -> [Piece] {
        var pieces: [Piece] = []
        func emit(_ node: Int, _ start: UInt64, _ end: UInt64) {
            if node >= 0, end > start { pieces.append(Piece(node: node, range: TimeRange(start, end))) }
        }
        order.removeAll()
        var stack = [Frame(node: -1, children: push(top), lower: window.start, cursor: window.end)]
        while var frame = stack.popLast() {
            var next: Frame?
            while next == nil, let last = frame.children.last {
                frame.children = frame.children.lowerBound..<last
                let child = order[last]
                order.removeLast()
                let extent = extent(child)
                let start = max(extent.start, frame.lower)
                let end = min(extent.end, frame.cursor)
                if start >= end { continue }
                emit(frame.node, end, frame.cursor)
                frame.cursor = start
                next = Frame(node: child, children: 0..<0, lower: start, cursor: end)
            }
            if var next {
                stack.append(frame)
                next.children = push(children(next.node))
                stack.append(next)
            } else {
                emit(frame.node, frame.lower, frame.cursor)
            }
        }
        return pieces
    }

    private mutating func push(_ children: [Int]) -> Range<Int> {
        let start = order.count
        if children.count > 1 {
            order += children.map { (end: extent($0).end, node: $0) }.sorted { ($0.end, $1.node) < ($1.end, $0.node) }.map(\.node)
        } else {
            order += children
        }
        return start..<order.count
    }
}
