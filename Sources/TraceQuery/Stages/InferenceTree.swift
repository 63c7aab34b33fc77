internal import TraceModel

/// The inference spans of a trace, each under its nearest inference ancestor.
struct InferenceTree {
    struct Node {
        var row: Int
        var span: InferenceSpan
        /// Nodes below.
        var children: [Int] = []
        /// What the node covers: its span, and for a request the receiving before and the sending after it.
        var extent: TimeRange
        /// Receiving and sending of a request, as far as they can be true.
        var requestStages: [(Stage, TimeRange)] = []
        /// Disjoint, in order of time.
        var stages: [(Stage, TimeRange)] = []
    }

    /// A piece of the critical path that belongs to a node itself and to none of its children.
    struct Piece {
        var node: Int
        var range: TimeRange
    }

    private(set) var nodes: [Node] = []
    private var top: [Int] = []
    /// Send times that cannot be true.
    private(set) var ignoredSendCount = 0

    init(_ tree: TraceTree) {
        // For each row, the node of itself or of its nearest inference ancestor. Parents come before children.
        var nearest = [Int](repeating: -1, count: tree.rows.count)
        for (row, place) in tree.rows.enumerated() {
            let above = place.parent >= 0 ? nearest[place.parent] : -1
            nearest[row] = above
            guard let span = InferenceSpan(tree.span(row)) else { continue }
            let node = nodes.count
            nearest[row] = node
            nodes.append(Node(row: row, span: span, extent: span.bounds))
            if above >= 0 { nodes[above].children.append(node) } else { top.append(node) }
            if span.role == .request {
                let parent = place.parent >= 0 ? tree.span(place.parent) : nil
                extendRequest(node, caller: parent.map { TimeRange($0.startTime, $0.endTime) })
            }
        }
        for node in nodes.indices { nodes[node].stages = stages(of: node) }
    }

    /// Widens a request by receiving and sending, as far as its caller's span allows.
    private mutating func extendRequest(_ node: Int, caller: TimeRange?) {
        let span = nodes[node].span
        let bounds = span.bounds
        let allowed = TimeRange(min(caller?.start ?? bounds.start, bounds.start), max(caller?.end ?? bounds.end, bounds.end))
        // Triton's receiving lies before its span; without a caller's span around it there is no time to account it to.
        if let receive = span.receive, receive.end >= allowed.start, receive.end <= bounds.end {
            let range = receive.clamped(to: allowed)
            nodes[node].extent.start = min(bounds.start, range.start)
            nodes[node].requestStages.append((.receive, range))
        }
        for send in span.sends {
            guard send.start >= bounds.start, send.start <= allowed.end else {
                ignoredSendCount += 1
                continue
            }
            let range = send.clamped(to: allowed)
            nodes[node].extent.end = max(nodes[node].extent.end, range.end)
            nodes[node].requestStages.append((.send, range))
        }
    }

    private func stages(of node: Int) -> [(Stage, TimeRange)] {
        let span = nodes[node].span
        var result: [(Stage, TimeRange)] = []
        switch span.role {
        case .compute:
            result = span.computeStages
        case .model:
            let computes = nodes[node].children.lazy.filter { nodes[$0].span.role == .compute }
            let firstCompute = computes.map { nodes[$0].span.computeStart ?? nodes[$0].span.bounds.start }.min()
            if let queue = span.queueStage(firstCompute: firstCompute, hasChildren: !nodes[node].children.isEmpty) {
                result = [(.queue, queue)]
            }
        case .request:
            result = nodes[node].requestStages
        }
        return disjoint(result)
    }

    /// Without empty and overlapping parts, so that no moment counts twice.
    private func disjoint(_ stages: [(Stage, TimeRange)]) -> [(Stage, TimeRange)] {
        var result: [(Stage, TimeRange)] = []
        var covered: UInt64 = 0
        for (stage, range) in stages.sorted(by: { $0.1.start < $1.1.start }) {
            let rest = TimeRange(max(range.start, covered), range.end)
            if rest.length == 0 { continue }
            covered = rest.end
            result.append((stage, rest))
        }
        return result
    }

    /// The critical path, cut into pieces that do not overlap and lie within `window`.
    ///
    /// Walks back from the end: whatever finished last is what was waited for; before it began, the sibling that finished last
    /// before that. What ran beside it is not on the path.
    func criticalPath(within window: TimeRange) -> [Piece] {
        struct Frame {
            /// -1 for the whole trace, which has no stages of its own.
            var node: Int
            var children: [Int]
            var lower: UInt64
            var cursor: UInt64
        }
        /// The child that ends last is the array's last, so that it can be popped.
        func byEnd(_ children: [Int]) -> [Int] {
            children.sorted { (nodes[$0].extent.end, $1) < (nodes[$1].extent.end, $0) }
        }
        var pieces: [Piece] = []
        func emit(_ node: Int, _ start: UInt64, _ end: UInt64) {
            if node >= 0, end > start { pieces.append(Piece(node: node, range: TimeRange(start, end))) }
        }
        var stack = [Frame(node: -1, children: byEnd(top), lower: window.start, cursor: window.end)]
        while var frame = stack.popLast() {
            var next: Frame?
            while next == nil, let child = frame.children.popLast() {
                let extent = nodes[child].extent
                let start = max(extent.start, frame.lower)
                let end = min(extent.end, frame.cursor)
                if start >= end { continue }
                emit(frame.node, end, frame.cursor)
                frame.cursor = start
                next = Frame(node: child, children: byEnd(nodes[child].children), lower: start, cursor: end)
            }
            if let next {
                stack.append(frame)
                stack.append(next)
            } else {
                emit(frame.node, frame.lower, frame.cursor)
            }
        }
        return pieces
    }
}
