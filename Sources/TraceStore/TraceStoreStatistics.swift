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

    public init(spanCount: Int, traceCount: Int? = nil, bytesOnDisk: Int = 0, oldestStartTime: UInt64? = nil, newestStartTime: UInt64? = nil) {
        self.spanCount = spanCount
        self.traceCount = traceCount
        self.bytesOnDisk = bytesOnDisk
        self.oldestStartTime = oldestStartTime
        self.newestStartTime = newestStartTime
    }
}
