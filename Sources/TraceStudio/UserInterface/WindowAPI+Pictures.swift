internal import JSONCoding
internal import TraceModel
internal import TraceQuery
internal import TraceStore

/// `/api/ui/heatmap`, `map`, `models` and `errors`: what a whole window looks like.
extension WindowAPI {
    func heatmap(_ items: QueryItems) async throws -> [UInt8] {
        let question = try await question(items)
        let columns = try WindowRequest.integer(items, "columns", 1...500) ?? 80
        let rows = try WindowRequest.integer(items, "bins", 1...200) ?? 40
        let (least, most) = (try Self.length(items, "least"), try Self.length(items, "most"))
        let durations = least.flatMap { least in most.flatMap { least <= $0 ? least...$0 : nil } }
        let map = DurationHeatmap(question.features, window: question.window.startTime, columns: columns, rows: rows, durations: durations) { question.isIncluded[$0] }
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

    func map(_ items: QueryItems) async throws -> [UInt8] {
        let question = try await question(items)
        let window = question.window
        // The map is made while the window is read; a query makes another one of the traces that it finds.
        guard !question.request.query.isEmpty else {
            return MapJSON.body(window.map, question, from: window.coveredFrom, matched: window.features.count)
        }
        var map = ServiceMap()
        var from = window.startTime.upperBound
        for index in 0..<window.features.count where question.isIncluded[index] {
            guard map.traceCount < MapJSON.maximumFilteredTraces, let trace = try await store.trace(window.features.traceIDs[index]) else { continue }
            map.add(TraceTree(traceID: trace.id, batch: trace.batch), weight: window.features.weight(index))
            from = min(from, window.features.startTimes[index])
        }
        let matched = question.isIncluded.count(where: \.self)
        return MapJSON.body(map, question, from: map.traceCount < matched ? from : window.coveredFrom, matched: matched)
    }

    func models(_ items: QueryItems) async throws -> [UInt8] {
        let question = try await question(items)
        let features = question.features
        let rows = ModelRow.table(features) { question.isIncluded[$0] }
        let all = ModelRow.all(features) { question.isIncluded[$0] }
        let seconds = Double(question.window.startTime.upperBound - question.window.coveredFrom) / 1e9
        return JSONWriter.document { writer in
            Self.writeScope(question, to: &writer)
            writer.field("relativeError", DurationSketch.relativeError)
            writer.array("models", rows) { Self.write($1, seconds: seconds, to: &$0) }
            guard let all else { return }
            writer.key("all")
            Self.write(all, seconds: seconds, to: &writer)
        }
    }

    private static func write(_ row: ModelRow, seconds: Double, to writer: inout JSONWriter) {
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

    func errors(_ items: QueryItems) async throws -> [UInt8] {
        let question = try await question(items)
        let wanted = items.nonEmpty("group")
        let errors = question.window.errors(question.isIncluded)
        let requests = question.features.requestCounts(question.isIncluded)
        let groups = errors.sorted.filter { wanted == nil || $0.signature.id == wanted }
        let bins = 30
        let from = question.window.coveredFrom
        let width = max((question.window.startTime.upperBound - min(from, question.window.startTime.upperBound)) / UInt64(bins), 1)
        return JSONWriter.document { writer in
            Self.writeScope(question, to: &writer)
            writer.field("leftOut", errors.leftOut)
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
                    // Of the requests that came so far: to the model, or to the operation that failed.
                    writer.field(
                        "requests",
                        requests.count(service: group.signature.service, name: group.signature.model)
                            ?? requests.count(service: group.signature.service, name: group.signature.spanName))
                    writer.field("samples", group.sampleCount)
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
}
