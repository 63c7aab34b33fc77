internal import JSONCoding
internal import TraceModel
internal import TraceQuery

/// `/api/ui/aggregate`: the traces of a selection merged by path into one.
extension WindowAPI {
    func aggregate(_ items: QueryItems) async throws -> [UInt8] {
        let chosen = try Self.selection(items)
        let name = items.nonEmpty("band") ?? "all"
        guard let band = PathAggregate.Band(rawValue: name) else {
            throw BadParameter("unable to parse param 'band': \"\(name)\" is none of \(PathAggregate.Band.allCases.map(\.rawValue).joined(separator: ", "))")
        }
        let limit = try WindowRequest.integer(items, "rows", 1...2_000) ?? 1_000
        let question = try await question(items)
        let selected = if let chosen { try await select(chosen, question) } else { question.isIncluded }
        let aggregate = PathAggregate(question.features, selected: selected, isIncluded: question.isIncluded, band: band, limit: limit)
        return JSONWriter.document(reserving: 200 * aggregate.frames.count + 1024) { writer in
            Self.writeScope(question, to: &writer)
            writer.field("band", band.rawValue)
            writer.field("traces", aggregate.traceCount)
            writer.field("count", aggregate.count)
            writer.field("meanNano", aggregate.mean)
            writer.field("shortestNano", aggregate.shortest)
            writer.field("longestNano", aggregate.longest)
            writer.field("baselineTraces", aggregate.baselineTraceCount)
            writer.field("baselineMeanNano", aggregate.baselineMean)
            writer.field("leftOut", aggregate.leftOut)
            writer.array("frames", aggregate.frames) { writer, frame in
                writer.object {
                    if let parent = frame.parent { $0.field("parent", parent) }
                    $0.field("depth", frame.depth)
                    $0.field("service", nonEmpty: frame.service)
                    $0.field("name", frame.name)
                    $0.field("model", nonEmpty: frame.model)
                    if let stage = frame.stage { $0.field("stage", stage.rawValue) }
                    $0.field("ownNano", frame.own)
                    $0.field("totalNano", frame.total)
                    $0.field("baselineNano", frame.baseline)
                    $0.field("share", frame.share)
                    $0.ids("exemplars", frame.exemplars)
                }
            }
        }
    }
}
