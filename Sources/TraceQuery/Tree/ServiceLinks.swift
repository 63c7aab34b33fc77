/// How often spans of one service are children of spans of another.
public struct ServiceLinks: Hashable, Sendable {
    /// Calls from one service to another.
    public struct Link: Hashable, Sendable {
        public var parent: String
        public var child: String
        public var callCount: Int
    }

    /// By parent, then child.
    public let sorted: [Link]

    public init(_ traces: [TraceSpans]) {
        struct Pair: Hashable {
            var parent: String
            var child: String
        }
        var counts: [Pair: Int] = [:]
        for spans in traces {
            let links = ParentLinks(spans)
            for (entry, parent) in links.parent.enumerated() where parent >= 0 {
                let pair = Pair(parent: spans.serviceName(of: parent), child: spans.serviceName(of: entry))
                if pair.parent != pair.child { counts[pair, default: 0] += 1 }
            }
        }
        sorted =
            counts
            .map { Link(parent: $0.key.parent, child: $0.key.child, callCount: $0.value) }
            .sorted { ($0.parent, $0.child) < ($1.parent, $1.child) }
    }
}
