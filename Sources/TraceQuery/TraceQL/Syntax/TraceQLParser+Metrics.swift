/// Functions that make series of spans, and what is done with the series.
extension TraceQLParser {
    /// A metrics function, if the current token begins one.
    mutating func metricsFunction() throws(TraceQLError) -> TraceQLMetricsFunction? {
        guard case .word(let name) = token.kind else { return nil }
        let kinds: [String: TraceQLMetricsFunction.Kind] = [
            "rate": .rate, "count_over_time": .count, "min_over_time": .min, "max_over_time": .max, "avg_over_time": .average,
            "sum_over_time": .sum, "quantile_over_time": .quantile([]), "histogram_over_time": .histogram,
        ]
        let position = token.position
        if name == "compare" {
            advance()
            return TraceQLMetricsFunction(kind: .compare(try comparison()), name: name, field: nil, by: [], position: position)
        }
        guard var kind = kinds[name] else { return nil }
        advance()
        try expect("(", "after \(name)")
        var measured: TraceQLField?
        switch kind {
        case .rate, .count: break
        default: measured = try field("an attribute such as span.size, or duration")
        }
        if case .quantile = kind {
            var quantiles: [Double] = []
            repeat {
                try expect(",", "and a quantile such as 0.99")
                quantiles.append(try number("a quantile such as 0.99"))
            } while token.isSymbol(",")
            kind = .quantile(quantiles)
        }
        try expect(")", "after the arguments of \(name)")
        var by: [TraceQLField] = []
        if token.isWord("by") {
            advance()
            by = try fields("by")
        }
        return TraceQLMetricsFunction(kind: kind, name: name, field: measured, by: by, position: position)
    }

    private mutating func number(_ expected: String) throws(TraceQLError) -> Double {
        switch token.kind {
        case .int(let int):
            advance()
            return Double(int)
        case .double(let double):
            advance()
            return double
        default: throw unexpected(expected)
        }
    }

    private mutating func wholeNumber(_ expected: String) throws(TraceQLError) -> Int64 {
        guard case .int(let int) = token.kind else { throw unexpected(expected) }
        advance()
        return int
    }

    private mutating func comparison() throws(TraceQLError) -> TraceQLComparison {
        try expect("(", "after compare")
        var comparison = TraceQLComparison(selection: try filter(), topN: 10, start: 0, end: 0)
        if skip(",") {
            comparison.topN = Int(clamping: try wholeNumber("the number of values of each attribute"))
            if skip(",") {
                comparison.start = try wholeNumber("the start of the selection in nanoseconds since 1970")
                try expect(",", "and the end of the selection")
                comparison.end = try wholeNumber("the end of the selection in nanoseconds since 1970")
            }
        }
        try expect(")", "after the arguments of compare")
        return comparison
    }

    /// `| topk(n)`, `| bottomk(n)` and comparisons with a number, as many as there are.
    mutating func secondStages(_ metrics: TraceQLMetricsExpression) throws(TraceQLError) -> TraceQLMetricsExpression {
        var stages: [TraceQLSecondStage] = []
        while true {
            if token.isSymbol("|") {
                advance()
                guard token.isWord("topk") || token.isWord("bottomk") else { throw unexpected("topk(…) or bottomk(…)") }
                let function = advance()
                try expect("(", "after \(function.text)")
                let count = Int(clamping: try wholeNumber("a number of series"))
                try expect(")", "after the number of series")
                stages.append(function.text == "topk" ? .top(count, function.position) : .bottom(count, function.position))
            } else if case .symbol(let symbol) = token.kind, let op = TraceQLOperator(rawValue: symbol), op.isComparison {
                advance()
                stages.append(.filter(op, Self.seconds(try threshold())))
            } else {
                break
            }
            if stages.count > Self.maximumDepth { throw TraceQLError("more than \(Self.maximumDepth) steps", at: token.position) }
        }
        if stages.isEmpty { return metrics }
        if case .staged(let inner, let earlier) = metrics { return .staged(inner, earlier + stages) }
        return .staged(metrics, stages)
    }
}
