internal import TraceModel
internal import TraceStore

/// Conditions that at least one span of every answer meets: a store uses them to leave the rest unread.
///
/// They are necessary, not sufficient; no lists at all mean that nothing is known.
struct TraceQLConditions: Hashable, Sendable {
    /// More alternatives are not worth what they cost.
    private static let maximumAlternatives = 32

    /// One of these lists holds; `nil` for every span.
    var anyOf: [[SpanCondition]]?

    static let unknown = TraceQLConditions(anyOf: nil)

    init(anyOf: [[SpanCondition]]?) {
        self.anyOf = anyOf
    }

    init(_ stages: [TraceQLStage]) {
        // What every step keeps is part of the first one's spans: the best step decides.
        self = stages.map { if case .spanset(let spanset) = $0 { TraceQLConditions(spanset) } else { .unknown } }.reduce(.unknown, Self.better)
    }

    init(_ spanset: TraceQLSpanset) {
        switch spanset {
        case .filter(nil): self = .unknown
        case .filter(let expression?): self.init(expression)
        case .pipeline(let stages): self.init(stages)
        case .operation(let op, let left, let right, _):
            if op == .or {
                self = Self.either(TraceQLConditions(left), TraceQLConditions(right))
            } else if op.isNegated {
                self.init(right)
            } else {
                self = Self.better(TraceQLConditions(left), TraceQLConditions(right))
            }
        }
    }

    /// Conditions that every span of a result meets.
    init(resultOf stages: [TraceQLStage]) {
        self = stages.map { if case .spanset(let spanset) = $0 { TraceQLConditions(resultOf: spanset) } else { .unknown } }.reduce(.unknown, Self.both)
    }

    private init(resultOf spanset: TraceQLSpanset) {
        switch spanset {
        case .filter(nil): self = .unknown
        case .filter(let expression?): self.init(expression)
        case .pipeline(let stages): self.init(resultOf: stages)
        case .operation(let op, let left, let right, _):
            let ofRight = TraceQLConditions(resultOf: right)
            self = op == .and || op == .or || op.isUnion ? Self.either(TraceQLConditions(resultOf: left), ofRight) : ofRight
        }
    }

    init(_ expression: TraceQLExpression) {
        switch expression {
        case .value(.bool(false), _): self.init(anyOf: [])
        case .value, .negate, .not: self = .unknown
        case .field(.attribute(let scope, let name), _):
            self.init(anyOf: [[.attribute(AttributeKey(scope: scope, name: name), .equals(.bool(true)))]])
        case .field: self = .unknown
        case .exists(.field(.attribute(let scope, let name), _), isPresent: true, _):
            self.init(anyOf: [[.attribute(AttributeKey(scope: scope, name: name), .exists)]])
        case .exists: self = .unknown
        case .binary(let op, .field(let field, _), .value(let value, _), _): self = Self.condition(field, op, value)
        case .binary(let op, .value(let value, _), .field(let field, _), _): self = Self.condition(field, op.flipped, value)
        case .binary(let op, let left, let right, _):
            self = op.isComparison || op == .matches || op == .matchesNot ? Self.both(Self.presence(left), Self.presence(right)) : .unknown
        case .logical(.and, let operands, _): self = operands.map { TraceQLConditions($0) }.reduce(.unknown, Self.both)
        case .logical(_, let operands, _):
            self = operands.map { TraceQLConditions($0) }.reduce(TraceQLConditions(anyOf: []), Self.either)
        }
    }

    /// What arithmetic needs: all attributes in it are there.
    private static func presence(_ expression: TraceQLExpression) -> TraceQLConditions {
        switch expression {
        case .field(.attribute(let scope, let name), _): TraceQLConditions(anyOf: [[.attribute(AttributeKey(scope: scope, name: name), .exists)]])
        case .binary(let op, let left, let right, _) where op.isArithmetic: both(presence(left), presence(right))
        case .negate(let operand, _): presence(operand)
        default: .unknown
        }
    }

    private static func condition(_ field: TraceQLField, _ op: TraceQLOperator, _ value: TraceQLValue) -> TraceQLConditions {
        switch field {
        case .intrinsic(let intrinsic): return condition(intrinsic, op, value)
        case .parent: return .unknown
        case .attribute(let scope, let name):
            let key = AttributeKey(scope: scope, name: name)
            let texts = texts(op, value)
            if scope == .resource, name == "service.name", let texts, !texts.contains("") {
                return TraceQLConditions(anyOf: texts.map { [.service($0)] })
            }
            if let texts { return TraceQLConditions(anyOf: texts.map { [.attribute(key, .equals(.string($0)))] }) }
            // A duration equals a whole number, which the store does not know.
            if op == .equal, value.type != .duration, let attribute = value.attributeValue {
                return TraceQLConditions(anyOf: [[.attribute(key, .equals(attribute))]])
            }
            return TraceQLConditions(anyOf: [[.attribute(key, .exists)]])
        }
    }

