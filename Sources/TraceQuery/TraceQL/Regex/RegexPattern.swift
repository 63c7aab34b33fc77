/// A regular expression of TraceQL: the syntax of Go's RE2, and always about the whole text.
struct RegexPattern: Sendable {
    private enum Plan: Sendable {
        /// The text is one of these.
        case oneOf(Set<String>)
        case exactly(String)
        /// `prefix.*`, `.*suffix`, `.*part.*`, without new lines in the rest when `.` must not match them.
        case hasPrefix(String, allowsNewLines: Bool)
        case hasSuffix(String, allowsNewLines: Bool)
        case contains([UInt8], allowsNewLines: Bool)
        case machine(RegexMatcher)
    }

    /// The most strings for which a look-up is better than the machine.
    private static let maximumStrings = 64

    private let plan: Plan
    /// All strings that match, when they are few.
    let strings: [String]?

    init(_ pattern: String) throws(RegexError) {
        let node = try RegexParser.parse(pattern)
        strings = node.strings(limit: Self.maximumStrings)
        if let strings {
            plan = strings.count == 1 ? .exactly(strings[0]) : .oneOf(Set(strings))
        } else if let simple = Self.simplePlan(node) {
            plan = simple
        } else {
            plan = .machine(RegexMatcher(try RegexProgram(node)))
        }
    }

    func matches(_ text: String) -> Bool {
        switch plan {
        case .exactly(let string): text == string
        case .oneOf(let strings): strings.contains(text)
        case .hasPrefix(let prefix, let allowsNewLines):
            text.utf8.starts(with: prefix.utf8) && (allowsNewLines || !text.utf8.dropFirst(prefix.utf8.count).contains(10))
        case .hasSuffix(let suffix, let allowsNewLines):
            text.utf8.reversed().starts(with: suffix.utf8.reversed()) && (allowsNewLines || !text.utf8.dropLast(suffix.utf8.count).contains(10))
        case .contains(let part, let allowsNewLines): (allowsNewLines || !text.utf8.contains(10)) && Self.contains(text, part)
        case .machine(let matcher): matcher.matches(text)
        }
    }

    private static func simplePlan(_ node: RegexNode) -> Plan? {
        var parts = if case .sequence(let parts) = node { parts } else { [node] }
        var allowsNewLines: Bool?
        /// Takes `.*` away; both ends must treat new lines alike.
        func take(_ part: RegexNode?) -> Bool {
            guard let part, part == .anyLine || part == .anything else { return false }
            let allows = part == .anything
            if let known = allowsNewLines, known != allows { return false }
            allowsNewLines = allows
            return true
        }
        let isOpenAtStart = take(parts.first)
        if isOpenAtStart { parts.removeFirst() }
        let isOpenAtEnd = take(parts.last)
        if isOpenAtEnd { parts.removeLast() }
        guard let allowsNewLines, let strings = RegexNode.sequence(parts).strings(limit: 1), let text = strings.first,
            allowsNewLines || !text.utf8.contains(10)
        else { return nil }
        if isOpenAtStart, isOpenAtEnd { return .contains(Array(text.utf8), allowsNewLines: allowsNewLines) }
        return isOpenAtEnd ? .hasPrefix(text, allowsNewLines: allowsNewLines) : .hasSuffix(text, allowsNewLines: allowsNewLines)
    }

    private static func contains(_ text: String, _ part: [UInt8]) -> Bool {
        guard let first = part.first else { return true }
        var text = text
        return text.withUTF8 { bytes in
            guard bytes.count >= part.count else { return false }
            var start = 0
            let last = bytes.count - part.count
            while start <= last {
                if bytes[start] == first {
                    var length = 1
                    while length < part.count, bytes[start + length] == part[length] { length += 1 }
                    if length == part.count { return true }
                }
                start += 1
            }
            return false
        }
    }
}
