internal import TraceModel

/// Reads OTTL: conditions, and statements that change something (OpenTelemetry Transformation Language, "Grammar").
struct ConditionParser {
    private let text: String
    private let tokens: [ConditionToken]
    private let level: ConditionContext.Level
    private var position = 0
    private var depth = 0

    private init(_ text: String, level: ConditionContext.Level) throws(ConditionError) {
        self.text = text
        self.level = level
        tokens = try ConditionLexer.tokens(of: text)
    }

    /// Reads one condition.
    ///
    /// - Parameter level: what a path without context means.
    /// - Throws: ``ConditionError`` with the column.
    static func condition(_ text: String, level: ConditionContext.Level) throws(ConditionError) -> ConditionExpression {
        var parser = try ConditionParser(text, level: level)
        let condition = try parser.conditionOr()
        try parser.expectEnd("and, or, or the end")
        return condition
    }

    /// Reads one statement: an editor and perhaps `where` and a condition.
    ///
    /// - Throws: ``ConditionError`` with the column.
    static func statement(_ text: String, level: ConditionContext.Level) throws(ConditionError) -> ConditionStatement {
        var parser = try ConditionParser(text, level: level)
        let editor = try parser.editor()
        var condition: ConditionExpression?
        if parser.takeName("where") { condition = try parser.conditionOr() }
        try parser.expectEnd(condition == nil ? "where and a condition, or the end" : "and, or, or the end")
        return ConditionStatement(text: text, editor: editor, condition: condition)
    }

    // MARK: Words

    private var token: ConditionToken { tokens[position] }

    private mutating func advance() { if position < tokens.count - 1 { position += 1 } }

    private mutating func take(_ symbol: String) -> Bool {
        guard token.kind == .symbol(symbol) else { return false }
        advance()
        return true
    }

    private mutating func takeName(_ name: String) -> Bool {
        guard token.kind == .name(name) else { return false }
        advance()
        return true
    }

    private mutating func expect(_ symbol: String) throws(ConditionError) {
        guard take(symbol) else { throw unexpected("\"\(symbol)\"") }
    }

    private func expectEnd(_ expected: String) throws(ConditionError) {
        guard token.kind == .end else { throw unexpected(expected) }
    }

    private func unexpected(_ expected: String) -> ConditionError {
        error("\(token.shown) does not belong here", expected: expected)
    }

    private func error(_ message: String, expected: String? = nil, at token: ConditionToken? = nil) -> ConditionError {
        ConditionError(text: text, column: (token ?? self.token).column, message: message, expected: expected)
    }

    private mutating func deeper() throws(ConditionError) {
        depth += 1
        guard depth <= ConditionLimit.depth else { throw error("more than \(ConditionLimit.depth) parentheses, lists or calls in one another") }
    }

    // MARK: Conditions

    private mutating func conditionOr() throws(ConditionError) -> ConditionExpression {
        var parts = [try conditionAnd()]
        while takeName("or") { parts.append(try conditionAnd()) }
        return parts.count == 1 ? parts[0] : .or(parts)
    }

    private mutating func conditionAnd() throws(ConditionError) -> ConditionExpression {
        var parts = [try conditionNot()]
        while takeName("and") { parts.append(try conditionNot()) }
        return parts.count == 1 ? parts[0] : .and(parts)
    }

    private mutating func conditionNot() throws(ConditionError) -> ConditionExpression {
        guard takeName("not") else { return try comparison() }
        try deeper()
        defer { depth -= 1 }
        return .not(try conditionNot())
    }

    private mutating func comparison() throws(ConditionError) -> ConditionExpression {
        let start = token
        // A parenthesis begins a condition, or a sum that is compared: what comes first is tried first.
        if token.kind == .symbol("("), let grouped = try groupedCondition() { return grouped }
        let left = try sum()
        if case .symbol(let symbol) = token.kind, let comparison = ConditionExpression.Comparison(rawValue: symbol) {
            advance()
            return .compare(comparison, left, try sum())
        }
        if token.kind == .symbol("=") { throw unexpected("==, !=, <, <=, > or >=") }
        guard left.isCondition else {
            throw error("is no condition", expected: "a comparison such as name == \"GET /\", or a function that says yes or no", at: start)
        }
        return left
    }

