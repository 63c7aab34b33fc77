internal import JSONCoding
internal import TraceModel
internal import TraceQuery

/// `/api/ui/lanes` and `lane-area`: what the instances of models did, and who waited for them.
extension WindowAPI {
    /// Steps of the curves of waiting requests.
    private static let maximumSteps = 500

    /// `t0` and `t1`, the part of the window that is looked at; all of it when they are missing.
    private func view(_ items: QueryItems, of window: ClosedRange<UInt64>) throws(BadParameter) -> ClosedRange<UInt64> {
        let from = try WindowRequest.time(items, "t0") ?? window.lowerBound
        let to = try WindowRequest.time(items, "t1") ?? window.upperBound
        guard from <= to else { throw BadParameter("'t1' should not be before 't0'") }
        func within(_ time: UInt64) -> UInt64 { min(max(time, window.lowerBound), window.upperBound) }
        return within(from)...within(to)
    }

    func lanes(_ items: QueryItems) async throws -> [UInt8] {
        let (question, batches) = try await executions(items)
        let pixels = try WindowRequest.integer(items, "px", 1...10_000) ?? 1_000
        let window = question.window.startTime
        let view = try view(items, of: window)
        let step = max((view.upperBound - view.lowerBound) / UInt64(pixels), 1)
        let lanes = InstanceLanes(batches, window: window, view: view, resolution: step).lanes
        let byIdentity = Dictionary(grouping: batches, by: \.identity)
        let clients = Set(lanes.flatMap { $0.blocks.map(\.client) }).sorted()
        let numbers = Dictionary(uniqueKeysWithValues: clients.enumerated().map { ($0.element, $0.offset) })
        let span = window.upperBound - window.lowerBound
        return JSONWriter.document(reserving: 60 * lanes.reduce(0) { $0 + $1.blocks.count } + 8192) { writer in
            Self.writeScope(question, bands: Self.bands(question.window.lifecycles, items), to: &writer)
            writer.time("t0", view.lowerBound)
            writer.time("t1", view.upperBound)
            writer.field("stepNano", step)
            writer.field("executionsLeftOut", question.window.executionsLeftOut)
            writer.strings("clients", clients)
            writer.array("lanes", lanes) { writer, lane in
                writer.object { writer in
                    BatchJSON.write(lane.identity, to: &writer)
                    writer.field("name", lane.name)
                    writer.field("inferred", lane.isInferred)
                    writer.field("complete", lane.isComplete)
                    writer.field("executions", lane.executionCount)
                    writer.field("busyNano", lane.busy)
                    writer.field("busyShare", span > 0 ? Double(lane.busy) / Double(span) : 0)
                    writer.array("blocks", lane.blocks) { writer, block in Self.write(block, from: window.lowerBound, client: numbers[block.client] ?? 0, to: &writer) }
                }
            }
            writer.array("groups", byIdentity.sorted { $0.key < $1.key }) { writer, group in
                writer.object { writer in
                    BatchJSON.write(group.key, to: &writer)
                    let curve = LoadCurve(group.value, range: view, steps: min(pixels, Self.maximumSteps))
                    writer.array("waiting", curve.waiting) { $0.number(($1 * 1_000).rounded() / 1_000) }
                    writer.array("inFlight", curve.inFlight) { $0.number(($1 * 1_000).rounded() / 1_000) }
                }
            }
        }
    }

    /// Start from the window's, duration, executions, members, busy, key (of a single execution), input, output, client: nine values a block.
    private static func write(_ block: InstanceLanes.Block, from start: UInt64, client: Int, to writer: inout JSONWriter) {
        writer.beginArray()
        writer.uint(block.start - start)
        writer.uint(block.end - block.start)
        writer.int(block.executionCount)
        writer.int(block.memberCount)
        writer.uint(block.busy)
        // Several executions have no batch to open.
        writer.string(block.executionCount == 1 ? "\(block.traceID)-\(block.spanID)" : "")
        writer.uint(block.input)
        writer.uint(block.output)
        writer.int(client)
        writer.endArray()
    }

    /// Loads and cold executions of a server and a model, when these are asked for.
    private static func bands(_ lifecycles: [ModelLifecycle], _ items: QueryItems) -> [ModelLifecycle] {
        let (model, server) = (items.nonEmpty("model"), items.nonEmpty("server"))
        return lifecycles.filter { (model == nil || $0.identity.model.isEmpty || $0.identity.model == model) && (server == nil || $0.identity.server == server) }
    }

    /// What an area of time and lanes holds: `lanes=0,2-4`, by their place in the answer of `lanes` to the same question.
    func laneArea(_ items: QueryItems) async throws -> [UInt8] {
        let wanted = try Self.places(items["lanes"] ?? "")
        let (question, batches) = try await executions(items)
        let range = try view(items, of: question.window.startTime)
        let lanes = InstanceLanes(batches, window: question.window.startTime, resolution: .max)
        let area = lanes.area(range, lanes: wanted ?? Set(lanes.lanes.indices))
        let shown = lanes.lanes.enumerated().filter { wanted?.contains($0.offset) ?? true }.map(\.element)
        return JSONWriter.document { writer in
            Self.writeScope(question, to: &writer)
            writer.time("t0", range.lowerBound)
            writer.time("t1", range.upperBound)
            writer.field("lanes", area.laneCount)
            writer.field("complete", shown.allSatisfy(\.isComplete))
            writer.field("busyNano", area.busy)
            writer.field("busyShare", area.busyShare)
            writer.field("executions", area.executionCount)
            writer.field("members", area.memberCount)
            if area.executionCount > 0 { writer.field("meanBatch", Double(area.memberCount) / Double(area.executionCount)) }
            if area.inferTime.count > 0 { writer.sketch("infer", area.inferTime) }
            if area.wait.count > 0 { writer.sketch("wait", area.wait) }
            writer.field("meanWaiting", area.meanWaiting)
        }
    }

    /// Numbers and ranges of them, `nil` for an empty text.
    private static func places(_ text: String) throws(BadParameter) -> Set<Int>? {
        if text.isEmpty { return nil }
        var places: Set<Int> = []
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            let ends = part.split(separator: "-", omittingEmptySubsequences: false).map { Int($0) }
            guard (1...2).contains(ends.count), let first = ends[0], let last = ends[ends.count - 1], 0 <= first, first <= last, last < 10_000 else {
                throw BadParameter("malformed 'lanes' parameter, expecting places such as 0,2-4, received: \(text.prefix(40))")
            }
            places.formUnion(first...last)
        }
        return places
    }
}
