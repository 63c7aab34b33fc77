internal import JSONCoding
internal import TraceModel
internal import TraceQuery
internal import TraceStore

/// Questions about many traces: everything below `/api/ui` that takes a window of time. See docs/ui-api.md.
struct WindowAPI: Sendable {
    let store: any TraceStore
    let cache: WindowCache
    /// Nanoseconds since the Unix epoch.
    let clock: @Sendable () -> UInt64

    /// A window with what the query lets through.
    struct Question {
        var request: WindowRequest
        var window: TraceWindow
        var isIncluded: [Bool]
        /// The query as a filter of our own; `nil` for TraceQL.
        var filter: TraceFilter?

        var features: FeatureTable { window.features }
    }

    func answer(_ name: String, _ items: QueryItems) async throws -> [UInt8]? {
        switch name {
        case "search": try await search(items)
        case "heatmap": try await heatmap(items)
        case "tail": try await tail(items)
        case "models": try await models(items)
        case "batches": try await batches(items)
        case "lanes": try await lanes(items)
        case "map": try await map(items)
        case "errors": try await errors(items)
        case "llm": try await languageModels(items)
        default: nil
        }
    }

    func question(_ items: QueryItems) async throws -> Question {
        let request = try WindowRequest(items, now: clock())
        // A query that cannot be read is refused before anything is read for it.
        let (filter, traceQL) = try Self.parse(request.query, "q")
        let window = try await cache.window(request.startTime, limit: request.limit)
        let isIncluded = try await select(filter, traceQL, window)
        return Question(request: request, window: window, isIncluded: isIncluded, filter: filter)
    }

    /// Our own filter, or TraceQL when it begins with a brace.
    private static func parse(_ text: String, _ name: String) throws -> (TraceFilter?, TraceQLQuery?) {
        if text.hasPrefix("{") || text.hasPrefix("(") {
            do {
                return (nil, try TraceQLQuery(text))
            } catch {
                throw BadParameter("unable to parse param '\(name)': \(error)", line: error.line, column: error.column, length: 1)
            }
        }
        do {
            return (try TraceFilter(text), nil)
        } catch {
            throw BadParameter(
                "unable to parse param '\(name)': \(error.message), at column \(error.column)", line: 1, column: error.column, length: error.length
            )
        }
    }

    private func select(_ filter: TraceFilter?, _ traceQL: TraceQLQuery?, _ window: TraceWindow) async throws -> [Bool] {
        if let filter { return window.features.select(filter) }
        guard let traceQL else { return [] }
        do {
            let options = TraceQLSearchOptions(startTime: window.startTime, limit: max(window.features.count, 1), spansPerSpanSet: 1)
            let found = Set(try await traceQL.search(store, options).traces.map(\.traceID))
            return window.features.traceIDs.map(found.contains)
        } catch let error as TraceQLError {
            throw BadParameter("\(error)", line: error.line, column: error.column, length: 1)
        }
    }

    /// What was read, and of how many: the members that every answer about a window begins with.
    static func writeScope(_ question: Question, to writer: inout JSONWriter) {
        let window = question.window
        writer.time("from", window.startTime.lowerBound)
        writer.time("to", window.startTime.upperBound)
        writer.object("read") { writer in
            writer.field("traces", window.features.count)
            writer.field("of", window.estimatedCount)
            writer.field("complete", !window.isCut)
            writer.time("coveredFrom", window.coveredFrom)
        }
        writer.field("sampling", window.honesty.verdict.rawValue)
    }

    // MARK: Search

    private enum Order: String, CaseIterable {
        case start, duration, queue, wait, spans, errors, ttft
    }

