internal import TraceModel

/// Why it cannot be told what a request waited for.
public enum QueueObstacle: String, Error, Hashable, Sendable {
    /// The server does not number its executions.
    case unnumbered
    /// Executions, or requests of them, are not here.
    case missing
    /// There is more around the wait than is read.
    case crowded
    /// The trace has more waits than are looked at.
    case tooMany
    /// No execution is told that the request waited for.
    case noExecution
}

/// All executions of a model on a server around one request's wait.
public struct QueueContext: Hashable, Sendable {
    public let executions: [Batch]
    /// Instances that were seen at work, at least 1.
    public let instanceCount: Int

    /// - Parameters:
    ///   - executions: What is known of the model on the server around the wait, the request's own execution included.
    ///   - isWhole: Whether all that is stored of that time was looked at.
    /// - Throws: What is not known.
    public init(_ executions: [Batch], isWhole: Bool, for member: ExecutionMember) throws(QueueObstacle) {
        guard isWhole else { throw .crowded }
        guard !executions.isEmpty else { throw .noExecution }
        guard executions.allSatisfy({ $0.members[0].batchID != nil }) else { throw .unnumbered }
        guard InstanceLanes.isGapless(executions) else { throw .missing }
        // What came right before the first one known may be missing; nothing is when all requests are kept, or when the numbers begin here.
        let reachesBack = executions.contains { $0.members[0].batchID == 1 || $0.start <= member.queueStart ?? member.start }
        guard reachesBack || member.weight.count <= 1 else { throw .missing }
        self.executions = executions
        instanceCount = max(InstanceLanes(executions, window: 0...UInt64.max, resolution: 1).lanes.count, 1)
    }

    /// When all instances were executing while a request waited, in order of time.
    ///
    /// - Returns: Nanoseconds back from the start of the request's execution, so that they hold whatever is done to its clock; empty when its wait is not told.
    public func blocked(_ member: ExecutionMember) -> [QueueBreakdown.Blocked] {
        guard let queueStart = member.queueStart else { return [] }
        return QueueSplit.blocked(from: queueStart, to: member.start, member.identity, executions: executions, instanceCount: instanceCount)
            .map { QueueBreakdown.Blocked(from: member.start - $0.start, to: member.start - $0.end) }
    }
}
