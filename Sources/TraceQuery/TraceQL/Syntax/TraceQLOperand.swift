/// What stands between operators outside of `{ … }`: which operators fit depends on the kind.
struct TraceQLOperand {
    enum Kind {
        case spanset(TraceQLSpanset)
        /// Steps in brackets, or steps joined by `|`.
        case pipeline([TraceQLStage])
        /// A step that can be no operand: `count() > 1`, `by(…)`.
        case stage(TraceQLStage)
        /// Aggregates and numbers; `nil` for more than one lone aggregate.
        case scalar(TraceQLAggregate?)
        /// `({ … } | count())`
        case scalarPipeline
        case constant(TraceQLValue)
        case metrics(TraceQLMetricsExpression)
    }

    var kind: Kind
    /// Where it begins.
    var token: TraceQLToken

    var isMetrics: Bool {
        if case .metrics = kind { true } else { false }
    }

    /// As a step of a pipeline, if it can be one.
    var stage: TraceQLStage? {
        switch kind {
        case .spanset(let spanset): .spanset(spanset)
        case .pipeline(let stages): .spanset(.pipeline(stages))
        case .stage(let stage): stage
        case .scalar, .scalarPipeline, .constant, .metrics: nil
        }
    }

    /// As a side of a structural operator, if it can be one.
    var spanset: TraceQLSpanset? {
        switch kind {
        case .spanset(let spanset): spanset
        case .pipeline(let stages): .pipeline(stages)
        case .stage, .scalar, .scalarPipeline, .constant, .metrics: nil
        }
    }

    /// How tightly an operator after this operand binds; `nil` when the operand cannot be followed by it.
    func precedence(of symbol: String) -> Int? {
        let op = TraceQLOperator(rawValue: symbol)
        let isScalarOperator = op.map { $0.isArithmetic || $0.isComparison } ?? false
        return switch kind {
        case .spanset, .pipeline: TraceQLSpansetOperator(rawValue: symbol)?.precedence
        case .stage: nil
        case .scalar, .scalarPipeline, .constant: isScalarOperator ? op?.precedence : nil
        case .metrics: isScalarOperator && op != .power && op != .modulo ? op?.precedence : nil
        }
    }
}
