internal import TraceModel
internal import TraceQuery

/// `/api/ui/tail` and `compare`: a selection of a window beside the rest of it, or beside another one.
extension WindowAPI {
    /// A part of a window: when the traces began, and how long they took.
    struct Box {
        var time: ClosedRange<UInt64>
        var duration: ClosedRange<UInt64>
    }

    func tail(_ items: QueryItems) async throws -> [UInt8] {
        let selection = try Self.selection(items)
        guard let selection else {
            throw BadParameter("a selection is required: sel=p99+, sel=<filter or TraceQL>, or a box of t0, t1, d0 and d1")
        }
        let question = try await question(items)
        let features = question.features
        let selected = try await select(selection, question)
        let limit = try WindowRequest.integer(items, "rows", 1...200) ?? 30
        let comparison = TailComparison(features, selected: selected, isIncluded: question.isIncluded, limit: limit)
        return ComparisonJSON.body(comparison, question)
    }

    /// `/api/ui/compare`: two selections, each of which may have a time of its own.
    func compare(_ items: QueryItems) async throws -> [UInt8] {
        let filters = (try Self.parse(items["a"] ?? "", "a"), try Self.parse(items["b"] ?? "", "b"))
        let left = try await side(items, "a", filters.0)
        let right = try await side(items, "b", filters.1)
        let comparison = SelectionComparison(
            SelectionComparison.Selection(left.features, isIncluded: left.isIncluded, batches: left.window.batches),
            SelectionComparison.Selection(right.features, isIncluded: right.isIncluded, batches: right.window.batches)
        )
        return SelectionComparisonJSON.body(comparison, left, right)
    }

    private func side(_ items: QueryItems, _ name: String, _ filter: (TraceFilter?, TraceQLQuery?)) async throws -> Question {
        let own = ["from": items.nonEmpty("\(name).from"), "to": items.nonEmpty("\(name).to"), "cold": ""]
        var question = try await question(items.replacing(own.compactMapValues(\.self)))
        let found = try await select(filter.0, filter.1, question.window)
        for index in question.isIncluded.indices where !found[index] { question.isIncluded[index] = false }
        question.leaveOutCold(items)
        return question
    }

    /// What `sel` and the box of a question select.
    struct Chosen {
        var percentile: Double?
        var filter: TraceFilter?
        var traceQL: TraceQLQuery?
        var box: Box?
    }

    /// - Returns: `nil` when neither `sel` nor a box is given.
    static func selection(_ items: QueryItems) throws -> Chosen? {
        let text = items.nonEmpty("sel")?.trimmingBlanks ?? ""
        var chosen = Chosen(box: try box(items))
        guard !text.isEmpty else { return chosen.box == nil ? nil : chosen }
        if text.hasPrefix("p"), text.hasSuffix("+"), let percentile = Double(text.dropFirst().dropLast()) {
            guard 0..<100 ~= percentile else { throw BadParameter("unable to parse param 'sel': \(text) is not from p0+ to p99.99+") }
            chosen.percentile = percentile
        } else {
            (chosen.filter, chosen.traceQL) = try parse(text, "sel")
        }
        return chosen
    }

    func select(_ chosen: Chosen, _ question: Question) async throws -> [Bool] {
        let features = question.features
        var selected = [Bool](repeating: true, count: features.count)
        if let percentile = chosen.percentile {
            let border = Self.percentile(percentile / 100, features, question.isIncluded)
            for index in 0..<features.count { selected[index] = features.durations[index] >= border }
        } else if chosen.filter != nil || chosen.traceQL != nil {
            selected = try await select(chosen.filter, chosen.traceQL, question.window)
        }
        if let box = chosen.box {
            for index in 0..<features.count where selected[index] {
                selected[index] = box.time.contains(features.startTimes[index]) && box.duration.contains(features.durations[index])
            }
        }
        return selected
    }

    /// The duration that the share of the weighted traces does not exceed, exactly: a sketch would lose traces at its border.
    private static func percentile(_ share: Double, _ features: FeatureTable, _ isIncluded: [Bool]) -> UInt64 {
        let sorted = features.sortedByDuration((0..<features.count).filter { isIncluded[$0] })
        let total = sorted.reduce(0) { $0 + features.weight($1) }
        var seen = 0.0
        for index in sorted {
            seen += features.weight(index)
            if seen > share * total { return features.durations[index] }
        }
        return sorted.last.map { features.durations[$0] } ?? 0
    }

    /// `t0`, `t1`: times; `d0`, `d1`: nanoseconds. Either pair may be missing.
    static func box(_ items: QueryItems) throws(BadParameter) -> Box? {
        guard ["t0", "t1", "d0", "d1"].contains(where: { items.nonEmpty($0) != nil }) else { return nil }
        let (from, to) = (try WindowRequest.time(items, "t0") ?? 0, try WindowRequest.time(items, "t1") ?? .max)
        let (least, most) = (try length(items, "d0") ?? 0, try length(items, "d1") ?? .max)
        guard from <= to, least <= most else { throw BadParameter("the box is empty: t0 is after t1, or d0 above d1") }
        return Box(time: from...to, duration: least...most)
    }

    static func length(_ items: QueryItems, _ name: String) throws(BadParameter) -> UInt64? {
        guard let text = items.nonEmpty(name) else { return nil }
        guard let value = UInt64(text) ?? GoDuration.nanoseconds(text) else {
            throw BadParameter("unable to parse param '\(name)': \"\(text)\" is neither nanoseconds nor a duration such as 80ms")
        }
        return value
    }
}
