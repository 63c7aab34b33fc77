internal import TraceModel
internal import TraceQuery

/// Tells apart what a trace was like at two times: late spans give it another version.
struct ColumnsVersion: Hashable, CustomStringConvertible {
    var spanCount: Int
    private var hash: UInt64

    init(_ tree: TraceTree) {
        spanCount = tree.spans.entries.count
        // A sum, so that the order in which the store gives spans back does not matter.
        hash = tree.spans.entries.reduce(0) { sum, entry in
            let span = entry.span
            var hash = span.spanID.value &* 0x9e37_79b9_7f4a_7c15 ^ span.startTime
            hash = (hash ^ hash >> 29) &* 0xbf58_476d_1ce4_e5b9 ^ span.endTime
            hash = (hash ^ hash >> 32) &* 0x94d0_49bb_1331_11eb ^ UInt64(truncatingIfNeeded: span.attributes.count &* 31 &+ span.events.count)
            return sum &+ (hash ^ hash >> 31)
        }
    }

    /// The entity tag of the trace's columns.
    func tag(_ shape: TraceShape) -> String { "W/\"\(self)\(shape.suffix)\"" }

    var description: String { "\(spanCount)-\(SpanID(hash))" }

    /// The number of spans in the text of a version.
    static func spanCount(_ text: String) -> Int? { text.split(separator: "-").first.flatMap { Int($0) } }
}
