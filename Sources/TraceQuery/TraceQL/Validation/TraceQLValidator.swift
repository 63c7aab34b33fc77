internal import TraceStore

/// Finds what is well-formed but makes no sense.
struct TraceQLValidator {
    /// The most attributes in the `by` of a metrics function.
    static let maximumGroupings = 5
    /// The most values of one attribute that `compare` lists.
    static let maximumComparedValues = 1000

    static func validate(_ root: TraceQLRoot) throws(TraceQLError) {
        switch root.body {
        case .search(let stages): try validate(stages)
        case .metrics(let metrics): try validate(metrics)
        }
    }

    private static func validate(_ stages: [TraceQLStage]) throws(TraceQLError) {
        for stage in stages {
            switch stage {
            case .spanset(let spanset): try validate(spanset)
            case .scalar(let aggregate, _, _, _): try validate(aggregate)
            case .by(let expression):
                try validate(expression)
                guard expression.referencesSpan else {
                    throw TraceQLError("grouping field expressions must reference the span: by(\(expression))", at: expression.position)
                }
            case .coalesce: break
            case .select(let fields, let position):
                for field in fields { try validate(field, position) }
            case .unsupported(let what, let position): throw TraceQLError("\(what) is not yet supported", at: position)
            }
        }
    }

    private static func validate(_ spanset: TraceQLSpanset) throws(TraceQLError) {
        switch spanset {
        case .filter(let expression): try validateFilter(expression)
        case .operation(_, let left, let right, _):
            try validate(left)
            try validate(right)
        case .pipeline(let stages): try validate(stages)
        }
    }

    private static func validateFilter(_ expression: TraceQLExpression?) throws(TraceQLError) {
        guard let expression else { return }
        try validate(expression)
        guard expression.type == .attribute || expression.type == .bool else {
            throw TraceQLError("span filter field expressions must resolve to a boolean: { \(expression) }", at: expression.position)
        }
    }

    private static func validate(_ aggregate: TraceQLAggregate) throws(TraceQLError) {
        guard let argument = aggregate.argument else { return }
        try validate(argument)
        guard argument.type == .attribute || argument.type.isNumeric else {
            throw TraceQLError("aggregate field expressions must resolve to a number type: \(aggregate)", at: argument.position)
        }
        guard argument.referencesSpan else {
            throw TraceQLError("aggregate field expressions must reference the span: \(aggregate)", at: argument.position)
        }
    }

    private static func validate(_ field: TraceQLField, _ position: TraceQLPosition) throws(TraceQLError) {
        if case .parent(let name) = field { throw TraceQLError("parent\(name) is not yet supported", at: position) }
    }

    private static func validate(_ expression: TraceQLExpression) throws(TraceQLError) {
        switch expression {
        case .value: break
        case .field(let field, let position): try validate(field, position)
        case .negate(let operand, let position):
            try validate(operand)
            guard operand.type == .attribute || operand.type.isNumeric else {
                throw TraceQLError("illegal operation for the given type: \(expression), - needs a number", at: position)
            }
        case .not(let operand, let position):
            try validate(operand)
            guard operand.type == .attribute || operand.type == .bool else {
                throw TraceQLError("illegal operation for the given type: \(expression), ! needs a boolean", at: position)
            }
        case .exists(let operand, let isPresent, let position): try validateExists(operand, isPresent, position)
        case .binary(let op, let left, let right, let position):
            try validate(left)
            try validate(right)
            try validate(left.type, op, right.type, expression, position)
            if op == .matches || op == .matchesNot { try validateRegex(op, right, position) }
        case .logical(let op, let operands, let position):
            for operand in operands {
                try validate(operand)
                guard operand.type == .attribute || operand.type == .bool else {
                    throw TraceQLError("illegal operation for the given types: \(expression), \(op.rawValue) needs booleans", at: position)
                }
            }
        }
    }

