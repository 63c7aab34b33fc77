/// What became of the spans of one protocol.
public struct ReceiverCounters: Hashable, Sendable {
    /// Decoded and offered, whatever became of them.
    public var received: UInt64 = 0
    /// Durable and acknowledged.
    public var accepted: UInt64 = 0
    /// Turned away though they were valid: no room, a store that failed, or a back end that was stopping. A request that was turned
    /// away before it was decoded counts as one.
    public var refused: UInt64 = 0
    /// Invalid by themselves.
    public var failed: UInt64 = 0
    /// Requests and datagrams that could not be decoded at all.
    public var malformedRequests: UInt64 = 0
    /// Datagrams that were dropped in this program.
    public var droppedDatagrams: UInt64 = 0

    public init() {}
}
