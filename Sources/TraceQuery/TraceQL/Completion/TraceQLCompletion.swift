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
    /// The field as the query wrote it, when an operator or a value is expected; with the dot before a name that missed it.
    public let field: String?
    /// The comparison before a value that is expected.
    public let comparison: String?
    /// What has to stand before whatever is put in at ``start``: the field, where the query as it was typed could not be read.
    public let lead: String
    /// Words that fit in any case and begin with ``prefix``; names and values of attributes are the store's to tell.
    public let suggestions: [String]
    /// What is wrong with the query as it stands.
    public let error: TraceQLError?

    private static let comparisons = ["=", "!=", "=~", "!~", ">", ">=", "<", "<="]
    /// Fields that are asked for most.
    private static let common = ["name", "status", "duration", "kind", "rootServiceName", "rootName", "traceDuration"]
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
        let typed = Self.typed(&tokens, Array(scalars[..<cursor]))
        var expectation = Self.expectation(tokens)
        var prefix = typed?.text ?? ""
        var start = typed?.start ?? cursor
        var scope: String?
        if expectation == .field, let dot = prefix.firstIndex(of: "."), dot == prefix.startIndex || TraceQLLexer.attributeScopes.contains(String(prefix[..<dot])) {
            scope = dot == prefix.startIndex ? nil : String(prefix[..<dot])
            prefix = String(prefix[prefix.index(after: dot)...])
            start = cursor - prefix.unicodeScalars.count
            expectation = .attributeName
            if prefix.hasPrefix("\"") { prefix.removeFirst() }
        }
        if expectation == .value, prefix.hasPrefix("\"") || prefix.hasPrefix("`") { prefix = Self.unquoted(prefix) }
        var (field, lead): (String?, String) = (nil, "")
        if expectation == .value || expectation == .comparison {
            let left = expectation == .value ? Array(tokens.dropLast()) : tokens
            field = left.last?.text
            if let name = Self.bareName(left) {
                field = "." + name.text
                lead = ".\(name.text) " + (expectation == .value ? "\(tokens.last?.text ?? "") " : "")
                start = name.start
            }
        }
        self.expectation = expectation
        self.prefix = prefix
        self.start = start
        self.scope = scope
        self.field = field
        self.lead = lead
        let symbol = expectation == .value ? tokens.last?.text : nil
        comparison = symbol
        let word = prefix.lowercased()
        suggestions = Self.words(expectation, field, symbol).filter { $0.lowercased().hasPrefix(word) && $0 != prefix }
    }

    /// A word that ends at the cursor is still being typed: it is taken off the tokens.
    private static func typed(_ tokens: inout [TraceQLToken], _ scalars: [Unicode.Scalar]) -> (text: String, start: Int)? {
        // A value without quotes may be anything that a blank or a bracket does not end.
        if let place = tokens.lastIndex(where: isComparison), expectation(Array(tokens[...place])) == .value {
            let start = scalars[tokens[place].range.upperBound...].firstIndex { !$0.properties.isWhitespace } ?? scalars.count
            let value = scalars[start...]
            if let first = value.first, first != "\"", first != "`", value.allSatisfy({ !$0.properties.isWhitespace && !"{}()&|,".unicodeScalars.contains($0) }) {
                tokens.removeSubrange((place + 1)...)
                return (text(value), start)
            }
        }
        guard let last = tokens.last, last.range.upperBound == scalars.count, isWord(last) else { return nil }
        let name = bareName(tokens)
        let start = name?.start ?? last.range.lowerBound
        tokens.removeAll { $0.range.lowerBound >= start }
        return (text(scalars[start...]), start)
    }

    /// The name of an attribute at the end of the tokens that misses the dot before it, as in `{ http.method`: no such query can be read.
    private static func bareName(_ tokens: [TraceQLToken]) -> (text: String, start: Int)? {
        var run: [TraceQLToken] = []
        for token in tokens.reversed() {
            if let next = run.last, next.range.lowerBound != token.range.upperBound { break }
            guard isWord(token) || token.isSymbol("-") || token.isSymbol("/") else { break }
            run.append(token)
        }
        run.reverse()
        guard let first = run.first, case .word(let word) = first.kind else { return nil }
        // `duration-traceDuration` is a difference, `duration.x` nothing but a name.
        let isName = run.count > 1 && run[1].text.hasPrefix(".") || TraceQLIntrinsic.bare[word] == nil && TraceQLParser.constants[word] == nil && word != "nil"
        return isName ? (run.map(\.text).joined(), first.range.lowerBound) : nil
    }

    private static func text(_ scalars: ArraySlice<Unicode.Scalar>) -> String {
        var text = String.UnicodeScalarView()
        text.append(contentsOf: scalars)
        return String(text)
    }

    /// What stands so far in a string without its end.
    private static func unquoted(_ text: String) -> String {
        guard text.hasPrefix("\"") else { return String(text.dropFirst()) }
        var result = ""
        var isEscaped = false
        for character in text.dropFirst() {
            isEscaped = character == "\\" && !isEscaped
            if !isEscaped { result.append(character) }
        }
        return result
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

    private static func words(_ expectation: Expectation, _ field: String?, _ comparison: String?) -> [String] {
        switch expectation {
        case .query: return ["{ "]
        case .field:
            return common + scopes + TraceQLIntrinsic.bare.keys.filter { !common.contains($0) }.sorted()
                + TraceQLIntrinsic.scoped.flatMap { scope, names in names.keys.map { "\(scope):\($0)" } }.sorted()
        case .attributeName: return []
        case .comparison: return comparisons
        case .connective: return ["&&", "||", "}"]
        case .spansetOperator: return ["|"] + TraceQLSpansetOperator.allCases.map(\.rawValue)
        case .stage: return stages
        case .value:
            guard comparison == "=" || comparison == "!=" else { return [] }
            switch field {
            case "status", "span:status": return ["error", "ok", "unset"]
            case "kind", "span:kind": return ["client", "consumer", "internal", "producer", "server", "unspecified"]
            default: return []
            }
        }
    }
}