    /// The strings that an equality or a simple regular expression asks for.
    private static func texts(_ op: TraceQLOperator, _ value: TraceQLValue) -> [String]? {
        guard case .string(let text) = value else { return nil }
        if op == .equal { return [text] }
        guard op == .matches, let strings = (try? RegexPattern(text))?.strings, strings.count <= maximumAlternatives else { return nil }
        return strings
    }

    private static func condition(_ intrinsic: TraceQLIntrinsic, _ op: TraceQLOperator, _ value: TraceQLValue) -> TraceQLConditions {
        switch (intrinsic, value) {
        case (.name, _): return texts(op, value).map { TraceQLConditions(anyOf: $0.map { [.name($0)] }) } ?? .unknown
        case (.status, .status(let code)) where op == .equal: return TraceQLConditions(anyOf: [[.status(code)]])
        case (.kind, .kind(let kind)) where op == .equal: return TraceQLConditions(anyOf: [[.kind(kind)]])
        case (.duration, _): return duration(op, value)
        case (.nestedSetParent, .int(let limit)):
            let isRoot = op == .less && limit <= 0 || op == .lessOrEqual && limit < 0 || op == .equal && limit == -1
            return isRoot ? TraceQLConditions(anyOf: [[.isRoot]]) : .unknown
        default: return .unknown
        }
    }

    private static func duration(_ op: TraceQLOperator, _ value: TraceQLValue) -> TraceQLConditions {
        guard let number = value.number, number.isFinite else { return .unknown }
        // Rounded outwards: a span too many is judged again.
        let below = number <= 0 ? 0 : UInt64(exactly: min(number, 1e18).rounded(.down)) ?? 0
        let above = number < 0 ? 0 : UInt64(exactly: min(number, 1e18).rounded(.up)) ?? 0
        switch op {
        case .greater, .greaterOrEqual: return TraceQLConditions(anyOf: [[.durationAtLeast(below)]])
        case .less where number < 1e18, .lessOrEqual where number < 1e18: return TraceQLConditions(anyOf: [[.durationAtMost(above)]])
        case .equal where number < 1e18: return TraceQLConditions(anyOf: [[.durationAtLeast(below), .durationAtMost(above)]])
        default: return .unknown
        }
    }

    // MARK: Joining

    /// Both hold of one span.
    static func both(_ left: TraceQLConditions, _ right: TraceQLConditions) -> TraceQLConditions {
        guard let leftLists = left.anyOf else { return right }
        guard let rightLists = right.anyOf else { return left }
        if leftLists.isEmpty || rightLists.isEmpty { return TraceQLConditions(anyOf: []) }
        guard leftLists.count * rightLists.count <= maximumAlternatives else { return better(left, right) }
        return TraceQLConditions(anyOf: leftLists.flatMap { first in rightLists.map { second in first + second.filter { !first.contains($0) } } })
    }

    /// One of the two holds.
    static func either(_ left: TraceQLConditions, _ right: TraceQLConditions) -> TraceQLConditions {
        guard let leftLists = left.anyOf, let rightLists = right.anyOf, leftLists.count + rightLists.count <= maximumAlternatives else { return .unknown }
        return TraceQLConditions(anyOf: leftLists + rightLists.filter { !leftLists.contains($0) })
    }

    /// Each holds of some span: the one that few spans meet is asked for.
    static func better(_ left: TraceQLConditions, _ right: TraceQLConditions) -> TraceQLConditions {
        left.selectivity >= right.selectivity ? left : right
    }

    /// A guess, the higher the fewer spans.
    private var selectivity: Int {
        guard let anyOf else { return 0 }
        return anyOf.map { list in list.map(Self.selectivity).max().map { $0 * 10 + list.count } ?? 0 }.min() ?? 1000
    }

    private static func selectivity(_ condition: SpanCondition) -> Int {
        switch condition {
        case .attribute(_, .equals(.bool)): 4
        case .attribute(_, .equals): 9
        case .name: 7
        case .status(.error): 8
        case .durationAtLeast(let least): least >= 1_000_000_000 ? 7 : 3
        case .service: 5
        case .attribute(_, .exists): 4
        case .isRoot: 3
        case .durationAtMost, .kind, .status: 2
        }
    }
}
