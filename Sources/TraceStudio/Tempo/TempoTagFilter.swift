internal import TraceQuery

/// The filter `q` that comes with a question for tags while somebody is still typing: what can be read of it counts.
struct TempoTagFilter {
    let text: String
    let query: TraceQLQuery

    /// `nil` when nothing can be read, or nothing is filtered.
    init?(_ text: String) {
        // The whole query, which may relate spans, or what is complete of its conditions.
        for candidate in [text, TraceQLSpanFilter.readablePart(of: text) ?? ""] where candidate.contains(where: { !"{} \t\n".contains($0) }) {
            guard let query = try? TraceQLQuery(candidate), !query.isMetrics else { continue }
            self.text = candidate
            self.query = query
            return
        }
        return nil
    }
}
