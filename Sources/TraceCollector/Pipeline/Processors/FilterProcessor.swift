internal import NeedletailTracing
internal import TraceModel

/// The processor `filter`: drops spans and events for which one of its conditions holds.
struct FilterProcessor: SpanTransform {
    private var spans: [ConditionExpression]
    private var events: [ConditionExpression]
    private var errorMode: ErrorMode

    init?(_ reader: YAMLReader) {
        guard let mapping = reader.mapping(["error_mode", "traces"]) else {
            if reader.isNull { reader.missing("traces", expected: "traces: {span: [conditions], spanevent: [conditions]}") }
            return nil
        }
        errorMode = mapping["error_mode"]?.errorMode() ?? .propagate
        let traces = mapping["traces"]?.mapping(["span", "spanevent"])
        spans = traces?["span"]?.conditions(.span) ?? []
        events = traces?["spanevent"]?.conditions(.spanevent) ?? []
        if traces?["span"] == nil, traces?["spanevent"] == nil {
            reader.missing("traces", expected: "traces: {span: [conditions], spanevent: [conditions]}")
        }
    }

    func apply(to batch: inout SpanBatch, report: (ConditionFailure) -> Void) throws(ConditionFailure) {
        try batch.filterSpans { (span, group, scope) throws(ConditionFailure) in
            var context = ConditionContext(
                span: span, resource: group.resource, resourceSchemaURL: group.schemaURL, scope: scope.scope, scopeSchemaURL: scope.schemaURL
            )
            if try holds(spans, context, report) { return false }
            guard !events.isEmpty, !span.events.isEmpty else { return true }
            var kept: [SpanEvent] = []
            for event in span.events {
                context.event = event
                if try !holds(events, context, report) { kept.append(event) }
            }
            span.events = kept
            return true
        }
    }

    private func holds(_ conditions: [ConditionExpression], _ context: ConditionContext, _ report: (ConditionFailure) -> Void) throws(ConditionFailure) -> Bool {
        for condition in conditions {
            do throws(ConditionFailure) {
                if try condition.isTrue(in: context) { return true }
            } catch {
                switch errorMode {
                case .propagate: throw error
                case .ignore: report(error)
                case .silent: break
                }
            }
        }
        return false
    }
}
