internal import TraceModel

/// Reads a query by recursive descent: this file has the tokens and the whole, the extensions have the parts.
struct TraceQLParser {
    /// The longest query, in bytes.
    static let maximumLength = 131_072
    /// The most brackets, signs and operators within each other.
    static let maximumDepth = 128

    private let tokens: [TraceQLToken]
    private var index = 0
    private var depth = 0

    private init(_ tokens: [TraceQLToken]) {
        self.tokens = tokens
    }

    static func parse(_ text: String) throws(TraceQLError) -> TraceQLRoot {
        guard text.utf8.count <= maximumLength else {
            throw TraceQLError(message: "the query has \(text.utf8.count) bytes, the most are \(maximumLength)", line: 1, column: 1)
        }
        var parser = TraceQLParser(TraceQLLexer.tokens(text))
        return try parser.root()
    }

    // MARK: Tokens

    var token: TraceQLToken { tokens[index] }

    /// The end again and again, after the last token.
    func token(after count: Int) -> TraceQLToken { tokens[min(index + count, tokens.count - 1)] }

    @discardableResult
    mutating func advance() -> TraceQLToken {
        let token = tokens[index]
        if index < tokens.count - 1 { index += 1 }
        return token
    }

    mutating func skip(_ symbol: String) -> Bool {
        guard token.isSymbol(symbol) else { return false }
        advance()
        return true
    }

    mutating func expect(_ symbol: String, _ purpose: String) throws(TraceQLError) {
        guard skip(symbol) else { throw unexpected("\(symbol) \(purpose)") }
    }

    /// The current token should be something else.
    func unexpected(_ expected: String) -> TraceQLError { unexpected(token, expected) }

    func unexpected(_ token: TraceQLToken, _ expected: String) -> TraceQLError {
        let found: String
        switch token.kind {
        case .invalid(let reason): return TraceQLError("syntax error: \(reason)", at: token.position)
        case .end: found = "end of the query"
        case .word(let word): found = "\(word)"
        default: found = String(token.text.prefix(64))
        }
        return TraceQLError("syntax error: unexpected \(found), expected \(expected)", at: token.position)
    }

    /// Runs `body` one bracket deeper.
    mutating func nested<Result>(_ body: (inout TraceQLParser) throws(TraceQLError) -> Result) throws(TraceQLError) -> Result {
        depth += 1
        defer { depth -= 1 }
        try check(depth: depth)
        return try body(&self)
    }

    func check(depth: Int) throws(TraceQLError) {
        if depth > Self.maximumDepth {
            throw TraceQLError("the query is nested deeper than \(Self.maximumDepth) levels", at: token.position)
        }
    }

    // MARK: The whole

    private mutating func root() throws(TraceQLError) -> TraceQLRoot {
        let first = token
        let operand = try pipeline()
        let body: TraceQLRoot.Body
        switch operand.kind {
        case .spanset(let spanset): body = .search([.spanset(spanset)])
        case .pipeline(let stages): body = .search(stages)
        case .stage(let stage): body = .search([stage])
        case .metrics(let metrics): body = .metrics(metrics)
        case .scalar, .scalarPipeline: throw unexpected("a comparison such as > 2 after the aggregate")
        case .constant: throw unexpected(token.kind == .end ? first : token, "a query such as { status = error }")
        }
        var hints: [TraceQLRoot.Hint] = []
        while token.isWord("with") {
            advance()
            hints += try self.hints()
        }
        guard token.kind == .end else {
            throw unexpected(operand.isMetrics ? "the end of the query, | topk(…), a comparison with a number, or with(…)" : "an operator, | or the end of the query")
        }
        return TraceQLRoot(body: body, hints: hints)
    }

    private mutating func hints() throws(TraceQLError) -> [TraceQLRoot.Hint] {
        try expect("(", "after with")
        var hints: [TraceQLRoot.Hint] = []
        repeat {
            guard case .word(let name) = token.kind else { throw unexpected("the name of a hint such as most_recent") }
            advance()
            try expect("=", "after the name of the hint")
            hints.append(TraceQLRoot.Hint(name: name, value: try constant("a value for the hint \(name)")))
        } while skip(",")
        try expect(")", "after the hints")
        return hints
    }

    /// A static: number, string, duration, truth value, state or kind.
    private mutating func constant(_ purpose: String) throws(TraceQLError) -> TraceQLValue {
        let isNegative = skip("-")
        switch token.kind {
        case .int(let int):
            advance()
            return .int(isNegative ? -int : int)
        case .double(let double):
            advance()
            return .double(isNegative ? -double : double)
        case .duration(let duration):
            advance()
            return .duration(isNegative ? -duration : duration)
        case .string(let string) where !isNegative:
            advance()
            return .string(string)
        case .word(let word) where !isNegative:
            guard let value = Self.constants[word] else { throw unexpected(purpose) }
            advance()
            return value
        default: throw unexpected(purpose)
        }
    }

    /// Words that stand for values.
    static let constants: [String: TraceQLValue] = {
        var constants: [String: TraceQLValue] = [
            "true": .bool(true), "false": .bool(false), "minInt": .int(.min), "maxInt": .int(.max),
        ]
        constants["ok"] = .status(.ok)
        constants["error"] = .status(.error)
        constants["unset"] = .status(.unset)
        constants["unspecified"] = .kind(.unspecified)
        constants["internal"] = .kind(.internal)
        constants["server"] = .kind(.server)
        constants["client"] = .kind(.client)
        constants["producer"] = .kind(.producer)
        constants["consumer"] = .kind(.consumer)
        return constants
    }()
}
