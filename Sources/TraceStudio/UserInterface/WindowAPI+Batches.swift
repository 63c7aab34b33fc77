internal import JSONCoding
internal import TraceModel
internal import TraceQuery

/// `/api/ui/batches`: executions, each of which may serve several requests.
extension WindowAPI {
    /// Executions of a window that the query and `model`, `version`, `service`, `server` let through.
    func executions(_ items: QueryItems) async throws -> (Question, [Batch]) {
        let question = try await question(items)
        var included: Set<TraceID>?
        if !question.request.query.isEmpty {
            included = Set((0..<question.features.count).filter { question.isIncluded[$0] }.map { question.features.traceIDs[$0] })
        }
        let (model, version) = (items.nonEmpty("model"), items.nonEmpty("version"))
        let (service, server) = (items.nonEmpty("service"), items.nonEmpty("server"))
        let batches = question.window.batches.filter { batch in
            (model == nil || batch.identity.model == model) && (version == nil || batch.identity.version == version)
                && (service == nil || batch.identity.service == service) && (server == nil || batch.identity.server == server)
                && (included == nil || batch.members.contains { included?.contains($0.traceID) ?? true })
        }
        return (question, batches)
    }

    /// Delays for which the recorded arrivals are run again, beside the one that is asked for; nanoseconds.
    private static let estimatedDelays: [UInt64] = [
        0, 100_000, 200_000, 500_000, 1_000_000, 2_000_000, 3_000_000, 5_000_000, 7_000_000, 10_000_000, 15_000_000, 20_000_000, 30_000_000, 50_000_000, 75_000_000,
        100_000_000,
    ]
    /// Columns of the mean fill over time.
    private static let fillColumns = 60

    func batches(_ items: QueryItems) async throws -> [UInt8] {
        let (question, batches) = try await executions(items)
        let limit = try WindowRequest.integer(items, "rows", 0...1_000) ?? 100
        let chosen = try selected(batches, items)
        let estimates = items["estimate"] == "true"
        let delay = try items.nonEmpty("delay").map { try Self.delay($0) }
        let byIdentity = Dictionary(grouping: batches, by: \.identity)
        return JSONWriter.document { writer in
            Self.writeScope(question, to: &writer)
            writer.field("executionsLeftOut", question.window.executionsLeftOut)
            writer.strings("lengthKeys", StageRules.lengths)
            BatchJSON.write(BatchStatistics(batches), to: &writer) { model, writer in
                let own = byIdentity[model.identity] ?? []
                let timeline = FillTimeline(own, window: question.window.startTime, columns: Self.fillColumns, isComplete: model.isComplete)
                writer.field("columnNano", timeline.columnWidth)
                writer.array("fillOverTime", timeline.columns) { writer, column in
                    writer.object {
                        $0.field("n", column.count)
                        if column.count > 0 { $0.field("meanFill", column.meanFill) }
                    }
                }
                guard estimates else { return }
                let estimate = BatchDelayEstimate(own, instanceCount: model.instances, maximumBatch: model.maximum ?? model.largest)
                let delays = Set(Self.estimatedDelays + [delay].compactMap(\.self)).sorted()
                writer.field("estimatedArrivals", estimate.arrivals.count)
                writer.array("estimates", delays) { writer, delay in Self.write(estimate.outcome(delay: delay), to: &writer) }
            }
            writer.array("batches", chosen.suffix(limit).reversed()) { writer, batch in BatchJSON.write(batch, to: &writer) }
            writer.field("count", batches.count)
            writer.field("selected", chosen.count)
        }
    }

    private static func delay(_ text: String) throws(BadParameter) -> UInt64 {
        guard let delay = GoDuration.nanoseconds(text), delay <= 10_000_000_000 else {
            throw BadParameter("unable to parse param 'delay': \"\(text.prefix(40))\" is not a duration of at most 10s, such as 5ms")
        }
        return delay
    }

    private static func write(_ outcome: BatchDelayEstimate.Outcome, to writer: inout JSONWriter) {
        writer.object {
            $0.field("delayNano", outcome.delay)
            $0.field("executions", outcome.executions)
            $0.field("meanFill", outcome.meanFill)
            $0.field("meanWaitNano", outcome.meanWait)
            $0.field("p99WaitNano", outcome.p99Wait)
            $0.field("busyShare", outcome.busyShare)
        }
    }

    /// Those of a box of sizes and queue delays: `size0` to `size1`, `wait0` to `wait1` in nanoseconds, the upper wait excluded.
    private func selected(_ batches: [Batch], _ items: QueryItems) throws -> [Batch] {
        let wide = 0...Int.max
        let sizes = (try WindowRequest.integer(items, "size0", wide) ?? 0, try WindowRequest.integer(items, "size1", wide) ?? .max)
        let waits = (try WindowRequest.integer(items, "wait0", wide) ?? 0, try WindowRequest.integer(items, "wait1", wide) ?? .max)
        guard sizes.0 <= sizes.1 else { throw BadParameter("'size1' should not be below 'size0'") }
        guard waits.0 <= waits.1 else { throw BadParameter("'wait1' should not be below 'wait0'") }
        if sizes == (0, Int.max), waits == (0, Int.max) { return batches }
        return batches.filter { batch in
            let wait = Int(clamping: batch.queueDelay)
            return sizes.0 <= batch.requestCount && batch.requestCount <= sizes.1 && waits.0 <= wait && (wait < waits.1 || waits.1 == .max)
        }
    }
}
