internal import TraceModel
internal import TraceStore

/// The fields that a query reads, in the order in which it names them.
struct TraceQLTouched: Sendable {
    private(set) var fields: [TraceQLField] = []
    /// Two sets of spans are compared, or a number is computed of a set.
    private(set) var relatesSpans = false

    init(_ stages: [TraceQLStage] = []) {
        for stage in stages { add(stage) }
    }

    mutating func add(_ field: TraceQLField) {
        if !fields.contains(field) { fields.append(field) }
    }

    mutating func add(_ expression: TraceQLExpression?) {
        expression?.forEachField { add($0) }
    }

    private mutating func add(_ stage: TraceQLStage) {
        switch stage {
        case .spanset(let spanset): add(spanset)
        case .scalar(let aggregate, _, _, _):
            relatesSpans = true
            add(aggregate.argument)
        case .by(let expression):
            relatesSpans = true
            add(expression)
        case .coalesce: relatesSpans = true
        case .select(let fields, _): for field in fields { add(field) }
        case .unsupported: break
        }
    }

    private mutating func add(_ spanset: TraceQLSpanset) {
        switch spanset {
        case .filter(let expression): add(expression)
        case .operation(_, let left, let right, _):
            relatesSpans = true
            add(left)
            add(right)
        case .pipeline(let stages): for stage in stages { add(stage) }
        }
    }

    /// A span alone is not enough to answer.
    var needsTrace: Bool {
        relatesSpans || fields.contains { if case .intrinsic(let intrinsic) = $0 { intrinsic.needsTrace } else { false } }
    }

    /// What a scan must read of each span: attributes of resources and scopes alone cost no look at those of spans.
    var projection: SpanProjection {
        var names: Set<String> = []
        var groupNames: Set<String> = []
        var events = false
        var links = false
        for field in fields {
            switch field {
            case .attribute(let scope, let name):
                if scope != .resource, scope != .instrumentation { names.insert(name) }
                if scope == nil || scope == .resource || scope == .instrumentation { groupNames.insert(name) }
                if scope == .event { events = true }
                if scope == .link { links = true }
            case .intrinsic(.eventName), .intrinsic(.eventTimeSinceStart): events = true
            case .intrinsic(.linkTraceID), .intrinsic(.linkSpanID): links = true
            case .intrinsic, .parent: break
            }
        }
        return SpanProjection(attributes: .named(names), groupAttributes: .named(groupNames), events: events, links: links)
    }
}
