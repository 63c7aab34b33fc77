internal import JSONCoding
internal import TraceModel
internal import TraceQuery

/// `/api/ui/batches` and `lanes`: executions, each of which may serve several requests, and what ran them.
extension WindowAPI {
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

    func batches(_ items: QueryItems) async throws -> [UInt8] {
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

    func lanes(_ items: QueryItems) async throws -> [UInt8] {
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
}
