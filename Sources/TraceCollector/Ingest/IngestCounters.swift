/// What ``SpanIngest`` has done since the start; all figures are spans unless the name says otherwise.
public struct IngestCounters: Hashable, Sendable {
    /// Decoded and offered, whatever became of them.
    public var received: UInt64 = 0
    /// The same, by the protocol over which they came.
    public var receivedByProtocol: [SpanProtocol: UInt64] { byProtocol.mapValues(\.received).filter { $0.value > 0 } }
    /// What became of them, by the protocol over which they came.
    public var byProtocol: [SpanProtocol: ReceiverCounters] = [:]
    /// On disk and acknowledged.
    public var committed: UInt64 = 0
    /// Invalid by themselves (a broken id) and never offered; told to the sender as a partial success.
    public var rejected: UInt64 = 0
    /// Refused because the queue was full.
    public var refusedOverloaded: UInt64 = 0
    /// Refused because the store could not commit.
    public var refusedStoreFailed: UInt64 = 0
    /// Refused because the back end was stopping.
    public var refusedShuttingDown: UInt64 = 0
    /// Requests and datagrams that could not be decoded at all.
    public var malformedRequests: UInt64 = 0
    /// Datagrams that were dropped because their queue was full, or because the store had no room for too long.
    public var droppedDatagrams: UInt64 = 0
    /// Commits that succeeded.
    public var commits: UInt64 = 0
    /// Batches in those commits.
    public var committedBatches: UInt64 = 0
    /// How long they took, also those that failed.
    public var commitTimes = CommitTimes()
    /// Waiting or being committed at this moment.
    public var pending: Int = 0

    public init() {}
}
