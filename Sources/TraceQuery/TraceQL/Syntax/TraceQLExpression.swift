/// A value computed from one span: what stands in `{ … }`, `by(…)` and aggregates.
indirect enum TraceQLExpression: Hashable, Sendable {
    case value(TraceQLValue, TraceQLPosition)
    case field(TraceQLField, TraceQLPosition)
    case negate(TraceQLExpression, TraceQLPosition)
    case not(TraceQLExpression, TraceQLPosition)
    /// `… != nil`, or with `isPresent` false `… = nil`.
    case exists(TraceQLExpression, isPresent: Bool, TraceQLPosition)
    case binary(TraceQLOperator, TraceQLExpression, TraceQLExpression, TraceQLPosition)
    /// A chain of one and the same of `&&` and `||`.
    case logical(TraceQLOperator, [TraceQLExpression], TraceQLPosition)

    /// Where the operator stands, or the first token.
    var position: TraceQLPosition {
        switch self {
        case .value(_, let position), .field(_, let position), .negate(_, let position), .not(_, let position), .exists(_, _, let position),
            .binary(_, _, _, let position), .logical(_, _, let position):
            position
        }
    }

    var isNil: Bool {
        if case .value(.missing, _) = self { true } else { false }
    }

    /// Operators on top of each other.
    var depth: Int {
        switch self {
        case .value, .field: 1
        case .negate(let operand, _), .not(let operand, _), .exists(let operand, _, _): operand.depth + 1
        case .binary(_, let left, let right, _): max(left.depth, right.depth) + 1
        case .logical(_, let operands, _): (operands.lazy.map(\.depth).max() ?? 0) + 1
        }
    }

    func forEachField(_ body: (TraceQLField) -> Void) {
        switch self {
        case .value: break
        case .field(let field, _): body(field)
        case .negate(let operand, _), .not(let operand, _), .exists(let operand, _, _): operand.forEachField(body)
        case .binary(_, let left, let right, _):
            left.forEachField(body)
            right.forEachField(body)
        case .logical(_, let operands, _):
            for operand in operands { operand.forEachField(body) }
        }
    }

    /// It depends on the span.
    var referencesSpan: Bool {
        var found = false
        forEachField { _ in found = true }
        return found
    }

    var type: TraceQLType {
        switch self {
        case .value(let value, _): return value.type
        case .field(.intrinsic(let intrinsic), _): return intrinsic.type
        case .field: return .attribute
        case .negate(let operand, _), .not(let operand, _): return operand.type
        case .exists, .logical: return .bool
        case .binary(let op, let left, let right, _):
            guard op.isArithmetic else { return .bool }
            // Asked once: asking twice on each level of a long chain takes for ever.
            let type = left.type
            return type == .attribute ? right.type : type
        }
    }
}

extension TraceQLExpression: CustomStringConvertible {
    /// As Tempo writes it: operands that are operations stand in parentheses.
    var description: String {
        switch self {
        case .value(let value, _): value.description
        case .field(let field, _): field.description
        case .negate(let operand, _): "-\(operand.wrapped)"
        case .not(let operand, _): "!\(operand.wrapped)"
        case .exists(let operand, let isPresent, _): "\(operand.wrapped) \(isPresent ? "!=" : "=") nil"
        case .binary(let op, let left, let right, _): "\(left.wrapped) \(op.rawValue) \(right.wrapped)"
        case .logical(let op, let operands, _): operands.map(\.wrapped).joined(separator: " \(op.rawValue) ")
        }
    }

    private var wrapped: String {
        switch self {
        case .value, .field: description
        default: "(\(description))"
        }
    }
}
