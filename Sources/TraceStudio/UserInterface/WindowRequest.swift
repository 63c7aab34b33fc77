internal import TraceModel
internal import TraceQuery

/// The parameters that all questions about a window of time share: `from`, `to`, `lookback`, `limit`, `q`.
struct WindowRequest {
    /// A window begins and ends on whole steps, so that a page's questions of one moment share what was read for them.
    static let step: UInt64 = 1_000_000_000
    static let defaultLookback: UInt64 = 3_600_000_000_000

    var startTime: ClosedRange<UInt64>
    /// Traces to read at most.
    var limit: Int
    var query: String

    /// - Parameter now: Nanoseconds since the Unix epoch.
    init(_ items: QueryItems, now: UInt64) throws(BadParameter) {
        let end = try Self.time(items, "to") ?? Self.ceiling(now)
        var start = try Self.time(items, "from")
        if start == nil, let text = items.nonEmpty("lookback") {
            guard let length = GoDuration.nanoseconds(text) else {
                throw BadParameter("unable to parse param 'lookback': \"\(text)\" is not a duration such as 15m, 1h or 2d")
            }
            start = end - min(length, end)
        }
        let from = start ?? end - min(Self.defaultLookback, end)
        guard from <= end else { throw BadParameter("'to' should not be before 'from'") }
        startTime = from...end
        limit = try Self.integer(items, "limit", 1...TraceWindow.maximumLimit) ?? TraceWindow.defaultLimit
        query = items["q"]?.trimmingBlanks ?? ""
    }

    private static func ceiling(_ time: UInt64) -> UInt64 {
        let (sum, overflow) = (time / step).multipliedReportingOverflow(by: step)
        return overflow ? time : sum.addingReportingOverflow(step).partialValue
    }

    /// Unix time in nanoseconds, microseconds, milliseconds or seconds, told apart by its size (from 1973 on).
    static func time(_ items: QueryItems, _ name: String) throws(BadParameter) -> UInt64? {
        guard let text = items.nonEmpty(name) else { return nil }
        guard let value = UInt64(text) else {
            throw BadParameter("unable to parse param '\(name)': \"\(text)\" is not a Unix time in seconds, milliseconds, microseconds or nanoseconds")
        }
        switch value {
        case 0: return 0
        case ..<100_000_000_000: return value * 1_000_000_000
        case ..<100_000_000_000_000: return value * 1_000_000
        case ..<100_000_000_000_000_000: return value * 1_000
        default: return value
        }
    }

    static func integer(_ items: QueryItems, _ name: String, _ range: ClosedRange<Int>) throws(BadParameter) -> Int? {
        guard let text = items.nonEmpty(name) else { return nil }
        guard let value = Int(text), range.contains(value) else {
            throw BadParameter("unable to parse param '\(name)': \"\(text)\" is not a whole number from \(range.lowerBound) to \(range.upperBound)")
        }
        return value
    }
}

extension String {
    /// Without blanks at both ends.
    var trimmingBlanks: String {
        let head = drop { $0.isWhitespace }
        guard let last = head.lastIndex(where: { !$0.isWhitespace }) else { return "" }
        return String(head[...last])
    }
}
