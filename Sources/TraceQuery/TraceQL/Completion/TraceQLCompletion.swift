/// What may stand at a place of a query: for completion while it is typed.
public struct TraceQLCompletion: Hashable, Sendable {
    public enum Expectation: String, Hashable, Sendable {
        /// The beginning: `{`.
        case query
        /// A scope, an attribute or an intrinsic.
        case field
        /// The name of an attribute of ``scope``; without a scope, of spans and resources.
        case attributeName
        /// A comparison with the field ``field``.
        case comparison
        /// A value of the field ``field``.
        case value
        /// `&&`, `||` or `}`.
        case connective
        /// A structural operator or `|`, after `}`.
        case spansetOperator
        /// A step of the pipeline, after `|`.
        case stage
    }

    public let expectation: Expectation
    /// What is there already of the word under the cursor.
    public let prefix: String
    /// Where the word under the cursor begins, in Unicode scalars.
    public let start: Int
    /// `span`, `resource` and so on, when an attribute's name is expected.
    public let scope: String?
    /// The field as the query wrote it, when an operator or a value is expected.
    public let field: String?
    /// Words that fit in any case and begin with ``prefix``; names and values of attributes are the store's to tell.
    public let suggestions: [String]
    /// What is wrong with the query as it stands.
    public let error: TraceQLError?

    private static let comparisons = ["=", "!=", "=~", "!~", ">", ">=", "<", "<="]
    private static let scopes = ["span.", "resource.", "event.", "link.", "instrumentation.", "."]
    private static let stages = [
        "{ ", "by(", "coalesce()", "select(", "count()", "avg(", "min(", "max(", "sum(", "rate()", "count_over_time()", "min_over_time(", "max_over_time(",
        "avg_over_time(", "sum_over_time(", "quantile_over_time(", "histogram_over_time(", "compare(", "topk(", "bottomk(",
    ]

    /// - Parameter cursor: In Unicode scalars from the start.
    public init(_ text: String, cursor: Int) {
        let scalars = Array(text.unicodeScalars)
        let cursor = min(max(0, cursor), scalars.count)
        var before = String.UnicodeScalarView()
        before.append(contentsOf: scalars[..<cursor])
        var tokens = TraceQLLexer.tokens(String(before)).filter { $0.kind != .end }
        do {
            _ = try TraceQLQuery(text)
            error = nil
        } catch {
            self.error = error
        }
        // A word that ends at the cursor is still being typed.
        var typed: TraceQLToken?
        if let last = tokens.last, last.range.upperBound == cursor, Self.isWord(last) {
            typed = last
            tokens.removeLast()
        }
        var expectation = Self.expectation(tokens)
        var prefix = typed?.text ?? ""
        var start = typed?.range.lowerBound ?? cursor
        var scope: String?
        if expectation == .field, let dot = prefix.firstIndex(of: "."), let typed {
            scope = dot == prefix.startIndex ? nil : String(prefix[..<dot])
            prefix = String(prefix[prefix.index(after: dot)...])
            start = typed.range.upperBound - prefix.unicodeScalars.count
            expectation = .attributeName
        }
        if expectation == .value, prefix.hasPrefix("\"") || prefix.hasPrefix("`") { prefix.removeFirst() }
        self.expectation = expectation
        self.prefix = prefix
        self.start = start
        self.scope = scope
        let field = expectation == .value || expectation == .comparison ? Self.field(tokens, expectation) : nil
        self.field = field
        let word = prefix
        suggestions = Self.words(expectation, field).filter { $0.hasPrefix(word) && $0 != word }
    }

    private static func isWord(_ token: TraceQLToken) -> Bool {
        switch token.kind {
        case .word, .field, .invalid, .int, .double, .duration: true
        case .string, .symbol, .end: false
        }
    }

    private static func isComparison(_ token: TraceQLToken?) -> Bool {
        if case .symbol(let symbol)? = token?.kind { comparisons.contains(symbol) } else { false }
    }

    /// From the tokens before the word under the cursor.
    private static func expectation(_ tokens: [TraceQLToken]) -> Expectation {
        guard let last = tokens.last else { return .query }
        var isInBraces = false
        for token in tokens {
            if token.isSymbol("{") { isInBraces = true }
            if token.isSymbol("}") { isInBraces = false }
        }
        let previous = tokens.dropLast().last
        guard isInBraces else {
            if last.isSymbol("}") { return .spansetOperator }
            if last.isSymbol("|") { return .stage }
            if last.isSymbol(","), tokens.contains(where: { $0.isSymbol("(") }) { return .field }
            if last.isSymbol("("), let previous, case .word = previous.kind { return .field }
            return last.isSymbol(")") ? .spansetOperator : .query
        }
        if isComparison(last) { return .value }
        switch last.kind {
        case .symbol(")"): return .connective
        case .symbol: return .field
        case .field, .word, .string, .int, .double, .duration, .invalid, .end:
            return isComparison(previous) ? .connective : .comparison
        }
    }

    private static func field(_ tokens: [TraceQLToken], _ expectation: Expectation) -> String? {
        let token = expectation == .value ? tokens.dropLast().last : tokens.last
        return token?.text
    }

    private static func words(_ expectation: Expectation, _ field: String?) -> [String] {
        switch expectation {
        case .query: return ["{ "]
        case .field:
            return scopes + TraceQLIntrinsic.bare.keys.sorted()
                + TraceQLIntrinsic.scoped.flatMap { scope, names in names.keys.map { "\(scope):\($0)" } }.sorted()
        case .attributeName: return []
        case .comparison: return comparisons
        case .connective: return ["&&", "||", "}"]
        case .spansetOperator: return ["|"] + TraceQLSpansetOperator.allCases.map(\.rawValue)
        case .stage: return stages
        case .value:
            switch field {
            case "status", "span:status": return ["error", "ok", "unset"]
            case "kind", "span:kind": return ["client", "consumer", "internal", "producer", "server", "unspecified"]
            default: return []
            }
        }
    }
}