    /// `( condition )`; `nil`, at the same place as before, when it turns out to be a value in parentheses.
    private mutating func groupedCondition() throws(ConditionError) -> ConditionExpression? {
        let start = position
        try deeper()
        defer { depth -= 1 }
        advance()
        // A sum in parentheses has no condition in it; nothing is tried more than twice on a level that has no comparison.
        if isValueInParentheses(from: start) {
            position = start
            return nil
        }
        let inner = try conditionOr()
        try expect(")")
        return inner
    }

    /// Between the parenthesis at this place and its end, nothing compares, and a comparison or operator follows.
    private func isValueInParentheses(from start: Int) -> Bool {
        var open = 0
        for index in start..<tokens.count {
            switch tokens[index].kind {
            case .symbol("("): open += 1
            case .symbol(")"):
                open -= 1
                guard open == 0 else { continue }
                guard index + 1 < tokens.count, case .symbol(let next) = tokens[index + 1].kind else { return false }
                return ["==", "!=", "<", "<=", ">", ">=", "+", "-", "*", "/"].contains(next)
            default: break
            }
        }
        return false
    }

    // MARK: Values

    private mutating func sum() throws(ConditionError) -> ConditionExpression {
        var left = try product()
        while true {
            if take("+") {
                left = .arithmetic(.add, left, try product())
            } else if take("-") {
                left = .arithmetic(.subtract, left, try product())
            } else {
                return left
            }
            try grow()
        }
    }

    private mutating func product() throws(ConditionError) -> ConditionExpression {
        var left = try operand()
        while true {
            if take("*") {
                left = .arithmetic(.multiply, left, try operand())
            } else if take("/") {
                left = .arithmetic(.divide, left, try operand())
            } else {
                return left
            }
            try grow()
        }
    }

    private var operations = 0

    /// A long sum is a deep tree.
    private mutating func grow() throws(ConditionError) {
        operations += 1
        guard operations <= Self.maximumOperations else { throw error("more than \(Self.maximumOperations) sums and products") }
    }

    private static let maximumOperations = 200

    private mutating func operand() throws(ConditionError) -> ConditionExpression {
        try deeper()
        defer { depth -= 1 }
        let token = self.token
        switch token.kind {
        case .string(let text):
            advance()
            return .literal(.string(text))
        case .integer(let number):
            advance()
            return .literal(.int(number))
        case .number(let number):
            advance()
            return .literal(.double(number))
        case .bytes(let bytes):
            advance()
            return .literal(.bytes(bytes))
        case .symbol("-"):
            advance()
            switch try operand() {
            case .literal(.int(let number)): return .literal(.int(0 &- number))
            case .literal(.double(let number)): return .literal(.double(-number))
            case let other: return .arithmetic(.subtract, .literal(.int(0)), other)
            }
        case .symbol("("):
            advance()
            let inner = try sum()
            try expect(")")
            return inner
        case .symbol("["): return .list(try list())
        case .symbol("{"): return .map(try map())
        case .name(let name): return try named(name)
        default: throw unexpected("a path, a function, a text, a number, true, false or nil")
        }
    }

    private mutating func list() throws(ConditionError) -> [ConditionExpression] {
        try expect("[")
        var elements: [ConditionExpression] = []
        if take("]") { return elements }
        repeat { elements.append(try sum()) } while take(",")
        try expect("]")
        return elements
    }

    private mutating func map() throws(ConditionError) -> [(key: String, value: ConditionExpression)] {
        try expect("{")
        var entries: [(key: String, value: ConditionExpression)] = []
        if take("}") { return entries }
        repeat {
            guard case .string(let key) = token.kind else { throw unexpected("a key in double quotes") }
            advance()
            try expect(":")
            entries.append((key, try sum()))
        } while take(",")
        try expect("}")
        return entries
    }

    private mutating func named(_ name: String) throws(ConditionError) -> ConditionExpression {
        switch name {
        case "true", "false":
            advance()
            return .literal(.bool(name == "true"))
        case "nil":
            advance()
            return .literal(.empty)
        default: break
        }
        if let value = Self.enumerations[name] {
            advance()
            return .literal(.int(value))
        }
        if name.first?.isUppercase == true {
            let place = token
            advance()
            guard token.kind == .symbol("(") else {
                throw error("\"\(name.prefix(60))\" is not known", expected: "a function with its arguments in parentheses, or one of " + Self.enumerationNames, at: place)
            }
            let call = try ConditionFunction(name: name, arguments: try arguments()) { (message, expected) in
                ConditionError(text: text, column: place.column, message: message, expected: expected)
            }
            let keys = try keys()
            return keys.isEmpty ? .call(call) : .member(.call(call), keys)
        }
        let place = token
        let path = try path()
        if token.kind == .symbol("(") {
            throw error("\"\(name.prefix(60))\" changes something, which no condition may", expected: "a path or a function", at: place)
        }
        return .path(path)
    }

