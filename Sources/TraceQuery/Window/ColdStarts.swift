/// Which executions were slow because they came first: the model's first, or the first with a batch size.
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
}

extension TraceWindow {
    mutating func markCold() {
        let cold = ColdStarts.find(executions)
        guard !cold.isEmpty else { return }
        let ids = Set(cold.map { executions[$0].traceID })
        for index in 0..<features.count where ids.contains(features.traceIDs[index]) { features.isCold[index] = true }
    }
}
