internal import JSONCoding
internal import TraceModel
internal import TraceQuery
internal import TraceStore
internal import TraceWire

/// Questions about one trace: everything below `/api/ui/trace/{id}`, and `/api/ui/batch/{key}`.
struct TraceAPI: Sendable {
    /// How far around an execution others are looked for, nanoseconds: its batch, and what the model's instances did while it waited.
    static let surroundings: UInt64 = 2_000_000_000
    /// Traces that are read for that.
    static let maximumNeighbours = 2_000
    /// How far around a trace its model's other requests are looked for, nanoseconds.
    static let comparisonWindow: UInt64 = 1_800_000_000_000
    /// Batches of one trace that are told of.
    static let maximumBatches = 50

    let traces: TraceSource
    let cache: WindowCache

    private var store: any TraceStore { traces.store }

    func trace(_ text: String) async throws -> HeldTrace {
        guard let trace = try await traces.trace(try SearchRequest.traceID(text)) else { throw APIError(status: 404, message: "trace not found") }
        return trace
    }

    /// The tree without the trace that it was made of: a large one should not be there twice.
    func tree(_ text: String) async throws -> (tree: TraceTree, permits: [LargeTraceGate.Permit]) {
        let trace = try await trace(text)
        return (trace.tree, trace.permits)
    }

    /// `rows=5-8`, inclusive, or `rows=5`; rows beyond the last one are left out.
    func rows(_ items: QueryItems, count: Int) throws -> Range<Int> {
        let text = items["rows"] ?? ""
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        guard (1...2).contains(parts.count), let first = Int(parts[0]), first >= 0, let last = Int(parts[parts.count - 1]), last >= first else {
            throw BadParameter("malformed 'rows' parameter, expecting first-last such as 5-8, received: \(text)")
        }
        guard first < count else {
            throw APIError(status: 404, message: "row \(first) is not in this trace, it has \(count) rows")
        }
        return first..<(min(last, count - 1) + 1)
    }

    /// - Parameter part: What comes after the trace's id.
    func answer(_ tree: TraceTree, part: String, _ items: QueryItems) async throws -> [UInt8]? {
        switch part {
        case "spans": return SpanFactsJSON.body(of: tree, rows: try rows(items, count: tree.rows.count))
        case "attr": return try attribute(tree, items)
        case "batch": return try await batches(tree)
        case "map":
            var map = ServiceMap()
            map.add(tree)
            return JSONWriter.document { MapJSON.write(map, seconds: nil, to: &$0) }
        case "rank": return try await rank(tree)
        default: return nil
        }
    }

    // MARK: Parts

    /// The whole value of one attribute, of the span, an event of it, its scope or resource.
    private func attribute(_ tree: TraceTree, _ items: QueryItems) throws -> [UInt8] {
        guard let key = items.nonEmpty("key") else { throw BadParameter("parameter 'key' is required") }
        let row: Int
        if let text = items.nonEmpty("row") {
            guard let number = Int(text), tree.rows.indices.contains(number) else { throw APIError(status: 404, message: "row \(text) is not in this trace, it has \(tree.rows.count) rows") }
            row = number
        } else {
            let text = items["span"] ?? ""
            guard let id = SpanID(hex: text) else { throw BadParameter("parameter 'span' or 'row' is required, and span \"\(text)\" is no span id of 16 hexadecimal digits") }
            guard let found = tree.rows.indices.first(where: { tree.span($0).spanID == id }) else { throw APIError(status: 404, message: "span \(text) is not in this trace") }
            row = found
        }
        let span = tree.span(row)
        let lists = [span.attributes] + span.events.map(\.attributes) + [tree.resource(row).attributes, tree.scope(row).attributes]
        guard let value = lists.lazy.compactMap({ $0[key] }).first else {
            throw APIError(status: 404, message: "span \(span.spanID) has no attribute \"\(key)\"")
        }
        return JSONWriter.document { writer in
            writer.field("key", key)
            writer.key("value")
            SpanFactsJSON.write(value, to: &writer)
            writer.field("bytes", value.searchText.utf8.count)
        }
    }

    /// What came in.
    func export(_ trace: HeldTrace, _ items: QueryItems) throws -> some PiecewiseText {
        switch items.nonEmpty("format") ?? "otlp" {
        case "otlp": return OTLPJSON.pieces(of: trace.batch)
        case let format: throw BadParameter("unable to parse param 'format': \"\(format)\" is not otlp; Jaeger's JSON is at /api/traces/{id}, Zipkin's at /zipkin/api/v2/trace/{id}")
        }
    }