    private mutating func arguments() throws(ConditionError) -> [ConditionExpression] {
        try deeper()
        defer { depth -= 1 }
        try expect("(")
        var arguments: [ConditionExpression] = []
        if take(")") { return arguments }
        repeat { arguments.append(try sum()) } while take(",")
        guard take(")") else { throw unexpected("\",\" and another argument, or \")\"") }
        return arguments
    }

    private mutating func keys() throws(ConditionError) -> [ConditionPath.Key] {
        var keys: [ConditionPath.Key] = []
        while take("[") {
            switch token.kind {
            case .string(let name): keys.append(.name(name))
            case .integer(let index): keys.append(.index(Int(clamping: index)))
            default: throw unexpected("a key in double quotes or a number")
            }
            advance()
            try expect("]")
            guard keys.count <= ConditionLimit.depth else { throw error("more than \(ConditionLimit.depth) keys") }
        }
        return keys
    }

    mutating func path() throws(ConditionError) -> ConditionPath {
        let start = token
        guard case .name(let first) = token.kind else { throw unexpected("a path such as attributes[\"http.route\"]") }
        advance()
        var name = first
        while take(".") {
            guard case .name(let next) = token.kind else { throw unexpected("the name of a field") }
            name += "." + next
            advance()
            guard name.utf8.count <= 200 else { throw error("is longer than any path", at: start) }
        }
        guard let field = field(name) else {
            let known = ConditionPath.Field.allCases.map(\.rawValue)
            throw error("there is no path \"\(name.prefix(60))\"", expected: "one of " + known.joined(separator: ", "), at: start)
        }
        let place = token
        let keys = try keys()
        guard keys.isEmpty || field.hasKeys else { throw error("\(field.rawValue) has no keys", at: place) }
        if field.level == .spanevent, level != .spanevent { throw error("there is no event here", expected: "paths of spanevent only in conditions for events", at: start) }
        if level == .resource, field.level != .resource { throw error("only the resource is known here", expected: "a path that begins with resource", at: start) }
        if level == .scope, field.level != .resource, field.level != .scope {
            throw error("only scope and resource are known here", expected: "a path that begins with scope or resource", at: start)
        }
        return ConditionPath(field: field, keys: keys)
    }

    private func field(_ name: String) -> ConditionPath.Field? {
        let name = name.hasPrefix("instrumentation_scope.") ? "scope." + name.dropFirst(22) : name
        let full = ConditionPath.Field(rawValue: name) ?? ConditionPath.Field(rawValue: level.rawValue + "." + name)
        guard let full else { return nil }
        return full
    }

    // MARK: Editors

    private mutating func editor() throws(ConditionError) -> ConditionEditor {
        let place = token
        guard case .name(let name) = token.kind else { throw unexpected("one of " + ConditionEditor.names.joined(separator: ", ")) }
        advance()
        guard token.kind == .symbol("(") else { throw unexpected("\"(\" and the arguments of \(name.prefix(60))") }
        let arguments = try arguments()
        return try ConditionEditor(name: name, arguments: arguments) { (message, expected) in
            ConditionError(text: text, column: place.column, message: message, expected: expected)
        }
    }

    // MARK: Enumerations

    private static let enumerations: [String: Int64] = [
        "SPAN_KIND_UNSPECIFIED": 0, "SPAN_KIND_INTERNAL": 1, "SPAN_KIND_SERVER": 2, "SPAN_KIND_CLIENT": 3, "SPAN_KIND_PRODUCER": 4,
        "SPAN_KIND_CONSUMER": 5, "STATUS_CODE_UNSET": 0, "STATUS_CODE_OK": 1, "STATUS_CODE_ERROR": 2,
    ]

    private static let enumerationNames = enumerations.keys.sorted().joined(separator: ", ")
}
