internal import TraceModel

/// Which executions were slow because they came first: the model's first, or the first with a batch size; and which had to wait for one of these.
enum ColdStarts {
    /// A first execution counts as cold when it took so many times as long as the model's median.
    static let factor = 3.0
    /// Executions that a model needs for a median to mean anything.
    static let minimumExecutions = 5

    /// The cold ones among executions, by index.
    static func find(_ executions: [ExecutionMember]) -> Set<Int> {
        struct Size: Hashable {
            var identity: ModelIdentity
            var size: Int64
        }
        var cold: Set<Int> = []
        let byModel = Dictionary(grouping: executions.indices, by: { executions[$0].identity })
        for (_, indices) in byModel where indices.count >= minimumExecutions {
            let times = indices.map { executions[$0].inferTime }.sorted()
            let slow = Double(times[times.count / 2]) * factor
            var seen: Set<Int64> = []
            var firstStart: UInt64?
            for index in indices.sorted(by: { executions[$0].start < executions[$1].start }) {
                let member = executions[index]
                // Members of the first execution all came first.
                let isFirst = firstStart.map { member.start - min($0, member.start) <= Batch.clockTolerance } ?? true
                if firstStart == nil { firstStart = member.start }
                let isNewSize = member.batchSize.map { seen.insert($0).inserted } ?? false
                if isFirst || isNewSize, Double(member.inferTime) > slow { cold.insert(index) }
            }
        }
        return cold
    }

    /// Those that waited for a cold execution so long that it would have made them cold themselves, by index.
    static func held(_ executions: [ExecutionMember], by cold: Set<Int>) -> Set<Int> {
        let causes = Dictionary(grouping: cold, by: { executions[$0].identity })
        var held: Set<Int> = []
        for (identity, first) in causes {
            let indices = executions.indices.filter { executions[$0].identity == identity }
            let times = indices.map { executions[$0].inferTime }.sorted()
            let slow = Double(times[times.count / 2]) * factor
            for index in indices where !cold.contains(index) {
                let member = executions[index]
                guard let from = member.queueStart else { continue }
                let waited = first.map { cause in
                    let (start, end) = (max(from, executions[cause].start), min(member.start, executions[cause].end))
                    return end > start ? Double(end - start) : 0
                }
                if waited.contains(where: { $0 > slow }) { held.insert(index) }
            }
        }
        return held
    }
}

extension TraceWindow {
    /// What needs all traces: batches, and which of them were cold.
    mutating func finish() {
        let cold = ColdStarts.find(executions)
        struct Key: Hashable {
            var trace: TraceID
            var span: SpanID
        }
        let ids = Set(cold.union(ColdStarts.held(executions, by: cold)).map { executions[$0].traceID })
        let keys = Set(cold.map { Key(trace: executions[$0].traceID, span: executions[$0].spanID) })
        for index in 0..<features.count where ids.contains(features.traceIDs[index]) { features.isCold[index] = true }
        batches = Batch.grouping(executions)
        executions = []
        for batch in batches where !keys.isEmpty && lifecycles.count < ModelLifecycle.maximumCount {
            guard let member = batch.members.first(where: { keys.contains(Key(trace: $0.traceID, span: $0.spanID)) }) else { continue }
            lifecycles.append(
                ModelLifecycle(kind: .cold, identity: batch.identity, start: batch.start, end: batch.end, traceID: member.traceID, spanID: member.spanID)
            )
        }
        lifecycles.sort { ($0.start, $0.end) < ($1.start, $1.end) }
    }
}
