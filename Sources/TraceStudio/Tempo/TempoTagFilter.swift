internal import TraceQuery

/// The filter `q` that comes with a question for tags while somebody is still typing: what can be read of it counts.
struct TempoTagFilter {
    let text: String
    let query: TraceQLQuery

    /// `nil` when nothing can be read, or nothing is filtered.
    init?(_ text: String) {
        for candidate in [text, Self.completeConditions(text)] where candidate.contains(where: { !"{} \t\n".contains($0) }) {
            guard let query = try? TraceQLQuery(candidate), !query.isMetrics else { continue }
            self.text = candidate
            self.query = query
            return
        }
        return nil
    }

    /// The conditions `name operator value` that are complete, with `&&` between them; nothing of a text that has `||`.
    private static func completeConditions(_ text: String) -> String {
        guard !text.contains("||") else { return "" }
        let body = text.drop { $0 != "{" }.dropFirst()
        var conditions: [String] = []
        for part in split(body) {
            var condition = part
            while let last = condition.last, last.isWhitespace || last == "}" { condition.removeLast() }
            let candidate = "{ \(condition) }"
            if !condition.allSatisfy(\.isWhitespace), (try? TraceQLQuery(candidate)) != nil { conditions.append(String(condition)) }
        }
        return conditions.isEmpty ? "" : "{ \(conditions.joined(separator: " && ")) }"
    }

    /// At each `&&` that is not within quotes.
    private static func split(_ text: Substring) -> [Substring] {
        var parts: [Substring] = []
        var start = text.startIndex
        var index = start
        var isQuoted = false
        while index < text.endIndex {
            let character = text[index]
            let next = text.index(after: index)
            if isQuoted, character == "\\", next < text.endIndex {
                index = text.index(after: next)
                continue
            }
            if character == "\"" { isQuoted.toggle() }
            if !isQuoted, character == "&", next < text.endIndex, text[next] == "&" {
                parts.append(text[start..<index])
                start = text.index(after: next)
                index = start
                continue
            }
            index = next
        }
        parts.append(text[start...])
        return parts
    }
}
