internal import NeedletailTracing
internal import TraceModel

/// The processor `attributes`: changes the attributes of the spans that match.
struct AttributesProcessor: SpanTransform {
    var actions: [AttributeAction]
    var include: SpanMatcher?
    var exclude: SpanMatcher?

    init?(_ reader: YAMLReader) {
        guard let mapping = reader.mapping(["actions", "include", "exclude"]) else {
            if reader.isNull { reader.missing("actions", expected: "a list of actions") }
            return nil
        }
        actions = Self.actions(mapping["actions"], "actions", reader)
        include = mapping["include"].flatMap { SpanMatcher($0) }
        exclude = mapping["exclude"].flatMap { SpanMatcher($0) }
    }

    static func actions(_ list: YAMLReader?, _ key: String, _ reader: YAMLReader) -> [AttributeAction] {
        guard let elements = list?.list(), !elements.isEmpty else {
            if list.map({ $0.isNull || $0.list()?.isEmpty == true }) ?? true { reader.missing(key, expected: "a list of actions, each with key and action") }
            return []
        }
        return elements.compactMap { AttributeAction($0) }
    }

    func apply(to batch: inout SpanBatch, report: (ConditionFailure) -> Void) throws(ConditionFailure) {
        try batch.filterSpans { (span, group, scope) throws(ConditionFailure) in
            if let include, !include.matches(span, resource: group.resource, scope: scope.scope) { return true }
            if let exclude, exclude.matches(span, resource: group.resource, scope: scope.scope) { return true }
            for action in actions { action.apply(to: &span.attributes) }
            return true
        }
    }
}

/// The processor `resource`: changes the attributes of resources.
struct ResourceProcessor: SpanTransform {
    var actions: [AttributeAction]

    init?(_ reader: YAMLReader) {
        guard let mapping = reader.mapping(["attributes"]) else {
            if reader.isNull { reader.missing("attributes", expected: "a list of actions") }
            return nil
        }
        actions = AttributesProcessor.actions(mapping["attributes"], "attributes", reader)
    }

    func apply(to batch: inout SpanBatch, report: (ConditionFailure) -> Void) throws(ConditionFailure) {
        for index in batch.resourceSpans.indices {
            for action in actions { action.apply(to: &batch.resourceSpans[index].resource.attributes) }
        }
    }
}
