internal import TraceModel
internal import TraceQuery

/// `/api/ui/tail`: a selection of a window beside the rest of it.
extension WindowAPI {
    func tail(_ items: QueryItems) async throws -> [UInt8] {
        let text = items.nonEmpty("sel")?.trimmingBlanks ?? ""
        let box = try Self.box(items)
        guard !text.isEmpty || box != nil else {
            throw BadParameter("a selection is required: sel=p99+, sel=<filter or TraceQL>, or a box of t0, t1, d0 and d1")
        }
        let percentile = text.hasPrefix("p") && text.hasSuffix("+") ? Double(text.dropFirst().dropLast()) : nil
        if let percentile, !(0..<100 ~= percentile) { throw BadParameter("unable to parse param 'sel': \(text) is not from p0+ to p99.99+") }
        let parsed = percentile == nil ? try Self.parse(text, "sel") : (nil, nil)
        let question = try await question(items)
        let features = question.features
        var selected = [Bool](repeating: true, count: features.count)
        if let percentile {
            let border = Self.percentile(percentile / 100, features, question.isIncluded)
            for index in 0..<features.count { selected[index] = features.durations[index] >= border }
        } else if !text.isEmpty {
            selected = try await select(parsed.0, parsed.1, question.window)
        }
        if let box {
            for index in 0..<features.count where selected[index] {
                selected[index] = box.time.contains(features.startTimes[index]) && box.duration.contains(features.durations[index])
            }
        }
        let limit = try WindowRequest.integer(items, "rows", 1...200) ?? 30
        let comparison = TailComparison(features, selected: selected, isIncluded: question.isIncluded, limit: limit)
        return ComparisonJSON.body(comparison, question)
    }

    /// The duration that the share of the weighted traces does not exceed, exactly: a sketch would lose traces at its border.
    private static func percentile(_ share: Double, _ features: FeatureTable, _ isIncluded: [Bool]) -> UInt64 {
        let sorted = (0..<features.count).filter { isIncluded[$0] }.sorted { features.durations[$0] < features.durations[$1] }
        let total = sorted.reduce(0) { $0 + features.weight($1) }
        var seen = 0.0
        for index in sorted {
            seen += features.weight(index)
            if seen > share * total { return features.durations[index] }
        }
        return sorted.last.map { features.durations[$0] } ?? 0
    }

    /// `t0`, `t1`: times; `d0`, `d1`: nanoseconds. Either pair may be missing.
    private static func box(_ items: QueryItems) throws(BadParameter) -> (time: ClosedRange<UInt64>, duration: ClosedRange<UInt64>)? {
        guard ["t0", "t1", "d0", "d1"].contains(where: { items.nonEmpty($0) != nil }) else { return nil }
        func length(_ name: String) throws(BadParameter) -> UInt64? {
            guard let text = items.nonEmpty(name) else { return nil }
            guard let value = UInt64(text) ?? GoDuration.nanoseconds(text) else {
                throw BadParameter("unable to parse param '\(name)': \"\(text)\" is neither nanoseconds nor a duration such as 80ms")
            }
            return value
        }
        let (from, to) = (try WindowRequest.time(items, "t0") ?? 0, try WindowRequest.time(items, "t1") ?? .max)
        let (least, most) = (try length("d0") ?? 0, try length("d1") ?? .max)
        guard from <= to, least <= most else { throw BadParameter("the box is empty: t0 is after t1, or d0 above d1") }
        return (from...to, least...most)
    }
}
