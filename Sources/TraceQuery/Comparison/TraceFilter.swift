internal import TraceModel

/// The page's filter: `service:triton model:bert_* duration>80ms -host:gpu-07 "free text"`. All terms must hold.
///
/// Fields are service, operation, model, version, server, host, status, error.group, trace, duration, any stage, batch, ttft, itl, tokens.in, tokens.out,
/// spans, errors, wait (a percentage of the duration), cold and cache; every other name is an attribute's key, with or without the kind of span before it.
public struct TraceFilter: Hashable, Sendable {
    /// A term cannot be read.
    public struct Problem: Error, Hashable, Sendable {
        public var message: String
        /// Characters from the start, from 1, and how many.
        public var column: Int
        public var length: Int
        /// The term as it may have been meant.
        public var suggestion: String?
    }

    enum Comparison: String, Hashable, Sendable {
        case matches = ":"
        case equal = "="
        case notEqual = "!="
        case less = "<"
        case lessOrEqual = "<="
        case greater = ">"
        case greaterOrEqual = ">="
    }

    /// One condition.
    public struct Term: Hashable, Sendable {
        /// As it was written, the minus included.
        public var text: String
        /// Where it stands: characters from the start, from 1.
        public var column: Int
        var isNegated: Bool
        /// Empty for free text.
        var field: String
        var comparison: Comparison
        var value: String
        /// Nanoseconds, or a plain number.
        var number: Double?

        /// The term with another name or value.
        func with(field: String? = nil, value: String? = nil) -> String {
            let value = value ?? self.value
            let isPlain = !value.isEmpty && !value.contains { $0.isWhitespace || $0 == "\"" }
            return (isNegated ? "-" : "") + (field ?? self.field) + comparison.rawValue + (isPlain ? value : "\"" + value.filter { $0 != "\"" } + "\"")
        }
    }

    public let terms: [Term]
    /// Terms of a filter, and bytes, at most.
    static let maximumTerms = 32
    static let maximumLength = 2_000

    public init(terms: [Term]) {
        self.terms = terms
    }

    public init(_ text: String) throws(Problem) {
        guard text.utf8.count <= Self.maximumLength else {
            throw Problem(message: "the filter is longer than \(Self.maximumLength) bytes", column: 1, length: text.count)
        }
        var terms: [Term] = []
        let characters = Array(text)
        var index = 0
        while true {
            while index < characters.count, characters[index].isWhitespace { index += 1 }
            guard index < characters.count else { break }
            let start = index
            var isQuoted = false
            while index < characters.count, isQuoted || !characters[index].isWhitespace {
                if characters[index] == "\"" { isQuoted.toggle() }
                index += 1
            }
            guard !isQuoted else { throw Problem(message: "the quote is not closed", column: start + 1, length: index - start) }
            guard terms.count < Self.maximumTerms else {
                throw Problem(message: "more than \(Self.maximumTerms) terms", column: start + 1, length: index - start)
            }
            terms.append(try Self.term(String(characters[start..<index]), column: start + 1))
        }
        self.terms = terms
    }

    static let numberFields: Set = ["batch", "tokens.in", "tokens.out", "spans", "errors", "wait"]
    static let timeFields: Set<String> = Set(["duration", "ttft", "itl"] + Stage.allCases.map(\.rawValue))
    static let textFields: Set = ["service", "operation", "name", "root", "model", "version", "server", "host", "status", "error.group", "trace", "cold", "cache"]

    /// Whether a field is compared with a number or a duration.
    public static func isCompared(_ field: String) -> Bool { numberFields.contains(field) || timeFields.contains(field) }

