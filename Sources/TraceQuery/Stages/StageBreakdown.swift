internal import TraceModel

/// Where an inference request spent its time: stages of each span, and of the whole trace along its critical path.
///
/// The stages come from spans, attributes and events, as ``StageRules`` and ``LLMAttribute`` name them. Faults of the real
/// thing are expected: events long before their span (`HTTP_SEND_*` at boot time) are ignored, `HTTP_RECV_*` just before it count as far
/// as the caller's span reaches, and gRPC's `WAITREAD` is idle time and never counts.
public struct StageBreakdown: Hashable, Sendable {
    /// Pieces of the bars of single spans, by row; each lies within its span.
    public private(set) var segments: [StageSegment] = []
    /// The stages that took any time, in causal order; they add up to the trace's duration exactly. Empty when the trace has no
    /// inference spans. Of parallel branches only the one on the critical path counts.
    public private(set) var strip: [StageShare] = []
    /// What is known of the stage `unaccounted`; nanoseconds, together at most that stage.
    public private(set) var unaccountedParts: [UnaccountedPart: UInt64] = [:]
    /// From what the stages on the strip were taken.
    public private(set) var sources: Set<StageSource> = []
    /// Rows of models that answered from their response cache.
    public private(set) var cacheHits: [Int] = []
    /// Requests to language models, by row.
    public private(set) var languageModels: [LLMFacts] = []
    /// What was unusual, for people.
    public private(set) var warnings: [String] = []

    public init(_ tree: TraceTree) {
        self.init(tree, InferenceTree(tree))
    }

    init(_ tree: TraceTree, _ inference: InferenceTree) {
        guard !inference.nodes.isEmpty else { return }
        for (index, node) in inference.nodes.enumerated() {
            for (stage, range) in node.stages {
                let inBar = range.clamped(to: node.span.bounds)
                if inBar.length == 0 { continue }
                segments.append(
                    StageSegment(
                        row: node.row, stage: stage, start: tree.spans.offset(inBar.start), duration: inBar.length, source: node.source
                    )
                )
            }
            if inference.isCacheHit(index) { cacheHits.append(node.row) }
            if var facts = node.span.languageModel {
                facts.row = node.row
                if facts.timeToFirstToken == nil { facts.timeToFirstToken = inference.firstToken(index) }
                languageModels.append(facts)
            }
        }
        segments.sort { ($0.row, $0.start) < ($1.row, $1.start) }
        addStrip(tree, inference)
        let ignored = inference.ignoredSendCount
        if ignored > 0 {
            let subject = ignored == 1 ? "1 send time lies outside its request and was" : "\(ignored) send times lie outside their requests and were"
            warnings.append("\(subject) ignored (Triton writes some of them wrong)")
        }
    }

    /// Time of one stage along the critical path, nanoseconds.
    public subscript(stage: Stage) -> UInt64 { strip.first { $0.stage == stage }?.duration ?? 0 }

    private mutating func addStrip(_ tree: TraceTree, _ inference: InferenceTree) {
        var totals: [Stage: UInt64] = [:]
        let window = TimeRange(tree.spans.startTime, tree.spans.endTime)
        for piece in inference.criticalPath(within: window) {
            let node = inference.nodes[piece.node]
            var told: UInt64 = 0
            // Pieces of a node do not overlap, so each stage is looked at once for each piece that it meets.
            var index = node.stages.partitioningIndex { $0.1.end > piece.range.start }
            while index < node.stages.count, node.stages[index].1.start < piece.range.end {
                let overlap = node.stages[index].1.overlap(piece.range)
                totals[node.stages[index].0, default: 0] += overlap
                told += overlap
                if overlap > 0 { sources.insert(node.source) }
                index += 1
            }
            let rest = piece.range.length - told
            if rest == 0 { continue }
            switch node.rest {
            case .stage(let stage):
                totals[stage, default: 0] += rest
                sources.insert(.spans)
            case .unaccounted(let part?): unaccountedParts[part, default: 0] += rest
            case .unaccounted(nil): break
            }
        }
        let accounted = totals.values.reduce(0, +)
        totals[.unaccounted] = tree.spans.duration - accounted
        strip = Stage.allCases.compactMap { stage in
            guard let duration = totals[stage], duration > 0 else { return nil }
            return StageShare(stage: stage, duration: duration)
        }
        addParts(tree, inference, of: self[.unaccounted] - unaccountedParts.values.reduce(0, +))
    }

    /// Tells what of `unknown`, nanoseconds, was the network's and what other services'.
    private mutating func addParts(_ tree: TraceTree, _ inference: InferenceTree, of unknown: UInt64) {
        guard unknown > 0, inference.nodes.count < tree.rows.count else { return }
        let exclusive = CriticalPath(tree).exclusive
        let callers = callers(tree, inference)
        let network = min(callers.reduce(0) { $0 + exclusive[$1.key] - min($1.value, exclusive[$1.key]) }, unknown)
        if network > 0 { unaccountedParts[.network] = network }
        let known = Set(inference.nodes.map(\.row)).union(callers.keys)
        let others = tree.rows.indices.reduce(0) { known.contains($1) ? $0 : $0 + exclusive[$1] }
        let services = min(others, unknown - network)
        if services > 0 { unaccountedParts[.services] = services }
    }

    /// Rows of the callers' spans directly above a server's, each with what the server received before its span and sent after it, in
    /// nanoseconds: the rest of what such a span has on the critical path to itself is the network's.
    private func callers(_ tree: TraceTree, _ inference: InferenceTree) -> [Int: UInt64] {
        inference.top.reduce(into: [:]) { callers, node in
            let row = tree.rows[inference.nodes[node].row].parent
            guard row >= 0, tree.span(row).kind == .client else { return }
            callers[row, default: 0] += inference.nodes[node].extent.length - inference.nodes[node].span.bounds.length
        }
    }
}

extension InferenceTree {
    /// Nanoseconds from a request's start to the end of its prefill phase.
    func firstToken(_ node: Int) -> UInt64? {
        for child in nodes[node].children where nodes[child].span.role == .phase(.prefill) {
            let end = nodes[child].span.bounds.end
            let start = nodes[node].span.bounds.start
            return end >= start ? end - start : nil
        }
        return nil
    }
}

extension Array {
    /// The first index whose element, and those after it, satisfy `predicate`.
    func partitioningIndex(where predicate: (Element) -> Bool) -> Int {
        var low = 0
        var high = count
        while low < high {
            let middle = low + (high - low) / 2
            if predicate(self[middle]) { high = middle } else { low = middle + 1 }
        }
        return low
    }
}
