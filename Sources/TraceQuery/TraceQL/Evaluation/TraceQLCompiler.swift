internal import TraceModel
internal import TraceStore

/// Makes functions of expressions, so that running a query looks nothing up but the spans.
struct TraceQLCompiler {
    typealias Reader = @Sendable (TraceView, Int) -> TraceQLValue
    typealias Test = @Sendable (TraceView, Int) -> Bool

    /// Places for answers about resources and scopes (``TraceView/Group/answers``).
    private(set) var slots = 0

    /// Whether the expression is true of a span.
    mutating func test(_ expression: TraceQLExpression) throws(TraceQLError) -> Test {
        switch expression {
        case .value(let value, _):
            let answer = value == .bool(true)
            return { _, _ in answer }
        case .logical(let op, let operands, _):
            var tests: [Test] = []
            for operand in operands { tests.append(try self.test(operand)) }
            return Self.joined(tests, isAnd: op == .and)
        case .not(let operand, _):
            if operand.type == .bool {
                let inner = try self.test(operand)
                return { !inner($0, $1) }
            }
            let read = try reader(operand)
            return { read($0, $1) == .bool(false) }
        case .exists(let operand, let isPresent, _):
            let read = try reader(operand)
            return { (read($0, $1) != .missing) == isPresent }
        case .binary(let op, let left, let right, _):
            if op == .matches || op == .matchesNot { return try regex(op, left, right) }
            if op.isComparison { return try comparison(op, left, right) }
            return { _, _ in false }
        case .field, .negate:
            let read = try reader(expression)
            return { read($0, $1) == .bool(true) }
        }
    }

    private static func joined(_ tests: [Test], isAnd: Bool) -> Test {
        if tests.count == 2 {
            let first = tests[0]
            let second = tests[1]
            if isAnd { return { view, index in first(view, index) && second(view, index) } }
            return { view, index in first(view, index) || second(view, index) }
        }
        if isAnd { return { view, index in tests.allSatisfy { test in test(view, index) } } }
        return { view, index in tests.contains { test in test(view, index) } }
    }

    /// The expression's value for a span.
    mutating func reader(_ expression: TraceQLExpression) throws(TraceQLError) -> Reader {
        switch expression {
        case .value(let value, _): return { _, _ in value }
        case .field(let field, _): return reader(field)
        case .negate(let operand, _):
            let read = try reader(operand)
            return { view, index in
                switch read(view, index) {
                case .int(let int): .int(0 &- int)
                case .duration(let duration): .duration(0 &- duration)
                case .double(let double): .double(-double)
                default: .missing
                }
            }
        case .binary(let op, let left, let right, _) where op.isArithmetic:
            let (readLeft, readRight) = (try reader(left), try reader(right))
            return { TraceQLArithmetic.compute(readLeft($0, $1), op, readRight($0, $1)) }
        case .not(let operand, _) where operand.type != .bool:
            let read = try reader(operand)
            return { view, index in
                if case .bool(let bool) = read(view, index) { .bool(!bool) } else { .missing }
            }
        case .not, .exists, .binary, .logical:
            let inner = try self.test(expression)
            return { .bool(inner($0, $1)) }
        }
    }

    // MARK: Comparisons

    private mutating func comparison(_ op: TraceQLOperator, _ left: TraceQLExpression, _ right: TraceQLExpression) throws(TraceQLError) -> Test {
        switch (left, right) {
        case (.field(let field, _), .value(let value, _)): return comparison(field, op, value)
        case (.value(let value, _), .field(let field, _)): return comparison(field, op.flipped, value)
        default:
            let (readLeft, readRight) = (try reader(left), try reader(right))
            return { Self.compare(readLeft($0, $1), op, readRight($0, $1)) }
        }
    }

    private mutating func comparison(_ field: TraceQLField, _ op: TraceQLOperator, _ value: TraceQLValue) -> Test {
        if case .intrinsic(let intrinsic) = field, let test = Self.comparison(intrinsic, op, value) { return test }
        let value = Self.normalized(value, for: field)
        return test(field, isForAll: op == .notEqual, Self.elementTest(op, value)) { Self.compare($0, op, value) }
    }

    /// The intrinsics that most queries use, without the detour of a value.
    private static func comparison(_ intrinsic: TraceQLIntrinsic, _ op: TraceQLOperator, _ value: TraceQLValue) -> Test? {
        switch (intrinsic, value) {
        case (.status, .status(let code)):
            let isEqual = op == .equal
            return { view, index in
                let group = view.group(index)
                return (group.spans[index - group.start].status.code == code) == isEqual
            }
        case (.kind, .kind(let kind)):
            let isEqual = op == .equal
            return { view, index in
                let group = view.group(index)
                return (group.spans[index - group.start].kind == kind) == isEqual
            }
        case (.name, .string(let name)):
            return { view, index in
                let group = view.group(index)
                return TraceQLArithmetic.order(group.spans[index - group.start].name, op, name)
            }
        case (.duration, .int(let limit)), (.duration, .duration(let limit)):
            return { view, index in
                let group = view.group(index)
                return TraceQLArithmetic.order(Int64(clamping: group.spans[index - group.start].duration), op, limit)
            }
        default: return nil
        }
    }

