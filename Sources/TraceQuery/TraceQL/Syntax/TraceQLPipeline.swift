/// A set of spans of one trace.
indirect enum TraceQLSpanset: Hashable, Sendable {
    /// `{ … }`; `nil` for `{ }`.
    case filter(TraceQLExpression?)
    case operation(TraceQLSpansetOperator, TraceQLSpanset, TraceQLSpanset, TraceQLPosition)
    /// `( … | … )`
    case pipeline([TraceQLStage])

    var depth: Int {
        switch self {
        case .filter: 1
        case .operation(_, let left, let right, _): max(left.depth, right.depth) + 1
        case .pipeline(let stages): (stages.map(\.depth).max() ?? 0) + 1
        }
    }
}

/// One step of a pipeline.
enum TraceQLStage: Hashable, Sendable {
    case spanset(TraceQLSpanset)
    /// `count() > 2`
    case scalar(TraceQLAggregate, TraceQLOperator, TraceQLValue, TraceQLPosition)
    case by(TraceQLExpression)
    case coalesce
    case select([TraceQLField], TraceQLPosition)
    /// Part of the grammar, evaluated by nobody; with what it is.
    case unsupported(String, TraceQLPosition)

    var depth: Int {
        if case .spanset(let spanset) = self { spanset.depth } else { 1 }
    }
}

/// A number computed from a set of spans.
struct TraceQLAggregate: Hashable, Sendable {
    enum Function: String, Hashable, Sendable, CaseIterable {
        case count, avg, min, max, sum
    }

    var function: Function
    /// `nil` for `count()`.
    var argument: TraceQLExpression?
    var position: TraceQLPosition
}

extension TraceQLAggregate: CustomStringConvertible {
    var description: String { "\(function.rawValue)(\(argument?.description ?? ""))" }
}

extension TraceQLSpanset: CustomStringConvertible {
    var description: String {
        switch self {
        case .filter(let expression): expression.map { "{ \($0) }" } ?? "{ }"
        case .operation(let op, let left, let right, _): "(\(left)) \(op.rawValue) (\(right))"
        case .pipeline(let stages): TraceQLStage.description(stages)
        }
    }
}

extension TraceQLStage: CustomStringConvertible {
    var description: String {
        switch self {
        case .spanset(let spanset): spanset.description
        case .scalar(let aggregate, let op, let value, _): "\(aggregate) \(op.rawValue) \(value)"
        case .by(let expression): "by(\(expression))"
        case .coalesce: "coalesce()"
        case .select(let fields, _): "select(\(fields.map(\.description).joined(separator: ", ")))"
        case .unsupported(let text, _): text
        }
    }

    static func description(_ stages: [TraceQLStage]) -> String {
        stages.map(\.description).joined(separator: " | ")
    }
}
