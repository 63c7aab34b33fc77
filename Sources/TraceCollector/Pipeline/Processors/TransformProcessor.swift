internal import NeedletailTracing
internal import TraceModel

/// The processor `transform`: changes spans by statements.
struct TransformProcessor: SpanTransform {
    private struct Group: Sendable {
        var level: ConditionContext.Level
        /// One has to hold; none means always.
        var conditions: [ConditionExpression]
        var statements: [ConditionStatement]
        var errorMode: ErrorMode
    }

    private var groups: [Group]

    init?(_ reader: YAMLReader) {
        guard let mapping = reader.mapping(["error_mode", "trace_statements"]) else {
            if reader.isNull { reader.missing("trace_statements", expected: "a list of statements") }
            return nil
        }
        let errorMode = mapping["error_mode"]?.errorMode() ?? .propagate
        guard let list = mapping["trace_statements"]?.list(), !list.isEmpty else {
            if mapping["trace_statements"].map({ $0.isNull || $0.list()?.isEmpty == true }) ?? true { reader.missing("trace_statements", expected: "a list of statements") }
            return nil
        }
        groups = list.compactMap { element in
            if case .scalar = element.value.content {
                guard let text = element.string() else { return nil }
                let level = Self.level(of: text)
                return Self.statement(element, level).map { Group(level: level, conditions: [], statements: [$0], errorMode: errorMode) }
            }
            guard let mapping = element.mapping(["context", "conditions", "statements", "error_mode"]) else { return nil }
            let statements = mapping["statements"]?.list() ?? []
            if statements.isEmpty { element.missing("statements", expected: "a list of statements") }
            let levels: KeyValuePairs<String, ConditionContext.Level> = ["resource": .resource, "scope": .scope, "span": .span, "spanevent": .spanevent]
            let texts = (statements + (mapping["conditions"]?.list() ?? [])).compactMap { $0.string() }.joined(separator: " ")
            let level = mapping["context"]?.choice(levels) ?? Self.level(of: texts)
            return Group(
                level: level,
                conditions: mapping["conditions"]?.conditions(level) ?? [],
                statements: statements.compactMap { Self.statement($0, level) },
                errorMode: mapping["error_mode"]?.errorMode() ?? errorMode
            )
        }
    }

    private static func statement(_ reader: YAMLReader, _ level: ConditionContext.Level) -> ConditionStatement? {
        guard let text = reader.string() else { return nil }
        do throws(ConditionError) {
            return try ConditionParser.statement(text, level: level)
        } catch {
            reader.mistake(error.description)
            return nil
        }
    }

    /// Without `context` it is that of the smallest thing that is named.
    private static func level(of text: String) -> ConditionContext.Level {
        for (word, level) in [("spanevent.", ConditionContext.Level.spanevent), ("span.", .span), ("scope.", .scope), ("resource.", .resource)] {
            if text.firstRange(of: word) != nil { return level }
        }
        return .span
    }

    func apply(to batch: inout SpanBatch, report: (ConditionFailure) -> Void) throws(ConditionFailure) {
        for statements in groups {
            for group in batch.resourceSpans.indices {
                switch statements.level {
                case .resource: try resource(&batch.resourceSpans[group], statements, report)
                case .scope:
                    for scope in batch.resourceSpans[group].scopeSpans.indices {
                        try self.scope(&batch.resourceSpans[group], scope, statements, report)
                    }
                case .span, .spanevent:
                    for scope in batch.resourceSpans[group].scopeSpans.indices {
                        try spans(&batch.resourceSpans[group], scope, statements, report)
                    }
                }
            }
        }
    }

    private static let noSpan = Span(traceID: TraceID(high: 0, low: 0), spanID: SpanID(0), name: "", startTime: 0, endTime: 0)

    private func resource(_ group: inout ResourceSpans, _ statements: Group, _ report: (ConditionFailure) -> Void) throws(ConditionFailure) {
        var context = ConditionContext(span: Self.noSpan, resource: group.resource, resourceSchemaURL: group.schemaURL, scope: InstrumentationScope())
        try run(statements, &context, report)
        (group.resource, group.schemaURL) = (context.resource, context.resourceSchemaURL)
    }

    private func scope(_ group: inout ResourceSpans, _ index: Int, _ statements: Group, _ report: (ConditionFailure) -> Void) throws(ConditionFailure) {
        let scope = group.scopeSpans[index]
        var context = ConditionContext(
            span: Self.noSpan, resource: group.resource, resourceSchemaURL: group.schemaURL, scope: scope.scope, scopeSchemaURL: scope.schemaURL
        )
        try run(statements, &context, report)
        (group.resource, group.schemaURL) = (context.resource, context.resourceSchemaURL)
        (group.scopeSpans[index].scope, group.scopeSpans[index].schemaURL) = (context.scope, context.scopeSchemaURL)
    }

    private func spans(_ group: inout ResourceSpans, _ index: Int, _ statements: Group, _ report: (ConditionFailure) -> Void) throws(ConditionFailure) {
        let scope = group.scopeSpans[index]
        var context = ConditionContext(
            span: Self.noSpan, resource: group.resource, resourceSchemaURL: group.schemaURL, scope: scope.scope, scopeSchemaURL: scope.schemaURL
        )
        for spanIndex in scope.spans.indices {
            context.span = scope.spans[spanIndex]
            if statements.level == .span {
                try run(statements, &context, report)
            } else {
                for eventIndex in context.span.events.indices {
                    context.event = context.span.events[eventIndex]
                    try run(statements, &context, report)
                    if let event = context.event { context.span.events[eventIndex] = event }
                }
            }
            group.scopeSpans[index].spans[spanIndex] = context.span
        }
        (group.resource, group.schemaURL) = (context.resource, context.resourceSchemaURL)
        (group.scopeSpans[index].scope, group.scopeSpans[index].schemaURL) = (context.scope, context.scopeSchemaURL)
    }

    private func run(_ group: Group, _ context: inout ConditionContext, _ report: (ConditionFailure) -> Void) throws(ConditionFailure) {
        do throws(ConditionFailure) {
            if !group.conditions.isEmpty {
                var holds = false
                for condition in group.conditions where try condition.isTrue(in: context) {
                    holds = true
                    break
                }
                if !holds { return }
            }
        } catch {
            return try answer(error, group.errorMode, report)
        }
        for statement in group.statements {
            do throws(ConditionFailure) {
                try statement.apply(to: &context)
            } catch {
                try answer(error, group.errorMode, report)
            }
        }
    }

    private func answer(_ failure: ConditionFailure, _ mode: ErrorMode, _ report: (ConditionFailure) -> Void) throws(ConditionFailure) {
        switch mode {
        case .propagate: throw failure
        case .ignore: report(failure)
        case .silent: break
        }
    }
}
