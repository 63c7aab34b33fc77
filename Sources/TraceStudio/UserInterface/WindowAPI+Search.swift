internal import JSONCoding
internal import TraceModel
internal import TraceQuery

/// `/api/ui/search`, `points` and `export`: the traces of a window that a query and a box let through.
extension WindowAPI {
    private enum Order: String, CaseIterable {
        case start, duration, queue, wait, spans, errors, ttft
    }

    /// Points of one picture, and traces of one file, at most.
    static let maximumDots = 2_000
    static let maximumExportedTraces = 1_000

    func search(_ items: QueryItems) async throws -> [UInt8] {
        let question = try await question(items)
        let box = try Self.box(items)
        let features = question.features
        let sorted = try Self.sorted(question, box, items)
        let rows = try WindowRequest.integer(items, "rows", 1...200) ?? 50
        // The cursor is the last row's trace: it stays right when newer traces come.
        var first = 0
        if let cursor = items.nonEmpty("cursor") {
            let id = try SearchRequest.traceID(cursor)
            guard let place = sorted.firstIndex(where: { features.traceIDs[$0] == id }) else {
                throw APIError(status: 410, message: "the trace of the cursor is no longer in the result: start again without a cursor")
            }
            first = place + 1
        }
        let page = sorted.dropFirst(first).prefix(rows)
        let weights = sorted.map(features.weight)
        let weighted = weights.reduce(0, +)
        return JSONWriter.document(reserving: 512 * page.count + 1024) { writer in
            Self.writeScope(question, to: &writer)
            writer.array("rows", page) { FeatureRowJSON.write($1, features, to: &$0) }
            writer.field("matched", sorted.count)
            writer.field("weighted", weighted)
            writer.field("leastWeight", weights.min())
            writer.field("mostWeight", weights.max())
            // What the whole window has, by the part that was read.
            let share = Double(question.window.estimatedCount) / Double(max(features.count, 1))
            writer.field("estimate", (weighted * max(share, 1)).rounded())
            if first + page.count < sorted.count, let last = page.last { writer.field("cursor", "\(features.traceIDs[last])") }
            guard let filter = question.filter else { return }
            Self.write(features.misspellings(filter), to: &writer)
            if sorted.isEmpty { Self.writeTerms(of: filter, question, box, to: &writer) }
        }
    }

    /// The newest ones as `[start in µs since `from`, duration in ns, spans, errors, weight]`, with their ids beside.
    func points(_ items: QueryItems) async throws -> [UInt8] {
        let question = try await question(items)
        let features = question.features
        let sorted = try Self.sorted(question, try Self.box(items), items)
        let limit = try WindowRequest.integer(items, "rows", 1...Self.maximumDots) ?? Self.maximumDots
        let shown = sorted.prefix(limit)
        return JSONWriter.document(reserving: 100 * shown.count + 1024) { writer in
            Self.writeScope(question, to: &writer)
            writer.field("matched", sorted.count)
            writer.array("points", shown) { writer, index in
                writer.beginArray()
                writer.uint((features.startTimes[index] - min(question.window.startTime.lowerBound, features.startTimes[index])) / 1000)
                writer.uint(features.durations[index])
                writer.uint(UInt64(features.spanCounts[index]))
                writer.uint(UInt64(features.errorCounts[index]))
                writer.number(features.weight(index))
                writer.endArray()
            }
            writer.ids("ids", shown.map { features.traceIDs[$0] })
        }
    }

    /// The traces for a file: those that a page of the search would show, and more of them.
    func foundTraces(_ items: QueryItems) async throws -> [TraceID] {
        let question = try await question(items)
        let limit = try WindowRequest.integer(items, "rows", 1...Self.maximumExportedTraces) ?? Self.maximumExportedTraces
        return try Self.sorted(question, try Self.box(items), items).prefix(limit).map { question.features.traceIDs[$0] }
    }

    /// What the query and the box let through, in the order that `sort` and `order` say; equal ones by start, then id.
    private static func sorted(_ question: Question, _ box: Box?, _ items: QueryItems) throws(BadParameter) -> [Int] {
        let features = question.features
        let sort = items.nonEmpty("sort") ?? "start"
        guard let order = Order(rawValue: sort) else {
            throw BadParameter("unable to parse param 'sort': \"\(sort)\" is none of \(Order.allCases.map(\.rawValue).joined(separator: ", "))")
        }
        let direction = items.nonEmpty("order") ?? "desc"
        guard direction == "desc" || direction == "asc" else { throw BadParameter("unable to parse param 'order': \"\(direction)\" is neither asc nor desc") }
        func value(_ index: Int) -> Double {
            switch order {
            case .start: Double(features.startTimes[index])
            case .duration: Double(features.durations[index])
            case .queue: Double(features.time(.queue, index))
            case .wait: features.waitShare(index)
            case .spans: Double(features.spanCounts[index])
            case .errors: Double(features.errorCounts[index])
            case .ttft: features.timeToFirstToken(index).map { Double($0) } ?? -1
            }
        }
        let keyed = (0..<features.count).filter { question.isIncluded[$0] && isIn(box, $0, features) }.map { (value($0), features.startTimes[$0], $0) }
        return keyed.sorted { left, right in
            if left.0 != right.0 { return direction == "asc" ? left.0 < right.0 : left.0 > right.0 }
            if left.1 != right.1 { return left.1 > right.1 }
            return features.traceIDs[left.2] < features.traceIDs[right.2]
        }.map(\.2)
    }

    static func isIn(_ box: Box?, _ index: Int, _ features: FeatureTable) -> Bool {
        guard let box else { return true }
        return box.time.contains(features.startTimes[index]) && box.duration.contains(features.durations[index])
    }

    /// Why nothing was found: how many each term lets through by itself, and how many there were without it.
    private static func writeTerms(of filter: TraceFilter, _ question: Question, _ box: Box?, to writer: inout JSONWriter) {
        let features = question.features
        func count(_ terms: [TraceFilter.Term], _ box: Box?) -> Int {
            let isIncluded = features.select(TraceFilter(terms: terms))
            return (0..<features.count).count { isIncluded[$0] && isIn(box, $0, features) }
        }
        writer.array("terms", filter.terms.enumerated()) { writer, term in
            var others = filter.terms
            others.remove(at: term.offset)
            writer.object {
                $0.field("term", term.element.text)
                $0.field("matches", count([term.element], nil))
                $0.field("without", count(others, box))
            }
        }
        if box != nil { writer.field("withoutBox", count(filter.terms, nil)) }
    }

    private static func write(_ misspellings: [FeatureTable.Misspelling], to writer: inout JSONWriter) {
        if misspellings.isEmpty { return }
        writer.array("misspelt", misspellings) { writer, one in
            writer.object {
                $0.field("term", one.term)
                $0.field("message", one.message)
                $0.field("column", one.column)
                $0.field("length", one.length)
                $0.field("suggestion", nonEmpty: one.suggestion)
            }
        }
    }
}