    private static func validate(
        _ left: TraceQLType, _ op: TraceQLOperator, _ right: TraceQLType, _ expression: TraceQLExpression, _ position: TraceQLPosition
    ) throws(TraceQLError) {
        guard left.matches(right) else { throw TraceQLError("binary operations must operate on the same type: \(expression)", at: position) }
        guard op.isValid(for: left), op.isValid(for: right) else {
            throw TraceQLError("illegal operation for the given types: \(expression)", at: position)
        }
    }

    private static func validateExists(_ operand: TraceQLExpression, _ isPresent: Bool, _ position: TraceQLPosition) throws(TraceQLError) {
        try validate(operand)
        guard !isPresent, case .field(let field, _) = operand else { return }
        switch field {
        case .intrinsic: throw TraceQLError("\(field) = nil is not valid because intrinsics cannot be nil", at: position)
        case .attribute(.resource, "service.name"):
            throw TraceQLError("\(field) = nil is not valid because resource.service.name cannot be nil", at: position)
        case .attribute, .parent: break
        }
    }

    private static func validateRegex(_ op: TraceQLOperator, _ right: TraceQLExpression, _ position: TraceQLPosition) throws(TraceQLError) {
        guard case .value(.string(let pattern), let place) = right else {
            throw TraceQLError("the right side of \(op.rawValue) must be a string with a regular expression, got \(right)", at: right.position)
        }
        do {
            _ = try RegexPattern(pattern)
        } catch {
            throw TraceQLError("invalid regex: \(TraceQLValue.string(pattern)): \(error.message)", at: place)
        }
    }

    // MARK: Metrics

    private static func validate(_ metrics: TraceQLMetricsExpression) throws(TraceQLError) {
        switch metrics {
        case .leaf(let stages, let function):
            try validate(stages)
            try validate(function)
        case .arithmetic(_, let left, let right):
            try validate(left)
            try validate(right)
            try refuseComparison(metrics)
        case .scaled(_, _, let operand, _):
            try validate(operand)
            try refuseComparison(metrics)
        case .staged(let operand, let stages):
            try validate(operand)
            for stage in stages {
                switch stage {
                case .top(let count, let position), .bottom(let count, let position):
                    if count < 1 { throw TraceQLError("limit must be greater than 0, got \(count)", at: position) }
                case .filter: break
                }
            }
            try refuseComparison(metrics)
        }
    }

    private static func refuseComparison(_ metrics: TraceQLMetricsExpression) throws(TraceQLError) {
        for leaf in metrics.leaves {
            if case .compare = leaf.function.kind {
                throw TraceQLError("`compare()` cannot be used with second stage functions", at: leaf.function.position)
            }
        }
    }

    private static func validate(_ function: TraceQLMetricsFunction) throws(TraceQLError) {
        let position = function.position
        for field in function.by { try validate(field, position) }
        if let field = function.field { try validate(field, position) }
        var groupings = maximumGroupings
        switch function.kind {
        case .histogram: groupings -= 1
        case .quantile(let quantiles):
            groupings -= 1
            if let bad = quantiles.first(where: { !(0...1).contains($0) }) {
                throw TraceQLError("quantile must be between 0 and 1: \(bad)", at: position)
            }
        case .compare(let comparison): try validate(comparison, position)
        default: break
        }
        if function.by.count > groupings {
            throw TraceQLError("metrics group by \(function.by.count) values is not yet supported, the most are \(groupings)", at: position)
        }
    }

    private static func validate(_ comparison: TraceQLComparison, _ position: TraceQLPosition) throws(TraceQLError) {
        try validateFilter(comparison.selection)
        guard (1...maximumComparedValues).contains(comparison.topN) else {
            throw TraceQLError("compare() top number of values must be an integer between 1 and \(maximumComparedValues)", at: position)
        }
        if comparison.start == 0, comparison.end == 0 { return }
        guard comparison.start > 0, comparison.end > 0 else {
            throw TraceQLError("compare() timestamps must be positive integer unix nanoseconds", at: position)
        }
        guard comparison.end > comparison.start else {
            throw TraceQLError("compare() end timestamp must be greater than start timestamp", at: position)
        }
    }
}
