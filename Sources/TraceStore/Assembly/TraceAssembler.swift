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
    /// Empty as long as the groups are few.
    private var resourceIndex: [ResourceKey: Int] = [:]
    /// Empty as long as the spans are few.
    private var positions: [SpanID: Position] = [:]
    /// Of spans whose id another span has, too, all but the first.
    private var furtherPositions: [SpanID: [Position]] = [:]

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
        let group = groupIndex(resource, resourceSchemaURL) ?? groups.count
        var index = group < groups.count ? scopeIndex(group, scope, scopeSchemaURL) : nil
        let before = spanCount
        for span in spans where span.traceID == id {
            if index == nil {
                // A group is made by its first span, so that none is ever empty.
                if group == groups.count {
                    groups.append(ResourceSpans(resource: resource, schemaURL: resourceSchemaURL))
                    if groups.count > Self.listLimit { indexResources() }
                }
                index = groups[group].scopeSpans.count
                groups[group].scopeSpans.append(ScopeSpans(scope: scope, schemaURL: scopeSchemaURL))
                groups[group].scopeSpans[groups[group].scopeSpans.count - 1].spans.reserveCapacity(spans.underestimatedCount)
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

    /// Which group has this resource.
    private func groupIndex(_ resource: Resource, _ schemaURL: String) -> Int? {
        if !resourceIndex.isEmpty { return resourceIndex[ResourceKey(resource: resource, schemaURL: schemaURL)] }
        return groups.firstIndex { $0.schemaURL == schemaURL && $0.resource == resource }
    }

    private func scopeIndex(_ group: Int, _ scope: InstrumentationScope, _ schemaURL: String) -> Int? {
        groups[group].scopeSpans.firstIndex { $0.schemaURL == schemaURL && $0.scope == scope }
    }

    /// Most traces have a few resources, which are compared quicker than hashed.
    private static let listLimit = 8

    private mutating func indexResources() {
        if resourceIndex.isEmpty {
            for (index, group) in groups.enumerated() { resourceIndex[ResourceKey(resource: group.resource, schemaURL: group.schemaURL)] = index }
        } else if let last = groups.last {
            resourceIndex[ResourceKey(resource: last.resource, schemaURL: last.schemaURL)] = groups.count - 1
        }
    }

    private mutating func append(_ span: Span, _ group: Int, _ scope: Int) {
        if spanCount < Self.shortCount {
            for index in groups[group].scopeSpans[scope].spans.indices where groups[group].scopeSpans[scope].spans[index].spanID == span.spanID {
                if groups[group].scopeSpans[scope].spans[index] == span { return }
            }
        } else {
            if positions.isEmpty { indexSpans() }
            if isThere(span, group, scope) { return }
            index(span.spanID, Position(group: group, scope: scope, index: groups[group].scopeSpans[scope].spans.count))
        }
        groups[group].scopeSpans[scope].spans.append(span)
        spanCount += 1
    }

    /// Spans of short traces are compared quicker than hashed.
    private static let shortCount = 24

    private mutating func indexSpans() {
        positions.reserveCapacity(4 * Self.shortCount)
        for group in groups.indices {
            for scope in groups[group].scopeSpans.indices {
                for place in groups[group].scopeSpans[scope].spans.indices {
                    index(groups[group].scopeSpans[scope].spans[place].spanID, Position(group: group, scope: scope, index: place))
                }
            }
        }
    }

    private mutating func index(_ id: SpanID, _ position: Position) {
        guard let first = positions.updateValue(position, forKey: id) else { return }
        // Two spans of one id: rare enough for a list of their own.
        positions[id] = first
        furtherPositions[id, default: []].append(position)
    }

    private func isThere(_ span: Span, _ group: Int, _ scope: Int) -> Bool {
        guard let first = positions[span.spanID] else { return false }
        func isEqual(_ position: Position) -> Bool {
            Int(position.group) == group && Int(position.scope) == scope && groups[group].scopeSpans[scope].spans[Int(position.index)] == span
        }
        return isEqual(first) || (furtherPositions[span.spanID]?.contains(where: isEqual) ?? false)
    }

    private struct ResourceKey: Hashable {
        var resource: Resource
        var schemaURL: String
    }

    /// Small numbers, because there is one for each span; nobody has four thousand million spans of a trace in memory.
    private struct Position {
        let group: UInt32
        let scope: UInt32
        let index: UInt32

        init(group: Int, scope: Int, index: Int) {
            self.group = UInt32(truncatingIfNeeded: group)
            self.scope = UInt32(truncatingIfNeeded: scope)
            self.index = UInt32(truncatingIfNeeded: index)
        }
    }
}
