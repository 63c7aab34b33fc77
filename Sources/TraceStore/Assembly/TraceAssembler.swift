public import TraceModel

/// Puts the spans of one trace together, as every store must return them.
///
/// Spans of equal resources and scopes come to one group, in order of arrival, and a span that is equal to one already there in
/// all its fields, resource and scope is left out.
public struct TraceAssembler: Sendable {
    public let id: TraceID
    /// The spans so far.
    public private(set) var spanCount = 0
    private var groups: [ResourceSpans] = []
    private var resourceIndex: [ResourceKey: Int] = [:]
    private var scopeIndex: [ScopeKey: Int] = [:]
    private var positions: [SpanID: [Position]] = [:]

    public init(id: TraceID) {
        self.id = id
    }

    /// The trace, or `nil` when no span was added.
    public var trace: StoredTrace? {
        spanCount == 0 ? nil : StoredTrace(id: id, batch: SpanBatch(resourceSpans: groups))
    }

    /// Adds spans of one resource and one scope; those of other traces are left out.
    ///
    /// - Returns: how many were new.
    @discardableResult
    public mutating func add(
        _ spans: some Sequence<Span>, resource: Resource, resourceSchemaURL: String, scope: InstrumentationScope, scopeSchemaURL: String
    ) -> Int {
        let resourceKey = ResourceKey(resource: resource, schemaURL: resourceSchemaURL)
        let group = resourceIndex[resourceKey] ?? groups.count
        let scopeKey = ScopeKey(group: group, scope: scope, schemaURL: scopeSchemaURL)
        var index = scopeIndex[scopeKey]
        let before = spanCount
        for span in spans where span.traceID == id {
            if index == nil {
                // A group is made by its first span, so that none is ever empty.
                if group == groups.count {
                    groups.append(ResourceSpans(resource: resource, schemaURL: resourceSchemaURL))
                    resourceIndex[resourceKey] = group
                }
                index = groups[group].scopeSpans.count
                scopeIndex[scopeKey] = index
                groups[group].scopeSpans.append(ScopeSpans(scope: scope, schemaURL: scopeSchemaURL))
            }
            guard let index else { continue }
            append(span, group, index)
        }
        return spanCount - before
    }

    /// Adds the spans of this trace from a batch.
    ///
    /// - Returns: how many were new.
    @discardableResult
    public mutating func add(_ batch: SpanBatch) -> Int {
        var count = 0
        for resourceSpans in batch.resourceSpans {
            for scopeSpans in resourceSpans.scopeSpans {
                count += add(
                    scopeSpans.spans, resource: resourceSpans.resource, resourceSchemaURL: resourceSpans.schemaURL,
                    scope: scopeSpans.scope, scopeSchemaURL: scopeSpans.schemaURL
                )
            }
        }
        return count
    }

    private mutating func append(_ span: Span, _ group: Int, _ scope: Int) {
        if let earlier = positions[span.spanID] {
            for position in earlier where position.group == group && position.scope == scope {
                if groups[group].scopeSpans[scope].spans[position.index] == span { return }
            }
        }
        let position = Position(group: group, scope: scope, index: groups[group].scopeSpans[scope].spans.count)
        positions[span.spanID, default: []].append(position)
        groups[group].scopeSpans[scope].spans.append(span)
        spanCount += 1
    }

    private struct ResourceKey: Hashable {
        var resource: Resource
        var schemaURL: String
    }

    private struct ScopeKey: Hashable {
        var group: Int
        var scope: InstrumentationScope
        var schemaURL: String
    }

    private struct Position {
        var group: Int
        var scope: Int
        var index: Int
    }
}
