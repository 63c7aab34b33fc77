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
        let blocked = Self.blocked(wait, member.identity, executions, instanceCount).reduce(0) { $0 + $1.length }
        noInstance = blocked
        batchWait = wait.length - blocked
    }

    /// When every known instance of a model was executing, from one time to another, nanoseconds since the Unix epoch.
    public static func blocked(from: UInt64, to: UInt64, _ identity: ModelIdentity, executions: [Batch], instanceCount: Int) -> [(start: UInt64, end: UInt64)] {
        blocked(TimeRange(from, to), identity, executions, instanceCount).map { ($0.start, $0.end) }
    }

    private static func blocked(_ wait: TimeRange, _ identity: ModelIdentity, _ executions: [Batch], _ instanceCount: Int) -> [TimeRange] {
        // +1 and -1 where an execution begins and ends within the wait, ends first.
        var steps: [(time: UInt64, change: Int)] = []
        for execution in executions where execution.identity == identity {
            let busy = TimeRange(execution.start, execution.end).clamped(to: wait)
            if busy.length > 0 { steps += [(busy.start, 1), (busy.end, -1)] }
        }
        steps.sort { ($0.time, $0.change) < ($1.time, $1.change) }
        var busy = 0
        var last = wait.start
        var blocked: [TimeRange] = []
        for step in steps {
            if busy >= max(instanceCount, 1), step.time > last {
                if let end = blocked.last?.end, end == last { blocked[blocked.count - 1].end = step.time } else { blocked.append(TimeRange(last, step.time)) }
            }
            busy += step.change
            last = step.time
        }
        return blocked
    }
}
