internal import TraceModel

/// The inference spans of a trace, each under its nearest inference ancestor.
struct InferenceTree {
    /// What a node's time is when none of its stages tells.
    enum Rest: Hashable {
        case stage(Stage)
        case unaccounted(UnaccountedPart?)
    }

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
        var source = StageSource.events
        var rest = Rest.unaccounted(nil)
    }

    private(set) var nodes: [Node] = []
    private(set) var top: [Int] = []
    /// Send times that cannot be true.
    private(set) var ignoredSendCount = 0

    init(_ tree: TraceTree) {
        // For each row, the node of itself or of its nearest inference ancestor. Parents come before children.
        var nearest = [Int](repeating: -1, count: tree.rows.count)
        for (row, place) in tree.rows.enumerated() {
            let above = place.parent >= 0 ? nearest[place.parent] : -1
            nearest[row] = above
            let entry = tree.spans.entries[place.entry]
            guard let span = InferenceSpan(entry.span, scope: tree.spans.scopes[entry.scope].name) else { continue }
            let node = nodes.count
            nearest[row] = node
            nodes.append(Node(row: row, span: span, extent: span.bounds))
            if above >= 0 { nodes[above].children.append(node) } else { top.append(node) }
            if span.role == .request {
                let parent = place.parent >= 0 ? tree.span(place.parent) : nil
                extendRequest(node, caller: parent.map { TimeRange($0.startTime, $0.endTime) })
            }
        }
        for node in nodes.indices { describe(node) }
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

    /// Sets the stages of a node, where they are from, and what the rest of its time is.
    private mutating func describe(_ node: Int) {
        let span = nodes[node].span
        let children = nodes[node].children
        var stages: [(Stage, TimeRange)] = []
        switch span.role {
        case .compute:
            stages = span.computeStages
        case .model:
            let computes = children.filter { nodes[$0].span.role == .compute }
            let firstCompute = computes.map { nodes[$0].span.computeStart ?? nodes[$0].span.bounds.start }.min()
            if let queue = span.queueStage(firstCompute: firstCompute, hasChildren: !children.isEmpty) { stages = [(.queue, queue)] }
            if !children.isEmpty || isCacheHit(node) { nodes[node].rest = .unaccounted(.overhead) }
        case .request:
            stages = nodes[node].requestStages
            if !children.isEmpty { nodes[node].rest = .unaccounted(.overhead) }
        case .languageModel:
            // Real spans win: with phases below, the attributes are not drawn a second time.
            guard !children.contains(where: { nodes[$0].span.isPhase }) else {
                nodes[node].source = .spans
                nodes[node].rest = .unaccounted(.overhead)
                return
            }
            nodes[node].source = span.languageModel?.hasDurations == true ? .attributes : .events
            stages = span.languageModelStages
            if !stages.isEmpty || !children.isEmpty { nodes[node].rest = .unaccounted(.overhead) }
        case .phase(let stage):
            nodes[node].source = .spans
            stages = [(stage, span.bounds)]
        case .gateway:
            nodes[node].source = .events
            if let receive = span.receive { stages.append((.receive, receive.clamped(to: span.bounds))) }
            for send in span.sends { stages.append((.send, send.clamped(to: span.bounds))) }
            nodes[node].rest = .stage(.gateway)
        case .attempt:
            nodes[node].source = .spans
            // What an upstream without spans does with its time is not the network's.
            if !children.isEmpty || span.hasFailed { nodes[node].rest = .stage(.network) }
        case .framework(let isModelServer):
            nodes[node].source = .spans
            nodes[node].rest = isModelServer ? .stage(.infer) : .unaccounted(.handler)
        }
        nodes[node].stages = disjoint(stages)
    }

    /// A model that answered without executing, asking another model, or failing: from its response cache.
    func isCacheHit(_ node: Int) -> Bool {
        let span = nodes[node].span
        return span.role == .model && span.queueStart != nil && !span.hasFailed && nodes[node].children.isEmpty
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
    func criticalPath(within window: TimeRange) -> [PathWalk.Piece] {
        var walk = PathWalk(extent: { nodes[$0].extent }, children: { nodes[$0].children })
        return walk.pieces(top: top, within: window)
    }
}

extension InferenceSpan {
    var isPhase: Bool { if case .phase = role { true } else { false } }
}

extension LLMFacts {
    /// Attributes tell how long it took, so no event is needed for it.
    var hasDurations: Bool { queueTime != nil || prefillTime != nil || decodeTime != nil || endToEnd != nil }
}
