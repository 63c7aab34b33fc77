internal import TraceModel
internal import TraceStore
internal import TraceWire

/// A ``TraceStore/SpanSelection`` as blocks, resources and spans' first bytes are judged by it, so that little is decoded.
struct SelectionFilter: Sendable {
    /// The conditions of one list, by what is needed to judge them.
    private struct Conjunction: Sendable {
        var services: [String] = []
        /// About the resource's own attributes.
        var resourceConditions: [SpanCondition] = []
        /// All that are not about the resource alone.
        var spanConditions: [SpanCondition] = []
        /// `nil` stands for text that bytes cannot tell.
        var names: [[UInt8]?] = []
        var kinds: [SpanKind] = []
        var minimumDuration: UInt64 = 0
        var maximumDuration = UInt64.max
        var mustBeRoot = false
        /// Only the decoded span can say.
        var needsSpan = false

        init(_ conditions: [SpanCondition]) {
            for condition in conditions {
                switch condition {
                case .service(let name):
                    services.append(name)
                    continue
                case .attribute(let key, _) where key.scope == .resource:
                    resourceConditions.append(condition)
                    continue
                case .name(let name):
                    names.append(name.exactBytes)
                    if name.exactBytes == nil { needsSpan = true }
                case .kind(let kind): kinds.append(kind)
                case .durationAtLeast(let least): minimumDuration = max(minimumDuration, least)
                case .durationAtMost(let most): maximumDuration = min(maximumDuration, most)
                case .isRoot: mustBeRoot = true
                case .status, .attribute: needsSpan = true
                }
                spanConditions.append(condition)
            }
        }

        /// Whether spans of a resource may satisfy it.
        func holds(_ resource: Resource) -> Bool {
            let service = resource.serviceName
            return services.allSatisfy { $0 == service }
                && resourceConditions.allSatisfy { $0.matches(span: Self.anySpan, resource: resource, scope: InstrumentationScope()) }
        }

        /// For conditions that do not look at the span.
        private static let anySpan = Span(traceID: TraceID(high: 0, low: 0), spanID: SpanID(0), name: "", startTime: 0, endTime: 0)

        /// Whether the head satisfies what it can satisfy.
        func holds(_ head: OTLPChoice.Head) -> Bool {
            if mustBeRoot, head.hasParent { return false }
            let duration = head.duration
            guard duration >= minimumDuration, duration <= maximumDuration, kinds.allSatisfy({ $0 == head.kind }) else { return false }
            return names.allSatisfy { name in name.map { $0.count == head.name.count && $0.elementsEqual(head.name) } ?? true }
        }
    }

    let selection: SpanSelection
    private let conjunctions: [Conjunction]
    private let names: Set<String>
    private let needsEvents: Bool
    private let needsLinks: Bool

    init(_ selection: SpanSelection) {
        self.selection = selection
        conjunctions = selection.anyOf.map(Conjunction.init)
        let keys = selection.anyOf.joined().compactMap { condition -> AttributeKey? in
            if case .attribute(let key, _) = condition { key } else { nil }
        }
        names = Set(keys.map(\.name))
        needsEvents = keys.contains { $0.scope == .event }
        needsLinks = keys.contains { $0.scope == .link }
    }

