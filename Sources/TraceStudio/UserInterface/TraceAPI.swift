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
    let trees: TreeCache

    var store: any TraceStore { traces.store }

    func trace(_ text: String) async throws -> HeldTrace {
        guard let trace = try await traces.trace(try SearchRequest.traceID(text)) else { throw APIError(status: 404, message: "trace not found") }
        return trace
    }

    func tree(_ text: String, _ shape: TraceShape = TraceShape()) async throws -> TreeCache.HeldTree {
        guard let held = try await trees.tree(try SearchRequest.traceID(text), shape) else { throw APIError(status: 404, message: "trace not found") }
        return held
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
        case "rank": return items.nonEmpty("span") == nil && items.nonEmpty("row") == nil ? try await rank(tree) : try await rank(tree, row: try row(items, tree))
        default: return nil
        }
    }

    // MARK: Parts

    /// The span that `row` or `span` names.
    private func row(_ items: QueryItems, _ tree: TraceTree) throws -> Int {
        if let text = items.nonEmpty("row") {
            guard let number = Int(text), tree.rows.indices.contains(number) else { throw APIError(status: 404, message: "row \(text) is not in this trace, it has \(tree.rows.count) rows") }
            return number
        }
        let text = items["span"] ?? ""
        guard let id = SpanID(hex: text) else { throw BadParameter("parameter 'span' or 'row' is required, and span \"\(text)\" is no span id of 16 hexadecimal digits") }
        guard let found = tree.rows.indices.first(where: { tree.span($0).spanID == id }) else { throw APIError(status: 404, message: "span \(text) is not in this trace") }
        return found
    }

    /// One attribute of the span, an event of it, its scope or resource.
    private func value(_ tree: TraceTree, _ items: QueryItems) throws -> (key: String, value: AttributeValue) {
        guard let key = items.nonEmpty("key") else { throw BadParameter("parameter 'key' is required") }
        let row = try row(items, tree)
        let span = tree.span(row)
        var lists = [span.attributes] + span.events.map(\.attributes) + [tree.resource(row).attributes, tree.scope(row).attributes]
        if let text = items.nonEmpty("event") {
            guard let number = Int(text), span.events.indices.contains(number) else { throw APIError(status: 404, message: "event \(text) is not in this span, it has \(span.events.count)") }
            lists = [span.events[number].attributes]
        }
        guard let value = lists.lazy.compactMap({ $0[key] }).first else {
            throw APIError(status: 404, message: "span \(span.spanID) has no attribute \"\(key)\"")
        }
        return (key, value)
    }

    private func attribute(_ tree: TraceTree, _ items: QueryItems) throws -> [UInt8] {
        let (key, value) = try value(tree, items)
        return JSONWriter.document { writer in
            writer.field("key", key)
            writer.key("value")
            SpanFactsJSON.write(value, to: &writer)
            writer.field("bytes", value.searchText.utf8.count)
        }
    }

    /// The whole value as it is, to be opened or kept.
    func text(_ tree: TraceTree, _ items: QueryItems) throws -> [UInt8] { Array(try value(tree, items).value.searchText.utf8) }

    /// What came in: the trace, or one span of it.
    func export(_ trace: HeldTrace, _ items: QueryItems) throws -> any PiecewiseText {
        var batch = trace.batch
        if let text = items.nonEmpty("span") {
            guard let id = SpanID(hex: text) else { throw BadParameter("unable to parse param 'span': \"\(text)\" is no span id of 16 hexadecimal digits") }
            batch = Self.only(id, of: batch)
            guard batch.spanCount > 0 else { throw APIError(status: 404, message: "span \(text) is not in this trace") }
        }
        let chosen = batch
        switch items.nonEmpty("format") ?? "otlp" {
        case "otlp": return OTLPJSON.pieces(of: chosen)
        case "jaeger":
            let frame = Envelope.frame(total: 1, errors: [])
            return FramedText(prefix: frame.prefix, parts: [{ JaegerJSON.pieces(id: trace.id, batch: chosen, raw: true) }], suffix: frame.suffix)
        case let format: throw BadParameter("unable to parse param 'format': \"\(format)\" is neither otlp nor jaeger; Zipkin's JSON is at /zipkin/api/v2/trace/{id}")
        }
    }

    private static func only(_ id: SpanID, of batch: SpanBatch) -> SpanBatch {
        var result = SpanBatch()
        for var resource in batch.resourceSpans {
            resource.scopeSpans = resource.scopeSpans.compactMap { scoped in
                var scoped = scoped
                scoped.spans.removeAll { $0.spanID != id }
                return scoped.spans.isEmpty ? nil : scoped
            }
            if !resource.scopeSpans.isEmpty { result.resourceSpans.append(resource) }
        }
        return result
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
            writer.points(durations)
            writer.object("stages") { writer in
                for share in own.strip(0) {
                    guard let sketch = stages[share.stage] else { continue }
                    writer.key(string: share.stage.rawValue)
                    writer.object { writer in
                        writer.field("nano", share.duration)
                        writer.field("rank", sketch.rank(of: share.duration))
                        writer.field("p50", sketch.quantile(0.5))
                        writer.field("p99", sketch.quantile(0.99))
                        writer.points(sketch)
                    }
                }
            }
        }
    }

    /// Where one span lies among those like it in other traces.
    private func rank(_ tree: TraceTree, row: Int) async throws -> [UInt8] {
        let own = tree.span(row)
        let end = own.startTime.addingReportingOverflow(Self.comparisonWindow)
        var others = SpanDistribution(of: row, in: tree)
        let selection = SpanSelection(
            startTime: own.startTime - min(Self.comparisonWindow, own.startTime)...(end.overflow ? .max : end.partialValue),
            anyOf: [[.service(others.likeness.service), .name(others.likeness.name)]], except: tree.spans.traceID
        )
        others = try await store.scanTraces(selection, projection: SpanProjection(links: false), into: others) { state, traces in
            for trace in traces {
                guard state.traceCount < Self.maximumNeighbours else { return .stop }
                state.add(TraceTree(traceID: trace.id, batch: trace.batch))
            }
            return .more
        }
        let segments = StageBreakdown(tree).segments.filter { $0.row == row }
        return JSONWriter.document { writer in
            writer.field("service", others.likeness.service)
            writer.field("name", others.likeness.name)
            writer.field("model", nonEmpty: others.likeness.model)
            writer.field("version", nonEmpty: others.likeness.version)
            writer.field("others", others.spanCount)
            writer.field("traces", others.traceCount)
            writer.field("nano", own.duration)
            writer.field("rank", others.durations.rank(of: own.duration))
            writer.sketch("duration", others.durations)
            writer.points(others.durations)
            writer.object("stages") { writer in
                for stage in Stage.allCases {
                    let nano = segments.reduce(0) { $0 + ($1.stage == stage ? $1.duration : 0) }
                    guard nano > 0, let sketch = others.stages[stage] else { continue }
                    writer.key(string: stage.rawValue)
                    writer.object { writer in
                        writer.field("nano", nano)
                        writer.field("rank", sketch.rank(of: nano))
                        writer.field("p50", sketch.quantile(0.5))
                        writer.field("p99", sketch.quantile(0.99))
                        writer.points(sketch)
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
        let held = try await tree(String(parts[0]))
        guard let member = ExecutionMember.all(in: held.tree, weight: TraceWeight(held.tree)).first(where: { $0.spanID == spanID }) else {
            throw APIError(status: 404, message: "span \(parts[1]) of this trace is no execution of a model")
        }
        let around = try await neighbours(of: [member])
        return JSONWriter.document { writer in
            writer.key("batch")
            write(member, around, to: &writer)
        }
    }

    private func batches(_ tree: TraceTree) async throws -> [UInt8] {
        let members = ExecutionMember.all(in: tree, weight: TraceWeight(tree))
        var found: [(ExecutionMember, Neighbours)] = []
        for member in members.prefix(Self.maximumBatches) { found.append((member, try await neighbours(of: [member]))) }
        return JSONWriter.document { writer in
            writer.array("batches", found) { writer, one in write(one.0, one.1, to: &writer) }
            writer.field("leftOut", max(0, members.count - Self.maximumBatches))
        }
    }

    private func write(_ member: ExecutionMember, _ around: Neighbours, to writer: inout JSONWriter) {
        let executions = around.batches.filter { $0.identity == member.identity }
        guard let batch = executions.first(where: { $0.members.contains { $0.spanID == member.spanID && $0.traceID == member.traceID } }) else {
            writer.null()
            return
        }
        let largest = executions.reduce(0) { max($0, $1.requestCount) }
        BatchJSON.write(batch, largest: largest, context: try? QueueContext(executions, isWhole: around.isWhole, for: member), to: &writer)
    }

    /// When a request came to its queue.
    static func arrival(_ member: ExecutionMember) -> UInt64 { min(member.queueStart ?? member.start, member.start) }

    /// Executions around some requests, and whether all that is stored of that time was looked at.
    struct Neighbours {
        var batches: [Batch]
        var isWhole: Bool
    }

    /// Executions of the same models around some requests to one service.
    func neighbours(of members: [ExecutionMember]) async throws -> Neighbours {
        guard let first = members.lazy.map(Self.arrival).min(), let last = members.lazy.map(\.start).max() else { return Neighbours(batches: [], isWhole: true) }
        let from = first - min(Self.surroundings, first)
        let to = last.addingReportingOverflow(Self.surroundings / 100)
        let selection = SpanSelection(
            startTime: from...(to.overflow ? .max : to.partialValue), anyOf: [[.service(members[0].identity.service), .name("compute")]]
        )
        let identities = Set(members.map(\.identity))
        let read = try await store.scanTraces(
            selection, projection: SpanProjection(links: false), into: (members: [ExecutionMember](), traces: 0, isWhole: true)
        ) { state, traces in
            for trace in traces {
                guard state.traces < Self.maximumNeighbours else {
                    state.isWhole = false
                    return .stop
                }
                state.traces += 1
                let tree = TraceTree(traceID: trace.id, batch: trace.batch)
                state.members += ExecutionMember.all(in: tree, weight: TraceWeight(tree)).filter { identities.contains($0.identity) }
            }
            return .more
        }
        return Neighbours(batches: Batch.grouping(read.members), isWhole: read.isWhole)
    }
}
