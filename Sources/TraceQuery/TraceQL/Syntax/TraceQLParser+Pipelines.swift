/// Everything outside of `{ … }`: spansets and what relates them, pipelines, scalar filters, metrics.
extension TraceQLParser {
    private static let whatAStageIs = "{ … }, ( … ), an aggregate such as count(), by(…), coalesce() or select(…)"

    /// Steps joined by `|`, up to a closing bracket or the end.
    mutating func pipeline() throws(TraceQLError) -> TraceQLOperand {
        let first = token
        var operand = try operation(tighterThan: 0)
        if case .metrics(let metrics) = operand.kind {
            operand.kind = .metrics(try secondStages(metrics))
            return operand
        }
        var stages: [TraceQLStage] = []
        while token.isSymbol("|") {
            let pipe = token
            if stages.isEmpty {
                guard let stage = operand.stage else { throw unexpected(pipe, "a comparison such as > 2") }
                // (a | b) | c is one pipeline.
                if case .pipeline(let inner) = operand.kind { stages = inner } else { stages = [stage] }
            }
            advance()
            if let function = try metricsFunction() {
                let metrics = try secondStages(.leaf(stages, function))
                return TraceQLOperand(kind: .metrics(metrics), token: first)
            }
            if token.isWord("coalesce") {
                advance()
                try expect("(", "after coalesce")
                try expect(")", "after coalesce(")
                stages.append(.coalesce)
                continue
            }
            if token.isWord("topk") || token.isWord("bottomk") {
                throw unexpected("a metrics function such as rate() before \(token.text)()")
            }
            operand = try operation(tighterThan: 0)
            if let stage = operand.stage {
                stages.append(stage)
            } else if case .scalar(.some) = operand.kind, token.isSymbol(")") {
                return TraceQLOperand(kind: .scalarPipeline, token: first)
            } else if case .metrics = operand.kind {
                throw unexpected(operand.token, Self.whatAStageIs)
            } else {
                throw unexpected("a comparison such as > 2")
            }
            if stages.count > Self.maximumDepth { throw TraceQLError("more than \(Self.maximumDepth) steps", at: pipe.position) }
        }
        if stages.isEmpty { return operand }
        return TraceQLOperand(kind: .pipeline(stages), token: first)
    }

    private mutating func operation(tighterThan precedence: Int) throws(TraceQLError) -> TraceQLOperand {
        var left = try operand()
        while case .symbol(let symbol) = token.kind, let tightness = left.precedence(of: symbol), tightness > precedence {
            let op = advance()
            let right = try nested { parser throws(TraceQLError) in
                try parser.operation(tighterThan: symbol == "^" ? tightness - 1 : tightness)
            }
            left = try join(left, op, symbol, right)
        }
        return left
    }

    private mutating func operand() throws(TraceQLError) -> TraceQLOperand {
        let first = token
        switch token.kind {
        case .symbol("{"): return TraceQLOperand(kind: .spanset(.filter(try filter())), token: first)
        case .symbol("("):
            advance()
            var inner = try nested { parser throws(TraceQLError) in try parser.pipeline() }
            if case .stage(let stage) = inner.kind { inner.kind = .pipeline([stage]) }
            try expect(")", "or an operator")
            inner.token = first
            return inner
        case .symbol("-"):
            advance()
            let operand = try nested { parser throws(TraceQLError) in try parser.operand() }
            guard case .constant(let value) = operand.kind else { throw unexpected(operand.token, "a number after -") }
            return TraceQLOperand(kind: .constant(Self.negated(value)), token: first)
        case .int(let int):
            advance()
            return TraceQLOperand(kind: .constant(.int(int)), token: first)
        case .double(let double):
            advance()
            return TraceQLOperand(kind: .constant(.double(double)), token: first)
        case .duration(let duration):
            advance()
            return TraceQLOperand(kind: .constant(.duration(duration)), token: first)
        case .word("by"):
            advance()
            try expect("(", "after by")
            let expression = try expression()
            try expect(")", "after the expression")
            return TraceQLOperand(kind: .stage(.by(expression)), token: first)
        case .word("select"):
            advance()
            return TraceQLOperand(kind: .stage(.select(try fields("select"), first.position)), token: first)
        case .word(let word):
            guard let function = TraceQLAggregate.Function(rawValue: word) else { throw unexpected(Self.whatAStageIs) }
            return TraceQLOperand(kind: .scalar(try aggregate(function)), token: first)
        default: throw unexpected(Self.whatAStageIs)
        }
    }

    private mutating func aggregate(_ function: TraceQLAggregate.Function) throws(TraceQLError) -> TraceQLAggregate {
        let position = advance().position
        try expect("(", "after \(function.rawValue)")
        let argument = function == .count ? nil : try expression()
        try expect(")", function == .count ? "after count(" : "after the expression")
        return TraceQLAggregate(function: function, argument: argument, position: position)
    }

    private static func negated(_ value: TraceQLValue) -> TraceQLValue {
        switch value {
        case .int(let int): .int(0 &- int)
        case .duration(let duration): .duration(0 &- duration)
        case .double(let double): .double(-double)
        default: value
        }
    }

