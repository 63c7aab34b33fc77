internal import NeedletailTracing
internal import TraceModel

extension YAMLReader {
    /// A duration as Go writes it: `200ms`, `5s`, `1m30s`.
    ///
    /// - Parameter least: shorter ones are mistakes.
    func duration(atLeast least: Duration = .zero) -> Duration? {
        guard let text = string(takesAny: true) else { return nil }
        guard let nanoseconds = GoDuration.nanoseconds(text) else {
            mistake("\"\(text.prefix(60))\" is no duration", expected: "a number with a unit, as in 200ms, 5s or 1m30s")
            return nil
        }
        let duration = Duration.nanoseconds(Int64(clamping: nanoseconds))
        guard duration >= least else {
            mistake("\"\(text.prefix(60))\" is too short", expected: "at least \(least)")
            return nil
        }
        return duration
    }

    /// A list of texts, or one text that stands for itself.
    func strings() -> [String]? {
        list()?.compactMap { $0.string(takesAny: true) }
    }

    /// A list that must not be empty.
    func strings(_ what: String) -> [String] {
        guard let strings = strings(), !strings.isEmpty else {
            if list()?.isEmpty ?? isNull { mistake("has nothing in it", expected: "a list of \(what)") }
            return []
        }
        return strings
    }

    /// Names and values, the values secret.
    func headers() -> [String: String] {
        var headers: [String: String] = [:]
        for entry in mapping()?.entries ?? [] { headers[entry.key] = entry.value.secret.string(takesAny: true) ?? "" }
        return headers
    }

    /// A value with the type it is written as: texts in quotes are texts, `1` is a whole number, `true` a boolean.
    func attributeValue() -> AttributeValue? {
        switch value.content {
        case .scalar(_, let isPlain):
            guard !isNull, let text = string(takesAny: true) else { return nil }
            guard isPlain else { return .string(text) }
            if let integer = YAMLScalar.integer(text) { return .int(Int64(integer)) }
            if let number = YAMLScalar.number(text) { return .double(number) }
            if let boolean = YAMLScalar.boolean(text, allowsYesNo: false) { return .bool(boolean) }
            return .string(text)
        case .list: return list().map { .array($0.compactMap { $0.attributeValue() }) }
        case .mapping:
            return mapping().map { .keyValueList($0.entries.compactMap { entry in entry.value.attributeValue().map { Attribute(key: entry.key, value: $0) } }) }
        }
    }

    /// A regular expression.
    func regex(maximumAnswers: Int = CachedRegex.defaultMaximumAnswers) -> CachedRegex? {
        guard let pattern = string(takesAny: true) else { return nil }
        do {
            return try CachedRegex(pattern, maximumAnswers: maximumAnswers)
        } catch {
            mistake("\"\(pattern.prefix(60))\" is no regular expression (\(error))")
            return nil
        }
    }

    /// The conditions of a list, which apply to a level.
    func conditions(_ level: ConditionContext.Level) -> [ConditionExpression] {
        (list() ?? []).compactMap { element in
            guard let text = element.string() else { return nil }
            do throws(ConditionError) {
                return try ConditionParser.condition(text, level: level)
            } catch {
                element.mistake(error.description)
                return nil
            }
        }
    }

    /// How failures of conditions are answered.
    func errorMode() -> ErrorMode? {
        choice(["ignore": .ignore, "silent": .silent, "propagate": .propagate])
    }

    /// A setting that is not there but has to be.
    func missing(_ key: String, expected: String) {
        mistake("has no \(key)", expected: expected)
    }
}

/// What happens when a condition or statement fails for a span.
enum ErrorMode: Sendable {
    /// It is logged, and the next one is tried.
    case ignore
    /// The next one is tried.
    case silent
    /// The spans are refused.
    case propagate
}
