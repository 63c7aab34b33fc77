/// A value of a file at its place. Whoever asks for a type gets it or `nil`; what is wrong is noted with line, path and what
/// was expected.
///
/// ```swift
/// let mistakes = YAMLMistakes(file: document.file)
/// let root = YAMLReader(document, mistakes: mistakes).mapping(["tracing"])
/// let rate = root?["tracing"]?.mapping(["sample_rate"])?["sample_rate"]?.number(in: 0...1)
/// try mistakes.throwIfAny()
/// ```
///
/// Null gives `nil` without a mistake: in every type's place it means "not set".
package struct YAMLReader {
    package let value: YAMLValue
    /// The keys down to here, as in `tracing.otlp.headers[0]`.
    package let path: String
    package let mistakes: YAMLMistakes
    package let dialect: YAMLDialect
    /// The value never appears in a message.
    private(set) var isSecret = false

    /// The root of a file; an empty file is null.
    package init(_ document: YAMLDocument, mistakes: YAMLMistakes, dialect: YAMLDialect = .core) {
        self.init(value: document.root ?? YAMLValue(content: .scalar("", isPlain: true), line: 1), path: "", mistakes: mistakes, dialect: dialect)
    }

    private init(value: YAMLValue, path: String, mistakes: YAMLMistakes, dialect: YAMLDialect) {
        self.value = value
        self.path = path
        self.mistakes = mistakes
        self.dialect = dialect
    }

    package var line: Int { value.line }

    /// The same, for values that nobody should read in a log.
    package var secret: YAMLReader {
        var copy = self
        copy.isSecret = true
        return copy
    }

    /// Notes a mistake of this value.
    package func mistake(_ what: String, expected: String? = nil, didYouMean: String? = nil) {
        mistakes.add(line: line, path: path, what, expected: expected, didYouMean: didYouMean)
    }

    // MARK: Scalars

    /// The text with everything put in, and whether it may be something else than text.
    private var scalar: (text: String, isPlain: Bool)? {
        guard case .scalar(let text, let isPlain) = value.content else { return nil }
        return (dialect.substitute?(text, self) ?? text, isPlain)
    }

    package var isNull: Bool {
        guard let scalar else { return false }
        return scalar.isPlain && YAMLScalar.isNull(scalar.text)
    }

    /// Text.
    ///
    /// - Parameter takesAny: numbers and booleans count as the text they are written as.
    package func string(takesAny: Bool = false) -> String? {
        guard !isNull else { return nil }
        guard let scalar, takesAny || !scalar.isPlain || !isTyped(scalar.text) else {
            wrongType("text" + (scalar == nil ? "" : " (in quotes)"))
            return nil
        }
        return scalar.text
    }

    package func integer(in range: ClosedRange<Int> = .min ... .max) -> Int? {
        let expected = "a whole number" + Self.text(of: range)
        guard let text = typedText(expected) else { return nil }
        guard let number = YAMLScalar.integer(text) else {
            wrongType(expected)
            return nil
        }
        return checked(number, in: range, expected)
    }

    package func number(in range: ClosedRange<Double> = -.greatestFiniteMagnitude ... .greatestFiniteMagnitude) -> Double? {
        let isBounded = range.lowerBound > -.greatestFiniteMagnitude || range.upperBound < .greatestFiniteMagnitude
        let expected = "a number" + (isBounded ? " from \(Self.short(range.lowerBound)) to \(Self.short(range.upperBound))" : "")
        guard let text = typedText(expected) else { return nil }
        guard let number = YAMLScalar.number(text) else {
            wrongType(expected)
            return nil
        }
        return checked(number, in: range, expected)
    }

    package func boolean() -> Bool? {
        let expected = "true or false"
        guard let text = typedText(expected) else { return nil }
        guard let value = YAMLScalar.boolean(text, allowsYesNo: dialect.allowsYesNo) else {
            wrongType(expected)
            return nil
        }
        return value
    }

    /// One of some names, in any letter case.
    package func choice<Value>(_ choices: KeyValuePairs<String, Value>) -> Value? {
        guard !isNull else { return nil }
        let expected = "one of " + choices.map(\.key).joined(separator: ", ")
        guard let scalar else {
            wrongType(expected)
            return nil
        }
        let name = scalar.text.lowercased()
        if let choice = choices.first(where: { $0.key.lowercased() == name }) { return choice.value }
        mistake("\(shown) is not known", expected: expected, didYouMean: NearName.of(scalar.text, among: choices.map(\.key)).map { "\"\($0)\"" })
        return nil
    }

    // MARK: Collections

    /// The values of a list.
    package func list() -> [YAMLReader]? {
        guard !isNull else { return nil }
        guard case .list(let values) = value.content else {
            wrongType("a list")
            return nil
        }
        return values.enumerated().map { index, value in child(value, "[\(index)]") }
    }

    /// A mapping with known keys; others are mistakes.
    ///
    /// - Parameter hint: what to tell of an unknown key that is not a slip of the fingers, for instance where it belongs.
    package func mapping(_ keys: [String], hint: (String) -> String? = { _ in nil }) -> YAMLMapping? {
        guard let mapping = mapping() else { return nil }
        for entry in mapping.entries where !keys.contains(entry.key) {
            let near = NearName.of(entry.key, among: keys).map { "\"\($0)\"" } ?? hint(entry.key)
            let expected = keys.isEmpty ? "no keys" : (keys.count == 1 ? "" : "one of ") + keys.joined(separator: ", ")
            mistakes.add(line: entry.line, path: entry.value.path, "unknown key", expected: expected, didYouMean: near)
        }
        return mapping
    }

    /// A mapping with any keys.
    package func mapping() -> YAMLMapping? {
        guard !isNull else { return nil }
        guard case .mapping(let entries) = value.content else {
            wrongType("a mapping (indented \"key: value\" lines)")
            return nil
        }
        return YAMLMapping(
            entries: entries.map { entry in
                YAMLMapping.Entry(key: entry.key, line: entry.line, value: child(entry.value, path.isEmpty ? entry.key : "." + entry.key))
            }
        )
    }

    private func child(_ value: YAMLValue, _ step: String) -> YAMLReader {
        var reader = YAMLReader(value: value, path: path + step, mistakes: mistakes, dialect: dialect)
        reader.isSecret = isSecret
        return reader
    }

    // MARK: What is wrong

    /// The text of a value that should be a number or a boolean; `nil` for null and, with a mistake, for what can be neither.
    private func typedText(_ expected: String) -> String? {
        guard !isNull else { return nil }
        guard let scalar, scalar.isPlain || dialect.allowsQuotes else {
            wrongType(expected)
            return nil
        }
        return scalar.text
    }

    private func isTyped(_ text: String) -> Bool {
        YAMLScalar.number(text) != nil || YAMLScalar.boolean(text, allowsYesNo: dialect.allowsYesNo) != nil
    }

    private func checked<Number: Comparable>(_ number: Number, in range: ClosedRange<Number>, _ expected: String) -> Number? {
        guard range.contains(number) else {
            mistake("\(shown) is out of range", expected: expected)
            return nil
        }
        return number
    }

    private func wrongType(_ expected: String) { mistake("is \(kind)", expected: expected) }

    /// What the value is, for messages.
    private var kind: String {
        switch value.content {
        case .mapping: return "a mapping"
        case .list: return "a list"
        case .scalar:
            guard let scalar else { return "nothing" }
            guard scalar.isPlain else { return "the text \(shown)" }
            if YAMLScalar.isNull(scalar.text) { return "null" }
            if YAMLScalar.boolean(scalar.text, allowsYesNo: dialect.allowsYesNo) != nil { return "the boolean \(shown)" }
            return (YAMLScalar.number(scalar.text) == nil ? "the text " : "the number ") + shown
        }
    }

    /// The value as a message may show it: short, in quotes, and not when it is a secret.
    private var shown: String {
        guard !isSecret else { return "(not shown)" }
        guard let scalar else { return "" }
        return "\"" + scalar.text.prefix(Self.maximumShownLength) + (scalar.text.count > Self.maximumShownLength ? "…" : "") + "\""
    }

    /// Characters of a value in a message.
    private static let maximumShownLength = 60

    private static func text(of range: ClosedRange<Int>) -> String {
        switch (range.lowerBound, range.upperBound) {
        case (.min, .max): ""
        case (let low, .max): " of at least \(low)"
        case (.min, let high): " of at most \(high)"
        case (let low, let high): " from \(low) to \(high)"
        }
    }

    /// "1", not "1.0".
    private static func short(_ number: Double) -> String { Int(exactly: number).map(String.init) ?? String(number) }
}
