internal import TraceModel
internal import TraceQuery

/// What a page wants of a trace: all of it or what lies below one span, with the times as they came or with the clocks put right.
struct TraceShape: Hashable, Sendable {
    var root: SpanID?
    var adjustsSkew = false

    init() {}

    /// - Throws: ``BadParameter`` for a root that is no span id.
    init(_ items: QueryItems) throws {
        adjustsSkew = items["skew"] == "adjust"
        guard let text = items.nonEmpty("root") else { return }
        guard let id = SpanID(hex: text) else { throw BadParameter("unable to parse param 'root': \"\(text)\" is no span id of 16 hexadecimal digits") }
        root = id
    }

    /// - Parameter skew: Of the tree.
    /// - Throws: ``APIError`` 404 for a root that is not in the trace.
    func of(_ tree: TraceTree, skew: ClockSkew) throws -> TraceTree {
        var tree = tree
        if adjustsSkew { tree = tree.correcting(skew) }
        guard let root else { return tree }
        guard let row = tree.rows.indices.first(where: { tree.span($0).spanID == root }) else { throw APIError(status: 404, message: "span \(root) is not in this trace") }
        return tree.subtree(of: row)
    }

    /// Told in the entity tag.
    var suffix: String { (adjustsSkew ? "-adjusted" : "") + (root.map { "-\($0)" } ?? "") }
}