    /// Where this request lies among its model's others: is this normal?
    private func rank(_ tree: TraceTree) async throws -> [UInt8] {
        let own = TraceWindow([tree]).features
        let start = tree.spans.startTime
        let step = WindowRequest.step * 60
        let from = (start - min(Self.comparisonWindow, start)) / step * step
        let to = start.addingReportingOverflow(Self.comparisonWindow)
        let window = try await cache.window(from...((to.overflow ? start : to.partialValue) / step * step), limit: TraceWindow.defaultLimit)
        let features = window.features
        let model = own.count > 0 ? own.model(0) : ""
        // Requests of the same model; without a model, those with the same root.
        let rows = (0..<features.count).filter { index in
            features.traceIDs[index] != tree.spans.traceID
                && (model.isEmpty
                    ? features.rootName(index) == own.rootName(0) && features.rootService(index) == own.rootService(0)
                    : features.model(index) == model && features.service(index) == own.service(0))
        }
        var durations = DurationSketch()
        var stages: [Stage: DurationSketch] = [:]
        for row in rows {
            let weight = features.weight(row)
            durations.add(features.durations[row], weight: weight)
            for stage in Stage.allCases { stages[stage, default: DurationSketch()].add(features.time(stage, row), weight: weight) }
        }
        return JSONWriter.document { writer in
            writer.field("model", nonEmpty: model)
            writer.field("version", nonEmpty: own.version(0))
            writer.time("from", window.startTime.lowerBound)
            writer.time("to", window.startTime.upperBound)
            writer.field("others", rows.count)
            writer.field("rank", durations.rank(of: tree.spans.duration))
            writer.sketch("duration", durations)
            writer.object("stages") { writer in
                for share in own.strip(0) {
                    guard let sketch = stages[share.stage] else { continue }
                    writer.key(string: share.stage.rawValue)
                    writer.object { writer in
                        writer.field("nano", share.duration)
                        writer.field("rank", sketch.rank(of: share.duration))
                        writer.field("p50", sketch.quantile(0.5))
                        writer.field("p99", sketch.quantile(0.99))
                    }
                }
            }
        }
    }

    // MARK: Batches

    /// `{trace id}-{span id of a compute span}`.
    func batch(key: String) async throws -> [UInt8] {
        let parts = key.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count == 2, let spanID = SpanID(hex: String(parts[1])) else {
            throw BadParameter("malformed batch key \"\(key)\", expecting a trace id, a minus and the id of a compute span")
        }
        let tree = try await tree(String(parts[0])).tree
        guard let member = ExecutionMember.all(in: tree, weight: TraceWeight(tree)).first(where: { $0.spanID == spanID }) else {
            throw APIError(status: 404, message: "span \(parts[1]) of this trace is no execution of a model")
        }
        let around = try await neighbours(of: member)
        return JSONWriter.document { writer in
            writer.key("batch")
            write(member, around, to: &writer)
        }
    }

    private func batches(_ tree: TraceTree) async throws -> [UInt8] {
        let members = ExecutionMember.all(in: tree, weight: TraceWeight(tree))
        var found: [(ExecutionMember, [Batch])] = []
        for member in members.prefix(Self.maximumBatches) { found.append((member, try await neighbours(of: member))) }
        return JSONWriter.document { writer in
            writer.array("batches", found) { writer, one in write(one.0, one.1, to: &writer) }
            writer.field("leftOut", max(0, members.count - Self.maximumBatches))
        }
    }

    private func write(_ member: ExecutionMember, _ around: [Batch], to writer: inout JSONWriter) {
        guard let batch = around.first(where: { $0.members.contains { $0.spanID == member.spanID && $0.traceID == member.traceID } }) else {
            writer.null()
            return
        }
        let largest = around.reduce(0) { max($0, $1.requestCount) }
        let context = isGapless(around) ? (around, max(InstanceLanes(around, window: 0...UInt64.max, resolution: 1).lanes.count, 1)) : nil
        BatchJSON.write(batch, largest: largest, context: context, to: &writer)
    }

    /// Every execution is here with all its requests: the server numbers its batches, and no number is missing.
    private func isGapless(_ batches: [Batch]) -> Bool {
        let ids = batches.compactMap { $0.members[0].batchID }
        guard ids.count == batches.count, let first = ids.min(), let last = ids.max() else { return false }
        return last.subtractingReportingOverflow(first).partialValue == Int64(ids.count) - 1 && batches.allSatisfy { $0.isComplete == true }
    }

    /// Executions of the same model on the same server around one.
    private func neighbours(of member: ExecutionMember) async throws -> [Batch] {
        let arrival = min(member.queueStart ?? member.start, member.start)
        let from = arrival - min(Self.surroundings, arrival)
        let to = member.start.addingReportingOverflow(Self.surroundings / 100)
        let selection = SpanSelection(
            startTime: from...(to.overflow ? .max : to.partialValue), anyOf: [[.service(member.identity.service), .name("compute")]]
        )
        let members = try await store.scanTraces(selection, projection: SpanProjection(links: false), into: (members: [ExecutionMember](), traces: 0)) {
            state, traces in
            for trace in traces {
                guard state.traces < Self.maximumNeighbours else { return .stop }
                state.traces += 1
                let tree = TraceTree(traceID: trace.id, batch: trace.batch)
                state.members += ExecutionMember.all(in: tree, weight: TraceWeight(tree)).filter { $0.identity == member.identity }
            }
            return .more
        }
        return Batch.grouping(members.members)
    }
}
