internal import TraceModel

/// A value of OTTL that is still to be computed.
indirect enum ConditionExpression: Sendable {
    enum Comparison: String { case equal = "==", notEqual = "!=", less = "<", lessOrEqual = "<=", greater = ">", greaterOrEqual = ">=" }
    enum Operator: String { case add = "+", subtract = "-", multiply = "*", divide = "/" }

    case literal(AttributeValue)
    case path(ConditionPath)
    case list([ConditionExpression])
    case map([(key: String, value: ConditionExpression)])
    case call(ConditionFunction)
    case member(ConditionExpression, [ConditionPath.Key])
    case arithmetic(Operator, ConditionExpression, ConditionExpression)
    case compare(Comparison, ConditionExpression, ConditionExpression)
    case and([ConditionExpression])
    case or([ConditionExpression])
    case not(ConditionExpression)

    /// It is true or false, whatever it is applied to.
    var isCondition: Bool {
        switch self {
        case .literal(.bool), .compare, .and, .or, .not: true
        case .call(let function): function.isCondition
        default: false
        }
    }

    /// - Throws: ``ConditionFailure``.
    func value(in context: ConditionContext) throws(ConditionFailure) -> AttributeValue {
        switch self {
        case .literal(let value): return value
        case .path(let path): return path.value(in: context)
        case .list(let elements):
            var values: [AttributeValue] = []
            for element in elements { values.append(try element.value(in: context)) }
            return .array(values)
        case .map(let entries):
            var values: [Attribute] = []
            for entry in entries { values.set(entry.key, try entry.value.value(in: context)) }
            return .keyValueList(values)
        case .call(let function): return try function.value(in: context)
        case .member(let base, let keys): return keys.reduce(try base.value(in: context)) { $0.member($1) }
        case .arithmetic(let operation, let left, let right):
            return try Self.compute(operation, try left.value(in: context), try right.value(in: context))
        case .compare, .and, .or, .not: return .bool(try isTrue(in: context))
        }
    }

    /// - Throws: ``ConditionFailure``, also when the value is no boolean.
    func isTrue(in context: ConditionContext) throws(ConditionFailure) -> Bool {
        switch self {
        case .compare(let comparison, let left, let right):
            return Self.holds(comparison, try left.value(in: context), try right.value(in: context))
        case .and(let parts):
            for part in parts where try !part.isTrue(in: context) { return false }
            return true
        case .or(let parts):
            for part in parts where try part.isTrue(in: context) { return true }
            return false
        case .not(let part): return try !part.isTrue(in: context)
        default:
            guard case .bool(let value) = try value(in: context) else { throw ConditionFailure(description: "the condition gives no boolean") }
            return value
        }
    }

    // MARK: Comparing

    /// Values of different types are unequal and have no order; whole numbers and others compare as numbers; nil equals nil only.
    static func holds(_ comparison: Comparison, _ left: AttributeValue, _ right: AttributeValue) -> Bool {
        switch comparison {
        case .equal: return isEqual(left, right)
        case .notEqual: return !isEqual(left, right)
        case .less: return order(left, right).map { $0 < 0 } ?? false
        case .lessOrEqual: return order(left, right).map { $0 <= 0 } ?? false
        case .greater: return order(left, right).map { $0 > 0 } ?? false
        case .greaterOrEqual: return order(left, right).map { $0 >= 0 } ?? false
        }
    }

    private static func isEqual(_ left: AttributeValue, _ right: AttributeValue) -> Bool {
        switch (left, right) {
        case (.int(let left), .double(let right)): Double(left) == right
        case (.double(let left), .int(let right)): left == Double(right)
        default: left == right
        }
    }

    private static func order(_ left: AttributeValue, _ right: AttributeValue) -> Int? {
        switch (left, right) {
        case (.int(let left), .int(let right)): sign(left, right)
        case (.int(let left), .double(let right)): sign(Double(left), right)
        case (.double(let left), .int(let right)): sign(left, Double(right))
        case (.double(let left), .double(let right)): left.isNaN || right.isNaN ? nil : sign(left, right)
        case (.string(let left), .string(let right)): left == right ? 0 : left.utf8.lexicographicallyPrecedes(right.utf8) ? -1 : 1
        case (.bool(let left), .bool(let right)): left == right ? 0 : right ? -1 : 1
        case (.bytes(let left), .bytes(let right)): left == right ? 0 : left.lexicographicallyPrecedes(right) ? -1 : 1
        default: nil
        }
    }

    private static func sign<Value: Comparable>(_ left: Value, _ right: Value) -> Int { left < right ? -1 : left == right ? 0 : 1 }

    // MARK: Computing

    private static func compute(_ operation: Operator, _ left: AttributeValue, _ right: AttributeValue) throws(ConditionFailure) -> AttributeValue {
        switch (left, right) {
        case (.int(let left), .int(let right)):
            let (result, overflow) =
                switch operation {
                case .add: left.addingReportingOverflow(right)
                case .subtract: left.subtractingReportingOverflow(right)
                case .multiply: left.multipliedReportingOverflow(by: right)
                case .divide: left.dividedReportingOverflow(by: right)
                }
            guard !overflow else {
                throw ConditionFailure(description: "\(left) \(operation.rawValue) \(right) is no number of 64 bits")
            }
            return .int(result)
        case (.int, .double), (.double, .int), (.double, .double):
            let (left, right) = (left.number ?? 0, right.number ?? 0)
            switch operation {
            case .add: return .double(left + right)
            case .subtract: return .double(left - right)
            case .multiply: return .double(left * right)
            case .divide: return .double(left / right)
            }
        default: throw ConditionFailure(description: "\"\(operation.rawValue)\" takes two numbers, and got \(left.typeName) and \(right.typeName)")
        }
    }
}

extension AttributeValue {
    /// What a message calls its type.
    var typeName: String {
        switch self {
        case .string: "a text"
        case .bool: "a boolean"
        case .int: "a whole number"
        case .double: "a number"
        case .bytes: "bytes"
        case .array: "a list"
        case .keyValueList: "a map"
        case .empty: "nil"
        }
    }

    /// A number of either type.
    var number: Double? {
        switch self {
        case .int(let value): Double(value)
        case .double(let value): value
        default: nil
        }
    }
}