    private func search(_ items: QueryItems) async throws -> [UInt8] {
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

    // MARK: Pictures

    private func heatmap(_ items: QueryItems) async throws -> [UInt8] {
        let question = try await question(items)
        let columns = try WindowRequest.integer(items, "columns", 1...500) ?? 80
        let rows = try WindowRequest.integer(items, "bins", 1...200) ?? 40
        let map = DurationHeatmap(question.features, window: question.window.startTime, columns: columns, rows: rows) { question.isIncluded[$0] }
        return JSONWriter.document(reserving: 200 * map.cells.count + 4096) { writer in
            Self.writeScope(question, to: &writer)
            writer.field("columnNano", map.columnWidth)
            writer.field("lowestNano", map.lowest)
            writer.field("ratio", map.ratio)
            writer.field("bins", map.rowCount)
            writer.array("cells", map.cells) { writer, cell in
                writer.object {
                    $0.field("x", cell.column)
                    $0.field("y", cell.row)
                    $0.field("n", cell.count)
                    if cell.errors > 0 { $0.field("err", cell.errors) }
                    $0.ids("ids", cell.examples)
                }
            }
            writer.array("columns", map.columns) { writer, column in
                writer.object {
                    $0.field("n", column.count)
                    $0.field("p50", column.p50)
                    $0.field("p95", column.p95)
                    $0.field("p99", column.p99)
                }
            }
        }
    }

    private func map(_ items: QueryItems) async throws -> [UInt8] {
        let question = try await question(items)
        let window = question.window
        // The map is made while the window is read; a query makes another one of the traces that it finds.
        guard !question.request.query.isEmpty else { return MapJSON.body(window.map, question) }
        var map = ServiceMap()
        for index in 0..<window.features.count where question.isIncluded[index] {
            guard map.traceCount < MapJSON.maximumFilteredTraces, let trace = try await store.trace(window.features.traceIDs[index]) else { continue }
            map.add(TraceTree(traceID: trace.id, batch: trace.batch), weight: window.features.weight(index))
        }
        return MapJSON.body(map, question)
    }

    private func models(_ items: QueryItems) async throws -> [UInt8] {
        let question = try await question(items)
        let withoutCold = items["cold"] == "false"
        let features = question.features
        let rows = ModelRow.table(features) { question.isIncluded[$0] && !(withoutCold && features.isCold[$0]) }
        let seconds = Double(question.window.startTime.upperBound - question.window.coveredFrom) / 1e9
        return JSONWriter.document { writer in
            Self.writeScope(question, to: &writer)
            if withoutCold { writer.field("leftOut", (0..<features.count).count { question.isIncluded[$0] && features.isCold[$0] }) }
            writer.field("relativeError", DurationSketch.relativeError)
            writer.array("models", rows) { writer, row in
                writer.object { writer in
                    writer.field("service", row.service)
                    writer.field("model", row.model)
                    writer.field("version", row.version)
                    writer.field("traces", row.traceCount)
                    writer.field("count", row.count)
                    if seconds > 0 { writer.field("rate", row.count / seconds) }
                    writer.field("errors", row.errors)
                    writer.field("cold", row.cold)
                    writer.field("cacheHits", row.cacheHits)
                    writer.sketch("duration", row.durations)
                    writer.field("waitShare", row.waitShare)
                    writer.field("meanBatch", row.meanBatch)
                    if row.timeToFirstToken.count > 0 { writer.sketch("ttft", row.timeToFirstToken) }
                    writer.object("stages") { writer in
                        for stage in Stage.allCases {
                            guard let sketch = row.stages[stage] else { continue }
                            writer.key(string: stage.rawValue)
                            writer.sketch(sketch)
                        }
                    }
                }
            }
        }
    }

    private func errors(_ items: QueryItems) async throws -> [UInt8] {
        let question = try await question(items)
        let wanted = items.nonEmpty("group")
        let groups = question.window.errors.sorted.filter { wanted == nil || $0.signature.id == wanted }
        let bins = 30
        let from = question.window.coveredFrom
        let width = max((question.window.startTime.upperBound - min(from, question.window.startTime.upperBound)) / UInt64(bins), 1)
        return JSONWriter.document { writer in
            Self.writeScope(question, to: &writer)
            writer.field("leftOut", question.window.errors.leftOut)
            writer.array("groups", groups.prefix(200)) { writer, group in
                writer.object { writer in
                    writer.field("group", group.signature.id)
                    writer.field("service", group.signature.service)
                    writer.field("model", nonEmpty: group.signature.model)
                    writer.field("spanName", group.signature.spanName)
                    writer.field("type", nonEmpty: group.signature.exceptionType)
                    writer.field("template", group.signature.template)
                    writer.field("message", group.message)
                    if let waiting = group.waiting { writer.field("waiting", waiting.rawValue) }
                    if let stage = group.stage { writer.field("stage", stage.rawValue) }
                    writer.field("count", group.count)
                    writer.time("firstSeen", group.firstSeen)
                    writer.time("lastSeen", group.lastSeen)
                    writer.object("versions") { writer in
                        for (version, count) in group.versions.sorted(by: { $0.key < $1.key }) where !version.isEmpty {
                            writer.key(string: version)
                            writer.number(count)
                        }
                    }
                    var sparkline = [Int](repeating: 0, count: bins)
                    for time in group.times where time >= from { sparkline[min(Int((time - from) / width), bins - 1)] += 1 }
                    writer.array("sparkline", sparkline) { $0.int($1) }
                    writer.array("examples", group.examples) { writer, example in
                        writer.object {
                            $0.field("traceID", "\(example.traceID)")
                            $0.field("spanID", "\(example.spanID)")
                            $0.time("time", example.time)
                        }
                    }
                }
            }
        }
    }

    /// Points of requests to language models: the newest 2,000.
    private func languageModels(_ items: QueryItems) async throws -> [UInt8] {
        let question = try await question(items)
        let features = question.features
        let rows = (0..<features.count).filter { question.isIncluded[$0] && (features.timeToFirstToken($0) != nil || features.outputTokenCount($0) != nil) }
        var (first, gaps) = (DurationSketch(), DurationSketch())
        for row in rows {
            if let time = features.timeToFirstToken(row) { first.add(time, weight: features.weight(row)) }
            if let time = features.interTokenTime(row) { gaps.add(UInt64(time), weight: features.weight(row)) }
        }
        return JSONWriter.document { writer in
            Self.writeScope(question, to: &writer)
            writer.field("requests", rows.count)
            writer.sketch("ttft", first)
            writer.sketch("itl", gaps)
            writer.array("points", rows.prefix(2_000)) { writer, row in
                writer.object { writer in
                    writer.field("traceID", "\(features.traceIDs[row])")
                    writer.time("startTimeUnixNano", features.startTimes[row])
                    writer.field("model", features.model(row))
                    writer.field("ttft", features.timeToFirstToken(row))
                    writer.field("itl", features.interTokenTime(row))
                    writer.field("tokensIn", features.inputTokenCount(row))
                    writer.field("tokensOut", features.outputTokenCount(row))
                    writer.field("queue", features.time(.queue, row))
                    writer.field("durationNano", features.durations[row])
                    writer.field("weight", features.weight(row))
                }
            }
        }
    }

    // MARK: Batches and lanes

    /// Executions of a window that the query and `model`, `service`, `server` let through.
    private func executions(_ items: QueryItems) async throws -> (Question, [Batch]) {
        let question = try await question(items)
        var included: Set<TraceID>?
        if !question.request.query.isEmpty {
            included = Set((0..<question.features.count).filter { question.isIncluded[$0] }.map { question.features.traceIDs[$0] })
        }
        let (model, service, server) = (items.nonEmpty("model"), items.nonEmpty("service"), items.nonEmpty("server"))
        let batches = Batch.grouping(question.window.executions).filter { batch in
            (model == nil || batch.identity.model == model) && (service == nil || batch.identity.service == service)
                && (server == nil || batch.identity.server == server)
                && (included == nil || batch.members.contains { included?.contains($0.traceID) ?? true })
        }
        return (question, batches)
    }

    private func batches(_ items: QueryItems) async throws -> [UInt8] {
        let (question, batches) = try await executions(items)
        let limit = try WindowRequest.integer(items, "rows", 0...1_000) ?? 100
        return JSONWriter.document { writer in
            Self.writeScope(question, to: &writer)
            writer.field("executionsLeftOut", question.window.executionsLeftOut)
            BatchJSON.write(BatchStatistics(batches), to: &writer)
            writer.array("batches", batches.suffix(limit).reversed()) { writer, batch in BatchJSON.write(batch, to: &writer) }
            writer.field("count", batches.count)
        }
    }

    private func lanes(_ items: QueryItems) async throws -> [UInt8] {
        let (question, batches) = try await executions(items)
        let pixels = try WindowRequest.integer(items, "px", 1...10_000) ?? 1_000
        let span = question.window.startTime.upperBound - question.window.startTime.lowerBound
        let lanes = InstanceLanes(batches, window: question.window.startTime, resolution: span / UInt64(pixels))
        return JSONWriter.document { writer in
            Self.writeScope(question, to: &writer)
            writer.field("stepNano", max(span / UInt64(pixels), 1))
            writer.array("lanes", lanes.lanes) { writer, lane in
                writer.object { writer in
                    BatchJSON.write(lane.identity, to: &writer)
                    writer.field("name", lane.name)
                    writer.field("inferred", lane.isInferred)
                    writer.field("executions", lane.executionCount)
                    writer.field("busyNano", lane.busy)
                    writer.field("busyShare", span > 0 ? Double(lane.busy) / Double(span) : 0)
                    // start, duration, executions, members, busy: five numbers a block, times from the window's start.
                    writer.array("blocks", lane.blocks) { writer, block in
                        writer.beginArray()
                        writer.uint(block.start - question.window.startTime.lowerBound)
                        writer.uint(block.end - block.start)
                        writer.int(block.executionCount)
                        writer.int(block.memberCount)
                        writer.uint(block.busy)
                        writer.string("\(block.traceID)-\(block.spanID)")
                        writer.endArray()
                    }
                }
            }
        }
    }

    // MARK: Comparison

    private func tail(_ items: QueryItems) async throws -> [UInt8] {
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
