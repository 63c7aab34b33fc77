internal import TraceModel

/// Tells which of the traces found again and again are new and complete.
struct TraceFollower {
    /// Traces looked at in one search.
    static let searchLimit = 500
    /// Traces that began longer ago are taken for shown: how long a trace may wait for its last span.
    static let window: UInt64 = 60_000_000_000
    /// Ids remembered; more than this many a window are not followed one by one.
    private static let maximumRemembered = 100_000

    private let start: UInt64
    private var lastSpanCounts: [TraceID: Int] = [:]
    private var shown: [TraceID: UInt64] = [:]

    /// - Parameter start: Older traces are not shown; nanoseconds since the Unix epoch.
    init(start: UInt64) {
        self.start = start
    }

    /// Where the next search begins.
    func windowStart(now: UInt64) -> UInt64 { max(start, now - min(Self.window, now)) }

    /// - Parameters:
    ///   - rows: What a search found.
    ///   - known: Those to which nothing came for a moment, as the back end says.
    /// - Returns: Those, and the ones that did not grow since the search before, each once, oldest first.
    mutating func settled(_ rows: [TraceRow], known: Set<TraceID> = []) -> [TraceRow] {
        var news: [TraceRow] = []
        var counts: [TraceID: Int] = [:]
        for row in rows where row.startTime >= start && shown[row.traceID] == nil {
            if known.contains(row.traceID) || lastSpanCounts[row.traceID] == row.spanCount { news.append(row) } else { counts[row.traceID] = row.spanCount }
        }
        lastSpanCounts = counts
        for row in news { shown[row.traceID] = row.startTime }
        forget()
        return news.sorted { $0.startTime < $1.startTime }
    }

    /// Forgets what no later search finds again.
    private mutating func forget() {
        guard shown.count > Self.searchLimit * 4, let newest = shown.values.max() else { return }
        shown = shown.filter { $0.value &+ 2 &* Self.window > newest }
        if shown.count > Self.maximumRemembered { shown = Dictionary(uniqueKeysWithValues: shown.sorted { $0.value > $1.value }.prefix(Self.maximumRemembered / 2).map { ($0.key, $0.value) }) }
    }
}
