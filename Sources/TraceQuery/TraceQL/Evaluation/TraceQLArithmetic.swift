internal import Foundation

/// Arithmetic and comparison of single values.
enum TraceQLArithmetic {
    /// Whole numbers stay whole and wrap around; everything else is computed with fractions.
    ///
    /// - Returns: `.missing` for what is no number, and for a division by zero of whole numbers.
    static func compute(_ left: TraceQLValue, _ op: TraceQLOperator, _ right: TraceQLValue) -> TraceQLValue {
        if case .int(let a) = left, case .int(let b) = right {
            switch op {
            case .add: return .int(a &+ b)
            case .subtract: return .int(a &- b)
            case .multiply: return .int(a &* b)
            case .divide: return b == 0 ? .missing : .int(a.dividedReportingOverflow(by: b).partialValue)
            case .modulo: return b == 0 ? .missing : .int(a.remainderReportingOverflow(dividingBy: b).partialValue)
            case .power:
                let power = pow(Double(a), Double(b))
                return Int64(exactly: power.rounded(.towardZero)).map { .int($0) } ?? .double(power)
            default: return .missing
            }
        }
        guard let a = left.number, let b = right.number else { return .missing }
        switch op {
        case .add: return .double(a + b)
        case .subtract: return .double(a - b)
        case .multiply: return .double(a * b)
        case .divide: return .double(a / b)
        case .modulo: return .double(fmod(a, b))
        case .power: return .double(pow(a, b))
        default: return .missing
        }
    }

    /// Compares two single values; values of kinds that do not go together compare false, whatever the operator.
    static func compare(_ left: TraceQLValue, _ op: TraceQLOperator, _ right: TraceQLValue) -> Bool {
        switch (left, right) {
        case (.int(let a), .int(let b)), (.int(let a), .duration(let b)), (.duration(let a), .int(let b)), (.duration(let a), .duration(let b)):
            order(a, op, b)
        case (.string(let a), .string(let b)): order(a, op, b)
        case (.bool(let a), .bool(let b)): op == .equal && a == b || op == .notEqual && a != b
        case (.status(let a), .status(let b)): op == .equal && a == b || op == .notEqual && a != b
        case (.kind(let a), .kind(let b)): op == .equal && a == b || op == .notEqual && a != b
        default:
            if let a = left.number, let b = right.number { order(a, op, b) } else { false }
        }
    }

    @inline(__always)
    static func order<Number: Comparable>(_ a: Number, _ op: TraceQLOperator, _ b: Number) -> Bool {
        switch op {
        case .equal: a == b
        case .notEqual: a != b
        case .less: a < b
        case .lessOrEqual: a <= b
        case .greater: a > b
        case .greaterOrEqual: a >= b
        default: false
        }
    }

    /// Strings are ordered by their bytes.
    @inline(__always)
    static func order(_ a: String, _ op: TraceQLOperator, _ b: String) -> Bool {
        switch op {
        case .equal: a == b
        case .notEqual: a != b
        case .less: a.utf8.lexicographicallyPrecedes(b.utf8)
        case .lessOrEqual: !b.utf8.lexicographicallyPrecedes(a.utf8)
        case .greater: b.utf8.lexicographicallyPrecedes(a.utf8)
        case .greaterOrEqual: !a.utf8.lexicographicallyPrecedes(b.utf8)
        default: false
        }
    }
}
