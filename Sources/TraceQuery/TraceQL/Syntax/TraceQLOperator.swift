/// Operators within `{ … }`, of scalar filters, and of arithmetic between metrics.
enum TraceQLOperator: String, Hashable, Sendable {
    case add = "+"
    case subtract = "-"
    case multiply = "*"
    case divide = "/"
    case modulo = "%"
    case power = "^"
    case equal = "="
    case notEqual = "!="
    case less = "<"
    case lessOrEqual = "<="
    case greater = ">"
    case greaterOrEqual = ">="
    case matches = "=~"
    case matchesNot = "!~"
    case and = "&&"
    case or = "||"

    var isArithmetic: Bool {
        switch self {
        case .add, .subtract, .multiply, .divide, .modulo, .power: true
        default: false
        }
    }

    /// Compares sizes or equality; regular expressions are not included.
    var isComparison: Bool {
        switch self {
        case .equal, .notEqual, .less, .lessOrEqual, .greater, .greaterOrEqual: true
        default: false
        }
    }

    /// The operator with its sides changed.
    var flipped: TraceQLOperator {
        switch self {
        case .less: .greater
        case .lessOrEqual: .greaterOrEqual
        case .greater: .less
        case .greaterOrEqual: .lessOrEqual
        default: self
        }
    }

    /// The higher, the tighter.
    var precedence: Int {
        switch self {
        case .and, .or: 1
        case .equal, .notEqual, .less, .lessOrEqual, .greater, .greaterOrEqual, .matches, .matchesNot: 2
        case .add, .subtract: 3
        case .multiply, .divide, .modulo: 5
        case .power: 6
        }
    }

    /// Of `!`: between `+` and `*`.
    static let notPrecedence = 4

    func isValid(for type: TraceQLType) -> Bool {
        switch type {
        case .attribute: true
        case .bool: self == .and || self == .or || self == .equal || self == .notEqual
        case .int, .double, .duration: isArithmetic || isComparison
        case .string: isComparison || self == .matches || self == .matchesNot
        case .status, .kind, .missing: self == .equal || self == .notEqual
        }
    }
}

/// How two sets of spans of one trace are related.
enum TraceQLSpansetOperator: String, Hashable, Sendable, CaseIterable {
    case and = "&&"
    case or = "||"
    case child = ">"
    case parent = "<"
    case descendant = ">>"
    case ancestor = "<<"
    case sibling = "~"
    case notChild = "!>"
    case notParent = "!<"
    case notDescendant = "!>>"
    case notAncestor = "!<<"
    case notSibling = "!~"
    case unionChild = "&>"
    case unionParent = "&<"
    case unionDescendant = "&>>"
    case unionAncestor = "&<<"
    case unionSibling = "&~"

    var precedence: Int { self == .and || self == .or ? 1 : 2 }
}