    // MARK: Joining operands

    private func join(_ left: TraceQLOperand, _ op: TraceQLToken, _ symbol: String, _ right: TraceQLOperand) throws(TraceQLError) -> TraceQLOperand {
        let token = left.token
        if let leftSet = left.spanset {
            guard let rightSet = right.spanset, let op = TraceQLSpansetOperator(rawValue: symbol) else {
                throw unexpected(right.token, "{ … } or ( … ) after \(symbol)")
            }
            let joined = TraceQLSpanset.operation(op, leftSet, rightSet, left.token.position)
            try check(depth: joined.depth)
            return TraceQLOperand(kind: .spanset(joined), token: token)
        }
        guard let binary = TraceQLOperator(rawValue: symbol) else { throw unexpected(op, "another operator") }
        switch (left.kind, right.kind) {
        case (.constant(let leftValue), .constant(let rightValue)):
            guard binary.isArithmetic, binary != .modulo, binary != .power else { throw unexpected(op, "an aggregate such as count() on one side") }
            return TraceQLOperand(kind: .constant(try fold(leftValue, binary, rightValue, op)), token: token)
        case (.metrics(let leftMetrics), .metrics(let rightMetrics)) where binary.isArithmetic:
            let joined = TraceQLMetricsExpression.arithmetic(binary, leftMetrics, rightMetrics)
            try check(depth: joined.depth)
            return TraceQLOperand(kind: .metrics(joined), token: token)
        case (.metrics(let metrics), .constant(let value)):
            return TraceQLOperand(kind: .metrics(try join(metrics, binary, value, isNumberOnLeft: false, right.token)), token: token)
        case (.constant(let value), .metrics(let metrics)) where binary.isArithmetic && binary != .modulo && binary != .power:
            return TraceQLOperand(kind: .metrics(try join(metrics, binary, value, isNumberOnLeft: true, left.token)), token: token)
        case (.scalar, .scalar), (.scalar, .constant), (.constant, .scalar), (.scalarPipeline, .scalarPipeline), (.scalarPipeline, .constant):
            return TraceQLOperand(kind: joinScalars(left, binary, right, op), token: token)
        default:
            throw unexpected(right.token, "a number or an aggregate after \(symbol)")
        }
    }

    private func join(_ metrics: TraceQLMetricsExpression, _ op: TraceQLOperator, _ value: TraceQLValue, isNumberOnLeft: Bool, _ token: TraceQLToken)
        throws(TraceQLError) -> TraceQLMetricsExpression
    {
        if op.isComparison {
            // Chained comparisons are steps of one list.
            if case .staged(let inner, let stages) = metrics { return .staged(inner, stages + [.filter(op, Self.seconds(value))]) }
            return .staged(metrics, [.filter(op, Self.seconds(value))])
        }
        if case .duration = value { throw TraceQLError("syntax error: a duration cannot be used in arithmetic with metrics", at: token.position) }
        let joined = TraceQLMetricsExpression.scaled(op, value.number ?? 0, metrics, isNumberOnLeft: isNumberOnLeft)
        try check(depth: joined.depth)
        return joined
    }

    static func seconds(_ value: TraceQLValue) -> Double {
        if case .duration(let duration) = value { Double(duration) / 1e9 } else { value.number ?? 0 }
    }

    private func joinScalars(_ left: TraceQLOperand, _ op: TraceQLOperator, _ right: TraceQLOperand, _ token: TraceQLToken) -> TraceQLOperand.Kind {
        if op.isComparison {
            switch (left.kind, right.kind) {
            case (.scalar(let aggregate?), .constant(let value)): return .stage(.scalar(aggregate, op, value, token.position))
            case (.constant(let value), .scalar(let aggregate?)): return .stage(.scalar(aggregate, op.flipped, value, token.position))
            default: return .stage(.unsupported("a comparison of more than one aggregate with a number", token.position))
            }
        }
        if case .scalarPipeline = left.kind { return .scalarPipeline }
        return .scalar(nil)
    }

    /// Arithmetic of two numbers: whole numbers stay whole.
    private func fold(_ left: TraceQLValue, _ op: TraceQLOperator, _ right: TraceQLValue, _ token: TraceQLToken) throws(TraceQLError) -> TraceQLValue {
        if left.type == .duration || right.type == .duration {
            throw TraceQLError("syntax error: a duration cannot be used in arithmetic outside of { … }", at: token.position)
        }
        let value = TraceQLArithmetic.compute(left, op, right)
        if value == .missing { throw TraceQLError("syntax error: division by zero", at: token.position) }
        return value
    }
}

extension TraceQLParser {
    /// A number, or arithmetic of numbers, to compare metrics with.
    mutating func threshold() throws(TraceQLError) -> TraceQLValue {
        let operand = try nested { parser throws(TraceQLError) in try parser.operation(tighterThan: 2) }
        guard case .constant(let value) = operand.kind else { throw unexpected(operand.token, "a number to compare with") }
        return value
    }
}
