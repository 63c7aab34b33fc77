internal import TraceModel

/// Where an inference request spent its time: stages of each span, and of the whole trace along its critical path.
///
/// The stages come from the events of Triton's OpenTelemetry mode, which our own server writes too. Faults of the real thing are
/// expected: events long before their span (`HTTP_SEND_*` at boot time) are ignored, `HTTP_RECV_*` just before it count as far
/// as the caller's span reaches, and gRPC's `WAITREAD` is idle time and never counts.
public struct StageBreakdown: Hashable, Sendable {
    /// Pieces of the bars of single spans, by row; each lies within its span.
    public private(set) var segments: [StageSegment] = []
    /// The stages that took any time, in causal order; they add up to the trace's duration exactly. Empty when the trace has no
    /// inference spans. Of parallel branches only the one on the critical path counts.
    public private(set) var strip: [StageShare] = []
    /// What was unusual, for people.
    public private(set) var warnings: [String] = []

    public init(_ tree: TraceTree) {
        let inference = InferenceTree(tree)
        guard !inference.nodes.isEmpty else { return }
        for node in inference.nodes {
            for (stage, range) in node.stages {
                let inBar = range.clamped(to: node.span.bounds)
                if inBar.length == 0 { continue }
                segments.append(
                    StageSegment(row: node.row, stage: stage, start: tree.spans.offset(inBar.start), duration: inBar.length)
                )
            }
        }
        var totals: [Stage: UInt64] = [:]
        for piece in inference.criticalPath(within: TimeRange(tree.spans.startTime, tree.spans.endTime)) {
            for (stage, range) in inference.nodes[piece.node].stages {
                totals[stage, default: 0] += range.overlap(piece.range)
            }
        }
        let accounted = totals.values.reduce(0, +)
        totals[.unaccounted] = tree.spans.duration - accounted
        strip = Stage.allCases.compactMap { stage in
            guard let duration = totals[stage], duration > 0 else { return nil }
            return StageShare(stage: stage, duration: duration)
        }
        let ignored = inference.ignoredSendCount
        if ignored > 0 {
            let subject = ignored == 1 ? "1 send time lies outside its request and was" : "\(ignored) send times lie outside their requests and were"
            warnings.append("\(subject) ignored (Triton writes some of them wrong)")
        }
    }
}
