/// How much a store holds.
public struct TraceStoreStatistics: Hashable, Sendable {
    /// Stored spans; a span that was delivered twice may count twice.
    public var spanCount: Int
    /// Stored traces; `nil` when the store does not count them.
    public var traceCount: Int?
    /// Bytes on disk, journal included; 0 in memory.
    public var bytesOnDisk: Int
    /// The start of the oldest span, nanoseconds since the Unix epoch; `nil` when the store is empty.
    public var oldestStartTime: UInt64?
    /// The start of the newest span, nanoseconds since the Unix epoch; `nil` when the store is empty.
    public var newestStartTime: UInt64?
    /// Files by time of arrival; `nil` when the store has none.
    public var partitionCount: Int?
    /// When the oldest spans that are still there arrived, or a bit before, nanoseconds since the Unix epoch; `nil` when it is not known.
    public var retainedSince: UInt64?
    /// Everything that was ever stored is still there: before the oldest span there was none.
    public var isWhole = false
    /// What was dropped for its age, or for lack of room, since the store was opened.
    public var droppedPartitionCount = 0
    public var droppedSpanCount = 0

    public init(spanCount: Int, traceCount: Int? = nil, bytesOnDisk: Int = 0, oldestStartTime: UInt64? = nil, newestStartTime: UInt64? = nil) {
        self.spanCount = spanCount
        self.traceCount = traceCount
        self.bytesOnDisk = bytesOnDisk
        self.oldestStartTime = oldestStartTime
        self.newestStartTime = newestStartTime
    }
}
