internal import TraceModel
internal import TraceStore
internal import TraceWire

/// A ``TraceStore/SpanSelection`` as blocks, resources and spans' first bytes are judged by it, so that little is decoded.
struct SelectionFilter: Sendable {
    /// The conditions of one list, by what is needed to judge them.
    private struct Conjunction: Sendable {
        var services: [String] = []
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
                case .service(let name): services.append(name)
                case .name(let name):
                    names.append(name.exactBytes)
                    if name.exactBytes == nil { needsSpan = true }
                case .kind(let kind): kinds.append(kind)
                case .durationAtLeast(let least): minimumDuration = max(minimumDuration, least)
                case .durationAtMost(let most): maximumDuration = min(maximumDuration, most)
                case .isRoot: mustBeRoot = true
                case .status, .attribute: needsSpan = true
                }
            }
        }

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
        var choice = OTLPChoice(names: names, events: needsEvents, links: needsLinks)
        choice.wantsResource = { resource in
            if conjunctions.isEmpty { return true }
            let service = resource.serviceName
            active = conjunctions.filter { $0.services.allSatisfy { $0 == service } }
            return !active.isEmpty
        }
        choice.wantsSpan = { head in
            guard selection.startTime.contains(head.startTime) else { return false }
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

    /// The spans of a block that may be selected, with what the projection asks for.
    func spans(in bytes: [UInt8], _ projection: SpanProjection) throws -> SpanBatch {
        var choice = OTLPChoice(projection)
        var active = conjunctions
        choice.wantsResource = { resource in
            if conjunctions.isEmpty { return true }
            let service = resource.serviceName
            active = conjunctions.filter { $0.services.allSatisfy { $0 == service } }
            return !active.isEmpty
        }
        choice.wantsSpan = { head in
            selection.startTime.contains(head.startTime) && (conjunctions.isEmpty || active.contains { $0.holds(head) })
        }
        return try OTLPProtobuf.decode(bytes, choosing: choice)
    }
}

extension OTLPChoice {
    init(_ projection: SpanProjection) {
        switch projection.attributes {
        case .all: self.init(events: projection.events, links: projection.links)
        case .named(let names): self.init(names: names, events: projection.events, links: projection.links)
        }
    }
}
