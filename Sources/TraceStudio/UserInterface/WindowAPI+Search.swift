internal import JSONCoding
internal import TraceModel
internal import TraceQuery

/// `/api/ui/search`: the traces of a window, sorted, in pages.
extension WindowAPI {
    private enum Order: String, CaseIterable {
        case start, duration, queue, wait, spans, errors, ttft
    }

    func search(_ items: QueryItems) async throws -> [UInt8] {
        let question = try await question(items)
        let features = question.features
        let sort = items.nonEmpty("sort") ?? "start"
        guard let order = Order(rawValue: sort) else {
            throw BadParameter("unable to parse param 'sort': \"\(sort)\" is none of \(Order.allCases.map(\.rawValue).joined(separator: ", "))")
        }
        let direction = items.nonEmpty("order") ?? "desc"
        guard direction == "desc" || direction == "asc" else { throw BadParameter("unable to parse param 'order': \"\(direction)\" is neither asc nor desc") }
        let rows = try WindowRequest.integer(items, "rows", 1...200) ?? 50
        func value(_ index: Int) -> Double {
            switch order {
            case .start: Double(features.startTimes[index])
            case .duration: Double(features.durations[index])
            case .queue: Double(features.time(.queue, index))
            case .wait: features.waitShare(index)
            case .spans: Double(features.spanCounts[index])
            case .errors: Double(features.errorCounts[index])
            case .ttft: features.timeToFirstToken(index).map(Double.init) ?? -1
            }
        }
        let keyed = (0..<features.count).filter { question.isIncluded[$0] }.map { (value($0), features.startTimes[$0], $0) }
        let sorted = keyed.sorted { left, right in
            if left.0 != right.0 { return direction == "asc" ? left.0 < right.0 : left.0 > right.0 }
            if left.1 != right.1 { return left.1 > right.1 }
            return features.traceIDs[left.2] < features.traceIDs[right.2]
        }.map(\.2)
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
        let weighted = sorted.reduce(0) { $0 + features.weight($1) }
        return JSONWriter.document(reserving: 512 * page.count + 1024) { writer in
            Self.writeScope(question, to: &writer)
            writer.array("rows", page) { FeatureRowJSON.write($1, features, to: &$0) }
            writer.field("matched", sorted.count)
            writer.field("weighted", weighted)
            // What the whole window has, by the part that was read.
            let share = Double(question.window.estimatedCount) / Double(max(features.count, 1))
            writer.field("estimate", (weighted * max(share, 1)).rounded())
            if first + page.count < sorted.count, let last = page.last { writer.field("cursor", "\(features.traceIDs[last])") }
            if sorted.isEmpty, let filter = question.filter {
                writer.array("terms", features.counts(filter)) { writer, term in
                    writer.object {
                        $0.field("term", term.term)
                        $0.field("matches", term.count)
                    }
                }
            }
        }
    }
}
