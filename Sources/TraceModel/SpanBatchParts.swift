/// The spans of a batch in parts of at most so many, made one at a time.
///
/// A resource and a scope stand in each part that has spans of them.
public struct SpanBatchParts: Sequence, IteratorProtocol, Sendable {
    private let batch: SpanBatch
    private let maximum: Int
    private var group = 0
    private var scope = 0
    private var span = 0

    init(_ batch: SpanBatch, maximum: Int) {
        self.batch = batch
        self.maximum = Swift.max(1, maximum)
    }

    public mutating func next() -> SpanBatch? {
        var part = SpanBatch()
        var room = maximum
        while room > 0, group < batch.resourceSpans.count {
            let source = batch.resourceSpans[group]
            guard scope < source.scopeSpans.count else {
                group += 1
                scope = 0
                continue
            }
            let scopeSpans = source.scopeSpans[scope]
            let end = span + Swift.min(room, scopeSpans.spans.count - span)
            if end > span {
                let taken = ScopeSpans(scope: scopeSpans.scope, schemaURL: scopeSpans.schemaURL, spans: Array(scopeSpans.spans[span..<end]))
                if let last = part.resourceSpans.indices.last, isSameGroup {
                    part.resourceSpans[last].scopeSpans.append(taken)
                } else {
                    part.resourceSpans.append(ResourceSpans(resource: source.resource, schemaURL: source.schemaURL, scopeSpans: [taken]))
                }
                isSameGroup = true
            }
            room -= end - span
            span = end
            guard span == scopeSpans.spans.count else { break }
            span = 0
            scope += 1
            if scope == source.scopeSpans.count {
                group += 1
                scope = 0
                isSameGroup = false
            }
        }
        isSameGroup = false
        return part.resourceSpans.isEmpty ? nil : part
    }

    /// The part's last group has the resource at hand.
    private var isSameGroup = false
}

extension SpanBatch {
    /// The spans in parts of at most so many, made one at a time.
    public func parts(of maximum: Int) -> SpanBatchParts { SpanBatchParts(self, maximum: maximum) }
}
