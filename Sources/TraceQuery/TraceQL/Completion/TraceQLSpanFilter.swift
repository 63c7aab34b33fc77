public import TraceModel
public import TraceStore

/// The first `{ … }` of a query, as far as it can be read: what limits the values that are offered while a query is still being typed.
public struct TraceQLSpanFilter: Sendable {
    private let tests: [TraceQLCompiler.Test]
    private let slots: Int
    /// Necessary conditions, for the store.
    public let conditions: [[SpanCondition]]
    /// What the filter reads of each span.
    public let projection: SpanProjection
    /// The parts that were understood, as a query; `{ }` for none.
    public let text: String

    /// Takes the parts joined by `&&` that are complete and leaves out the others; a query without any gives `nil`, and so does one in
    /// which parts are joined by `||` and cannot all be read.
    public init?(lenient text: String) {
        let expressions = Self.conjuncts(text, ofSpansOnly: true)
        if expressions.isEmpty { return nil }
        var compiler = TraceQLCompiler()
        var tests: [TraceQLCompiler.Test] = []
        var touched = TraceQLTouched()
        for expression in expressions {
            guard let test = try? compiler.test(expression) else { return nil }
            tests.append(test)
            touched.add(expression)
        }
        self.tests = tests
        slots = compiler.slots
        conditions = expressions.map { TraceQLConditions($0) }.reduce(.unknown, TraceQLConditions.both).anyOf ?? []
        projection = touched.projection
        self.text = Self.query(expressions)
    }

    /// What a query is as far as it can be read, with conditions on whole traces; `nil` when nothing can be.
    public static func readablePart(of text: String) -> String? {
        let expressions = conjuncts(text, ofSpansOnly: false)
        return expressions.isEmpty ? nil : query(expressions)
    }

    private static func query(_ expressions: [TraceQLExpression]) -> String {
        "{ " + expressions.map { "(\($0))" }.joined(separator: " && ") + " }"
    }

    /// The spans of a batch that pass.
    public func matching(_ batch: SpanBatch) -> SpanBatch {
        let view = TraceView(batch, slots: slots)
        var result = SpanBatch()
        for group in view.groups {
            let spans = group.spans.indices.filter { offset in tests.allSatisfy { $0(view, group.start + offset) } }.map { group.spans[$0] }
            if spans.isEmpty { continue }
            result.resourceSpans.append(
                ResourceSpans(resource: group.resource, scopeSpans: [ScopeSpans(scope: group.scope, spans: spans)])
            )
        }
        return result
    }

    /// What is readable between the first `{` and its `}` or the end.
    private static func conjuncts(_ text: String, ofSpansOnly: Bool) -> [TraceQLExpression] {
        guard text.utf8.count <= TraceQLParser.maximumLength else { return [] }
        let tokens = TraceQLLexer.tokens(text)
        guard let open = tokens.firstIndex(where: { $0.isSymbol("{") }) else { return [] }
        var parts: [[TraceQLToken]] = [[]]
        var hasAlternatives = false
        var depth = 0
        for token in tokens[(open + 1)...] {
            if token.isSymbol("}") || token.kind == .end { break }
            if token.isSymbol("(") { depth += 1 }
            if token.isSymbol(")") { depth -= 1 }
            if depth == 0, token.isSymbol("||") { hasAlternatives = true }
            if depth == 0, token.isSymbol("&&") { parts.append([]) } else { parts[parts.count - 1].append(token) }
        }
        if hasAlternatives { parts = [tokens[(open + 1)...].prefix { !$0.isSymbol("}") && $0.kind != .end }] }
        return parts.compactMap { part in
            // A blank at the end closes an attribute's name.
            let filter = "{ " + part.map { $0.text }.joined(separator: " ") + " }"
            guard let query = try? TraceQLQuery(filter), case .search(let stages) = query.root.body, !(ofSpansOnly && TraceQLTouched(stages).needsTrace),
                case .spanset(.filter(let expression?))? = stages.first
            else { return nil }
            return expression
        }
    }
}
