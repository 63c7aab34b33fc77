/// Why a request waited: for an instance, or for its batch to fill.
public struct QueueSplit: Hashable, Sendable {
    /// Nanoseconds in which every known instance of the model was executing.
    public var noInstance: UInt64
    /// The rest of the wait, nanoseconds.
    public var batchWait: UInt64

    /// - Parameters:
    ///   - member: The request that waited.
    ///   - executions: All executions of its model on its server in that time; there must be none that is not known.
    ///   - instanceCount: How many instances the model has on the server, at least 1.
    /// - Returns: `nil` when the wait is not told.
    public init?(_ member: ExecutionMember, executions: [Batch], instanceCount: Int) {
        guard let queueStart = member.queueStart else { return nil }
        let wait = TimeRange(queueStart, member.start)
        // +1 and -1 where an execution begins and ends within the wait, ends first.
        var steps: [(time: UInt64, change: Int)] = []
        for execution in executions where execution.identity == member.identity {
            let busy = TimeRange(execution.start, execution.end).clamped(to: wait)
            if busy.length > 0 { steps += [(busy.start, 1), (busy.end, -1)] }
        }
        steps.sort { ($0.time, $0.change) < ($1.time, $1.change) }
        var busy = 0
        var last = wait.start
        var blocked: UInt64 = 0
        for step in steps {
            if busy >= max(instanceCount, 1) { blocked += step.time - last }
            busy += step.change
            last = step.time
        }
        noInstance = blocked
        batchWait = wait.length - blocked
    }
}