    /// The newest start of a selected span, for each trace that has one in a block.
    func newest(in bytes: [UInt8]) throws -> [TraceID: UInt64] {
        var newest: [TraceID: UInt64] = [:]
        let selection = self.selection
        var active = conjunctions
        var choice = OTLPChoice(names: names, groupNames: names, events: needsEvents, links: needsLinks)
        choice.wantsResource = { resource in
            if conjunctions.isEmpty { return true }
            active = conjunctions.filter { $0.holds(resource) }
            return !active.isEmpty
        }
        choice.wantsSpan = { head in
            guard selection.startTime.contains(head.startTime), head.traceID != selection.except else { return false }
            var needsSpan = false
            for conjunction in active where conjunction.holds(head) {
                if conjunction.needsSpan {
                    needsSpan = true
                } else {
                    newest[head.traceID] = max(newest[head.traceID] ?? 0, head.startTime)
                    return false
                }
            }
            if conjunctions.isEmpty { newest[head.traceID] = max(newest[head.traceID] ?? 0, head.startTime) }
            return needsSpan
        }
        for group in try OTLPProtobuf.decode(bytes, choosing: choice).resourceSpans {
            for scopeSpans in group.scopeSpans {
                for span in scopeSpans.spans where selection.matches(span: span, resource: group.resource, scope: scopeSpans.scope) {
                    newest[span.traceID] = max(newest[span.traceID] ?? 0, span.startTime)
                }
            }
        }
        return newest
    }

    /// A projection with what the selection is judged by besides.
    func widened(_ projection: SpanProjection) -> SpanProjection {
        var projection = projection
        projection.attributes = projection.attributes.union(names)
        projection.groupAttributes = projection.groupAttributes.union(names)
        projection.events = projection.events || needsEvents
        projection.links = projection.links || needsLinks
        return projection
    }

    /// All spans of a block by their traces, with the newest start of those that are selected.
    func traces(in bytes: [UInt8], _ projection: SpanProjection) throws -> [TraceSweep.PartialTrace] {
        var traces: [TraceSweep.PartialTrace] = []
        var places: [TraceID: Int] = [:]
        for group in try OTLPProtobuf.decode(bytes, choosing: OTLPChoice(projection)).resourceSpans {
            let active = conjunctions.filter { $0.holds(group.resource) }
            for scopeSpans in group.scopeSpans {
                func isSelected(_ span: Span) -> Bool {
                    guard selection.startTime.contains(span.startTime), span.traceID != selection.except else { return false }
                    return conjunctions.isEmpty
                        || active.contains { conjunction in
                            conjunction.spanConditions.allSatisfy { $0.matches(span: span, resource: group.resource, scope: scopeSpans.scope) }
                        }
                }
                let spans = scopeSpans.spans
                var start = 0
                while start < spans.count {
                    let id = spans[start].traceID
                    var end = start
                    var newest: UInt64?
                    while end < spans.count, spans[end].traceID == id {
                        if isSelected(spans[end]) { newest = max(newest ?? 0, spans[end].startTime) }
                        end += 1
                    }
                    let place = places[id] ?? traces.count
                    if place == traces.count {
                        places[id] = place
                        traces.append(TraceSweep.PartialTrace(spans: TraceAssembler(id: id)))
                    }
                    if let newest { traces[place].newest = max(traces[place].newest ?? 0, newest) }
                    traces[place].spans.add(
                        spans[start..<end], resource: group.resource, resourceSchemaURL: group.schemaURL, scope: scopeSpans.scope,
                        scopeSchemaURL: scopeSpans.schemaURL
                    )
                    start = end
                }
            }
        }
        return traces
    }

    /// The spans of a block that may be selected, with what the projection asks for.
    func spans(in bytes: [UInt8], _ projection: SpanProjection) throws -> SpanBatch {
        var choice = OTLPChoice(widened(projection))
        var active = conjunctions
        choice.wantsResource = { resource in
            if conjunctions.isEmpty { return true }
            active = conjunctions.filter { $0.holds(resource) }
            return !active.isEmpty
        }
        choice.wantsSpan = { head in
            selection.startTime.contains(head.startTime) && head.traceID != selection.except && (conjunctions.isEmpty || active.contains { $0.holds(head) })
        }
        return try OTLPProtobuf.decode(bytes, choosing: choice)
    }
}

extension OTLPChoice {
    init(_ projection: SpanProjection) {
        func names(_ attributes: SpanProjection.Attributes) -> Set<String>? {
            if case .named(let names) = attributes { names } else { nil }
        }
        self.init(
            names: names(projection.attributes), groupNames: names(projection.groupAttributes), events: projection.events, links: projection.links
        )
    }
}
