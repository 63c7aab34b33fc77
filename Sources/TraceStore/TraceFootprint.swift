/// How large a trace may be, as a store can tell without reading it.
public struct TraceFootprint: Hashable, Sendable {
    /// At most so many spans.
    public var spanCount: Int
    /// About how many bytes these have, as OTLP protobuf.
    public var size: Int

    public init(spanCount: Int, size: Int) {
        self.spanCount = spanCount
        self.size = size
    }
}