    private static func term(_ text: String, column: Int) throws(Problem) -> Term {
        let problem = { (message: String, suggestion: String?) in Problem(message: message, column: column, length: text.count, suggestion: suggestion) }
        let isNegated = text.hasPrefix("-") && text.count > 1
        let body = isNegated ? text.dropFirst() : text[...]
        let quoted = body.hasPrefix("\"")
        guard !quoted, let (field, comparison, rest) = split(body) else {
            let value = unquoted(body)
            guard !value.isEmpty else { throw problem("an empty term", nil) }
            return Term(text: text, column: column, isNegated: isNegated, field: "", comparison: .matches, value: value, number: nil)
        }
        let value = unquoted(rest)
        guard !field.isEmpty else { throw problem("the name before \"\(comparison.rawValue)\" is missing, as in model:bert", nil) }
        guard !value.isEmpty else { throw problem("the value after \"\(comparison.rawValue)\" is missing, as in \(field)\(comparison.rawValue)…", nil) }
        var term = Term(text: text, column: column, isNegated: isNegated, field: field, comparison: comparison, value: value, number: nil)
        if timeFields.contains(field) {
            term.number = duration(value)
            guard term.number != nil else { throw problem("\"\(value)\" is not a duration such as 80ms, 1.5s or 200us", durationMeant(value).map { term.with(value: $0) }) }
        } else if numberFields.contains(field) {
            term.number = Double(value.hasSuffix("%") ? value.dropLast() : value[...])
            guard term.number != nil else { throw problem("\"\(value)\" is not a number", nil) }
        } else if comparison != .matches, comparison != .equal, comparison != .notEqual {
            if textFields.contains(field) {
                term.comparison = .matches
                throw problem("\(field) is text: write \(term.with())", term.with())
            }
            term.number = Double(value) ?? duration(value)
            guard term.number != nil else {
                // A field that is compared with a duration was meant, more likely than an attribute.
                let meant = Spelling.closest(to: field, among: timeFields.union(numberFields))
                throw problem("\"\(value)\" is not a number", meant.map { term.with(field: $0) })
            }
        } else {
            term.number = Double(value)
        }
        if let allowed = wordValues[field], !allowed.contains(value) {
            throw problem("\(field) is \(allowed[0]) or \(allowed[1]), not \"\(value)\"", Spelling.closest(to: value, among: allowed).map { term.with(value: $0) })
        }
        return term
    }

    /// Fields with few values.
    private static let wordValues = ["status": ["error", "ok", "unset"], "cold": ["true", "false"], "cache": ["hit", "miss", "true", "false"]]

    /// A duration with its unit written otherwise: `80sm`, `20 msec`, `1.5seconds`.
    private static func durationMeant(_ text: String) -> String? {
        let number = text.prefix { $0.isNumber || $0 == "." }
        let unit = String(text[number.endIndex...].filter { !$0.isWhitespace }).lowercased()
        guard !number.isEmpty, Double(number) != nil, !unit.isEmpty else { return nil }
        let words = ["ns": ["nsec", "nanos", "nanoseconds"], "us": ["usec", "micros", "microseconds"], "ms": ["msec", "millis", "milliseconds", "sm"], "s": ["sec", "secs", "second", "seconds"], "m": ["mins", "minute", "minutes"], "h": ["hr", "hour", "hours"]]
        return words.first { $0.key == unit || $0.value.contains(unit) }.map { number + $0.key }
    }

    private static func split(_ body: Substring) -> (field: String, comparison: Comparison, rest: Substring)? {
        guard let place = body.firstIndex(where: { ":=<>!".contains($0) }) else { return nil }
        let field = String(body[..<place])
        let rest = body[place...]
        for comparison in [Comparison.notEqual, .lessOrEqual, .greaterOrEqual, .matches, .equal, .less, .greater] where rest.hasPrefix(comparison.rawValue) {
            return (field, comparison, rest.dropFirst(comparison.rawValue.count))
        }
        return nil
    }

    private static func unquoted(_ text: Substring) -> String {
        text.count >= 2 && text.hasPrefix("\"") && text.hasSuffix("\"") ? String(text.dropFirst().dropLast()) : text.filter { $0 != "\"" }
    }

    /// Nanoseconds of `80ms`, `1.5s`, `200us`; a plain number is milliseconds.
    static func duration(_ text: String) -> Double? {
        let number = text.prefix { $0.isNumber || $0 == "." || $0 == "-" }
        guard let value = Double(number), value >= 0, value < 1e15 else { return nil }
        switch text[number.endIndex...] {
        case "ns": return value
        case "us", "µs", "μs": return value * 1e3
        case "ms", "": return value * 1e6
        case "s": return value * 1e9
        case "m", "min": return value * 60e9
        case "h": return value * 3600e9
        default: return nil
        }
    }

    /// Whether a text is like a pattern in which `*` stands for anything.
    static func isLike(_ text: String, _ pattern: String) -> Bool {
        guard pattern.contains("*") else { return text == pattern }
        let text = Array(text.utf8)
        let pattern = Array(pattern.utf8)
        var (at, in_, star, mark) = (0, 0, -1, 0)
        while at < text.count {
            if in_ < pattern.count, pattern[in_] == UInt8(ascii: "*") {
                star = in_
                mark = at
                in_ += 1
            } else if in_ < pattern.count, pattern[in_] == text[at] {
                at += 1
                in_ += 1
            } else if star >= 0 {
                mark += 1
                at = mark
                in_ = star + 1
            } else {
                return false
            }
        }
        return pattern[in_...].allSatisfy { $0 == UInt8(ascii: "*") }
    }
}