    /// Ids are compared in the form in which they are read: lower case, with all their digits.
    private static func normalized(_ value: TraceQLValue, for field: TraceQLField) -> TraceQLValue {
        guard case .intrinsic(let intrinsic) = field, case .string(let text) = value else { return value }
        switch intrinsic {
        case .traceID, .linkTraceID: return TraceID(hex: text).map { .string($0.description) } ?? value
        case .spanID, .parentID, .linkSpanID: return SpanID(hex: text).map { .string($0.description) } ?? value
        default: return value
        }
    }

    /// Lists: `!=` is about all elements, every other operator about any.
    static func compare(_ left: TraceQLValue, _ op: TraceQLOperator, _ right: TraceQLValue) -> Bool {
        switch (left, right) {
        case (.list, .list): return false
        case (.list(let elements), _):
            return op == .notEqual
                ? elements.allSatisfy { TraceQLArithmetic.compare($0, op, right) }
                : elements.contains { TraceQLArithmetic.compare($0, op, right) }
        case (_, .list): return compare(right, op.flipped, left)
        default: return TraceQLArithmetic.compare(left, op, right)
        }
    }

    /// A test of one attribute's value that does not convert it first.
    private static func elementTest(_ op: TraceQLOperator, _ value: TraceQLValue) -> @Sendable (AttributeValue) -> Bool {
        switch value {
        case .string(let text):
            return { if case .string(let string) = $0 { TraceQLArithmetic.order(string, op, text) } else { false } }
        case .int(let number), .duration(let number):
            return { element in
                switch element {
                case .int(let int): TraceQLArithmetic.order(int, op, number)
                case .double(let double): TraceQLArithmetic.order(double, op, Double(number))
                default: false
                }
            }
        default: return { TraceQLArithmetic.compare(TraceQLValue($0), op, value) }
        }
    }

    // MARK: Regular expressions

    private mutating func regex(_ op: TraceQLOperator, _ left: TraceQLExpression, _ right: TraceQLExpression) throws(TraceQLError) -> Test {
        guard case .value(.string(let text), let position) = right else { return { _, _ in false } }
        let pattern: RegexPattern
        do {
            pattern = try RegexPattern(text)
        } catch {
            throw TraceQLError("invalid regex: \(error.message)", at: position)
        }
        let wanted = op == .matches
        let testString: @Sendable (String) -> Bool = { pattern.matches($0) == wanted }
        if case .field(let field, _) = left {
            if case .intrinsic(.name) = field {
                return { view, index in
                    let group = view.group(index)
                    return testString(group.spans[index - group.start].name)
                }
            }
            return test(field, isForAll: !wanted) {
                if case .string(let string) = $0 { testString(string) } else { false }
            } whole: {
                Self.matches($0, wanted, testString)
            }
        }
        let read = try reader(left)
        return { Self.matches(read($0, $1), wanted, testString) }
    }

    private static func matches(_ value: TraceQLValue, _ wanted: Bool, _ test: (String) -> Bool) -> Bool {
        switch value {
        case .string(let string): return test(string)
        case .list(let elements):
            func holds(_ element: TraceQLValue) -> Bool { if case .string(let string) = element { test(string) } else { false } }
            return wanted ? elements.contains(where: holds) : elements.allSatisfy(holds)
        default: return false
        }
    }

    // MARK: Tests of fields

    /// - Parameters:
    ///   - isForAll: whether all elements of a list must pass, or any.
    ///   - element: tests one plain attribute value.
    ///   - whole: tests a value of whatever kind.
    private mutating func test(
        _ field: TraceQLField, isForAll: Bool, _ element: @escaping @Sendable (AttributeValue) -> Bool,
        whole: @escaping @Sendable (TraceQLValue) -> Bool
    ) -> Test {
        let attribute: @Sendable (AttributeValue) -> Bool = { value in
            guard case .array(let elements) = value else { return element(value) }
            return isForAll ? elements.allSatisfy(element) : elements.contains(where: element)
        }
        switch field {
        case .attribute(.span, let name):
            return { view, index in
                let group = view.group(index)
                for candidate in group.spans[index - group.start].attributes where candidate.key == name { return attribute(candidate.value) }
                return false
            }
        case .attribute(.resource, let name):
            return rememberedTest { group in
                for candidate in group.resource.attributes where candidate.key == name { return .bool(attribute(candidate.value)) }
                return .bool(false)
            }
        case .attribute(nil, let name):
            let ofResource = rememberedTest { group in
                for candidate in group.resource.attributes where candidate.key == name { return .bool(attribute(candidate.value)) }
                return .bool(false)
            }
            return { view, index in
                let group = view.group(index)
                for candidate in group.spans[index - group.start].attributes where candidate.key == name { return attribute(candidate.value) }
                return ofResource(view, index)
            }
        default:
            let read = reader(field)
            return { whole(read($0, $1)) }
        }
    }

    /// A test of the resource or scope, made once for each group of spans.
    private mutating func rememberedTest(_ body: @escaping @Sendable (TraceView.Group) -> TraceQLValue) -> Test {
        let read = remembered(body)
        return { read($0, $1) == .bool(true) }
    }

    mutating func remembered(_ body: @escaping @Sendable (TraceView.Group) -> TraceQLValue) -> Reader {
        let slot = slots
        slots += 1
        return { view, index in
            let group = view.group(index)
            if let answer = group.answers[slot] { return answer }
            let answer = body(group)
            group.answers[slot] = answer
            return answer
        }
    }
}
