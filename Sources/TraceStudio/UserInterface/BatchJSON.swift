internal import JSONCoding
internal import TraceModel
internal import TraceQuery

/// Batches: one of them, and what those of a model look like.
enum BatchJSON {
    static func write(_ identity: ModelIdentity, to writer: inout JSONWriter) {
        writer.field("service", identity.service)
        writer.field("server", identity.server)
        writer.field("model", identity.model)
        writer.field("version", identity.version)
    }

    /// The name under which `/api/ui/batch/` knows a batch: any of its members' trace and compute span.
    static func key(_ member: ExecutionMember) -> String { "\(member.traceID)-\(member.spanID)" }

    /// A batch as one of many.
    static func write(_ batch: Batch, to writer: inout JSONWriter) {
        writer.object { writer in
            facts(batch, to: &writer)
        }
    }

    private static func facts(_ batch: Batch, to writer: inout JSONWriter) {
        writer.field("key", key(batch.members[0]))
        write(batch.identity, to: &writer)
        writer.field("evidence", batch.evidence.rawValue)
        writer.time("startTimeUnixNano", batch.start)
        writer.field("durationNano", batch.duration)
        writer.field("inferNano", batch.inferTime)
        writer.field("instance", nonEmpty: batch.instance)
        writer.field("seen", batch.members.count)
        writer.field("requests", batch.requestCount)
        writer.field("size", batch.size)
        writer.field("maximum", batch.maximum.map { Int64($0) })
        writer.field("paddingWaste", batch.paddingWaste)
        if let isComplete = batch.isComplete { writer.field("complete", isComplete) }
        writer.field("arrivalSpreadNano", batch.arrivalSpread)
        writer.field("queueDelayNano", batch.queueDelay)
        writer.field("costShareNano", batch.costShare)
    }

    /// One batch with its members.
    ///
    /// - Parameter context: All executions of the model around it, when nothing is missing among them.
    static func write(_ batch: Batch, largest: Int, context: QueueContext?, to writer: inout JSONWriter) {
        writer.object { writer in
            facts(batch, to: &writer)
            writer.field("largest", max(largest, batch.requestCount))
            writer.field("inputEndNano", batch.members[0].inputEnd)
            writer.field("outputStartNano", batch.members[0].outputStart)
            writer.field("queueSplit", context != nil)
            if let context {
                writer.field("instances", context.instanceCount)
                let arrival = batch.members.compactMap(\.queueStart).min() ?? batch.start
                let blocked = QueueSplit.blocked(from: arrival, to: batch.start, batch.identity, executions: context.executions, instanceCount: context.instanceCount)
                // From the execution's start back.
                writer.array("blocked", blocked) { writer, piece in
                    writer.beginArray()
                    writer.uint(batch.start - piece.start)
                    writer.uint(batch.start - piece.end)
                    writer.endArray()
                }
            }
            writer.array("members", batch.members) { writer, member in
                writer.object { writer in
                    writer.field("traceID", "\(member.traceID)")
                    writer.field("spanID", "\(member.spanID)")
                    writer.time("startTimeUnixNano", member.start)
                    if let queueStart = member.queueStart { writer.time("queueStartUnixNano", queueStart) }
                    writer.field("queueNano", member.queueTime)
                    if let context, let split = QueueSplit(member, executions: context.executions, instanceCount: context.instanceCount) {
                        writer.field("noInstanceNano", split.noInstance)
                        writer.field("batchWaitNano", split.batchWait)
                    }
                    writer.field("rows", batch.members.count == 1 ? member.batchSize : nil)
                    writer.field("length", member.length)
                    writer.field("client", nonEmpty: member.client)
                    writer.field("requestID", nonEmpty: member.requestID)
                    if member.hasFailed { writer.field("failed", true) }
                }
            }
        }
    }

    /// - Parameter more: Adds to what is told of a model.
    static func write(_ statistics: BatchStatistics, to writer: inout JSONWriter, more: (BatchStatistics.Model, inout JSONWriter) -> Void = { _, _ in }) {
        writer.object("delayScale") {
            $0.field("lowestNano", BatchStatistics.delayScale.lowest)
            $0.field("ratio", BatchStatistics.delayScale.ratio)
        }
        writer.array("models", statistics.models) { writer, model in
            writer.object { writer in
                write(model.identity, to: &writer)
                writer.field("executions", model.executions)
                writer.field("seen", model.members)
                writer.field("largest", model.largest)
                writer.field("meanFill", model.meanFill)
                writer.field("exact", model.isExact)
                writer.field("maximum", model.maximum.map { Int64($0) })
                writer.field("complete", model.isComplete)
                writer.field("sampled", model.isSampled)
                writer.field("meanWaitNano", model.meanWait)
                writer.field("paddingWaste", model.paddingWaste)
                writer.field("instances", model.instances)
                writer.sketch("queueDelay", model.queueDelay)
                writer.sketch("infer", model.inferTime)
                writer.array("fill", model.fill.sorted { $0.key < $1.key }) { writer, step in
                    writer.object {
                        $0.field("size", step.key)
                        $0.field("n", step.value)
                    }
                }
                writer.array("cells", model.cells) { writer, cell in
                    writer.object {
                        $0.field("size", cell.size)
                        $0.field("delay", cell.delay)
                        $0.field("n", cell.count)
                    }
                }
                more(model, &writer)
            }
        }
    }
}
