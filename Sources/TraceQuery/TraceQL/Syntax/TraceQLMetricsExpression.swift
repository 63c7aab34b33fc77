/// What a metrics query computes.
indirect enum TraceQLMetricsExpression: Hashable, Sendable {
    /// `{ … } | rate()`
    case leaf([TraceQLStage], TraceQLMetricsFunction)
    /// `(…) / (…)`
    case arithmetic(TraceQLOperator, TraceQLMetricsExpression, TraceQLMetricsExpression)
    /// `100 * (…)`
    case scaled(TraceQLOperator, Double, TraceQLMetricsExpression, isNumberOnLeft: Bool)
    /// `… | topk(5) > 10`
    case staged(TraceQLMetricsExpression, [TraceQLSecondStage])

    var leaves: [(stages: [TraceQLStage], function: TraceQLMetricsFunction)] {
        switch self {
        case .leaf(let stages, let function): [(stages, function)]
        case .arithmetic(_, let left, let right): left.leaves + right.leaves
        case .scaled(_, _, let operand, _), .staged(let operand, _): operand.leaves
        }
    }

    var depth: Int {
        switch self {
        case .leaf(let stages, _): (stages.map(\.depth).max() ?? 0) + 1
        case .arithmetic(_, let left, let right): max(left.depth, right.depth) + 1
        case .scaled(_, _, let operand, _), .staged(let operand, _): operand.depth + 1
        }
    }
}

/// The step of a pipeline that makes series of spans.
struct TraceQLMetricsFunction: Hashable, Sendable {
    enum Kind: Hashable, Sendable {
        case rate
        case count
        case min
        case max
        case average
        case sum
        case quantile([Double])
        case histogram
        case compare(TraceQLComparison)
    }

    var kind: Kind
    /// As written: `rate`, `quantile_over_time`.
    var name: String
    /// What is measured; `nil` where spans are counted.
    var field: TraceQLField?
    var by: [TraceQLField]
    var position: TraceQLPosition

    /// It is `compare(…)`.
    var isComparison: Bool {
        if case .compare = kind { true } else { false }
    }
}

/// The arguments of `compare({ … }, topN, start, end)`.
struct TraceQLComparison: Hashable, Sendable {
    /// Which spans are the selection; `nil` for all.
    var selection: TraceQLExpression?
    var topN: Int
    /// Nanoseconds since the Unix epoch; 0 with `end` 0 for no window.
    var start: Int64
    var end: Int64
}

/// What is done with finished series.
enum TraceQLSecondStage: Hashable, Sendable {
    case top(Int, TraceQLPosition)
    case bottom(Int, TraceQLPosition)
    /// Drops samples that do not compare; durations in seconds.
    case filter(TraceQLOperator, Double)
}

extension TraceQLMetricsExpression: CustomStringConvertible {
    var description: String {
        switch self {
        case .leaf(let stages, let function): "\(TraceQLStage.description(stages)) | \(function)"
        case .arithmetic(let op, let left, let right): "(\(left)) \(op.rawValue) (\(right))"
        case .scaled(let op, let number, let operand, let isNumberOnLeft):
            isNumberOnLeft ? "\(number) \(op.rawValue) (\(operand))" : "(\(operand)) \(op.rawValue) \(number)"
        case .staged(let operand, let stages): "(\(operand))" + stages.map(\.description).joined()
        }
    }
}

extension TraceQLMetricsFunction: CustomStringConvertible {
    var description: String {
        var arguments = field.map { [$0.description] } ?? []
        switch kind {
        case .quantile(let quantiles): arguments += quantiles.map(\.description)
        case .compare(let comparison):
            arguments = [comparison.selection.map { "{ \($0) }" } ?? "{ }", "\(comparison.topN)"]
            if comparison.start != 0 || comparison.end != 0 { arguments += ["\(comparison.start)", "\(comparison.end)"] }
        default: break
        }
        let groups = by.isEmpty ? "" : " by (\(by.map(\.description).joined(separator: ", ")))"
        return "\(name)(\(arguments.joined(separator: ", ")))\(groups)"
    }
}

extension TraceQLSecondStage: CustomStringConvertible {
    var description: String {
        switch self {
        case .top(let count, _): " | topk(\(count))"
        case .bottom(let count, _): " | bottomk(\(count))"
        case .filter(let op, let number): " \(op.rawValue) \(number)"
        }
    }
}
