/// Expressions over the fields of one span.
extension TraceQLParser {
    private static let whatAValueIs = "a value, an attribute such as .foo or span.http.method, or an intrinsic such as name"

    mutating func expression() throws(TraceQLError) -> TraceQLExpression {
        let expression = try operation(tighterThan: 0)
        if expression.isNil { throw nilError(expression) }
        return expression
    }

    private func nilError(_ expression: TraceQLExpression) -> TraceQLError {
        TraceQLError("syntax error: unexpected nil, it can only be compared by = and !=", at: expression.position)
    }

    /// Operands joined by operators with more than this precedence.
    private mutating func operation(tighterThan precedence: Int) throws(TraceQLError) -> TraceQLExpression {
        var left = try operand()
        while case .symbol(let symbol) = token.kind, let op = TraceQLOperator(rawValue: symbol), op.precedence > precedence {
            let position = token.position
            advance()
            if op == .and || op == .or {
                left = try chain(left, op, position)
                try check(depth: left.depth)
                continue
            }
            let right = try nested { parser throws(TraceQLError) in
                try parser.operation(tighterThan: op == .power ? op.precedence - 1 : op.precedence)
            }
            left = try join(left, op, right, position)
            // A chain such as 1 + 1 + 1 + … is nested to the left.
            try check(depth: left.depth)
        }
        return left
    }

    /// `a && b && c`: one node however long it is, so that long lists are not deep.
    private mutating func chain(_ first: TraceQLExpression, _ op: TraceQLOperator, _ position: TraceQLPosition) throws(TraceQLError) -> TraceQLExpression {
        var operands = [first]
        repeat {
            operands.append(try nested { parser throws(TraceQLError) in try parser.operation(tighterThan: op.precedence) })
        } while skip(op.rawValue)
        if let missing = operands.first(where: \.isNil) { throw nilError(missing) }
        return .logical(op, operands, position)
    }

    private func join(_ left: TraceQLExpression, _ op: TraceQLOperator, _ right: TraceQLExpression, _ position: TraceQLPosition)
        throws(TraceQLError) -> TraceQLExpression
    {
        if left.isNil || right.isNil {
            guard op == .equal || op == .notEqual else { throw nilError(left.isNil ? left : right) }
            if left.isNil, right.isNil { return .value(.bool(false), left.position) }
            return .exists(left.isNil ? right : left, isPresent: op == .notEqual, position)
        }
        return .binary(op, left, right, position)
    }

    private mutating func operand() throws(TraceQLError) -> TraceQLExpression {
        let position = token.position
        if skip("!") {
            let operand = try nested { parser throws(TraceQLError) in try parser.operation(tighterThan: TraceQLOperator.notPrecedence) }
            if operand.isNil { throw nilError(operand) }
            return .not(operand, position)
        }
        if skip("-") {
            switch try nested({ parser throws(TraceQLError) in try parser.operand() }) {
            case .value(.int(let int), _): return .value(.int(0 &- int), position)
            case .value(.double(let double), _): return .value(.double(-double), position)
            case .value(.duration(let duration), _): return .value(.duration(0 &- duration), position)
            case let operand:
                if operand.isNil { throw nilError(operand) }
                return .negate(operand, position)
            }
        }
        if skip("(") {
            let inner = try nested { parser throws(TraceQLError) in try parser.operation(tighterThan: 0) }
            try expect(")", "after the expression")
            if inner.isNil { throw nilError(inner) }
            return inner
        }
        switch token.kind {
        case .string(let string):
            advance()
            return .value(.string(string), position)
        case .int(let int):
            advance()
            return .value(.int(int), position)
        case .double(let double):
            advance()
            return .value(.double(double), position)
        case .duration(let duration):
            advance()
            return .value(.duration(duration), position)
        default: break
        }
        if token.isWord("nil") {
            advance()
            return .value(.missing, position)
        }
        if case .word(let word) = token.kind, let value = Self.constants[word] {
            advance()
            return .value(value, position)
        }
        return .field(try field(Self.whatAValueIs), position)
    }

    /// An attribute or an intrinsic.
    mutating func field(_ expected: String) throws(TraceQLError) -> TraceQLField {
        switch token.kind {
        case .field(let field):
            advance()
            return field
        case .word("parent"):
            advance()
            return .parent("")
        case .word(let word):
            if let intrinsic = TraceQLIntrinsic.bare[word] {
                advance()
                return .intrinsic(intrinsic)
            }
            throw TraceQLError(
                "syntax error: unknown identifier \(word.prefix(64)), expected \(expected) (an attribute is written .\(word.prefix(64)), a string in quotes)",
                at: token.position
            )
        default: throw unexpected(expected)
        }
    }

    /// One or more fields, and the closing bracket.
    mutating func fields(_ purpose: String) throws(TraceQLError) -> [TraceQLField] {
        try expect("(", "after \(purpose)")
        var fields: [TraceQLField] = []
        repeat {
            fields.append(try field("an attribute such as span.http.method, or an intrinsic such as name"))
        } while skip(",")
        try expect(")", "or , after the attribute")
        return fields
    }

    /// `{ … }`
    mutating func filter() throws(TraceQLError) -> TraceQLExpression? {
        try expect("{", "as in { status = error }")
        if skip("}") { return nil }
        let expression = try expression()
        try expect("}", "or an operator")
        return expression
    }
}
