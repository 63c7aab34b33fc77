internal import JSONCoding
internal import TraceModel
internal import TraceQuery

/// `/api/ui/llm`: requests to language models.
extension WindowAPI {
    /// Requests that are told of one by one: the newest.
    private static let maximumToldRequests = 20_000

    func languageModels(_ items: QueryItems) async throws -> [UInt8] {
        let question = try await question(items)
        let features = question.features
        let all = (0..<features.count).filter { question.isIncluded[$0] && (features.timeToFirstToken($0) != nil || features.outputTokenCount($0) != nil) }
        let names = Set(all.map { features.model($0) }).filter { !$0.isEmpty }.sorted()
        let model = items.nonEmpty("model")
        let rows = model == nil ? all : all.filter { features.model($0) == model }
        var (first, gaps) = (DurationSketch(), DurationSketch())
        for row in rows {
            if let time = features.timeToFirstToken(row) { first.add(time, weight: features.weight(row)) }
            if let time = features.interTokenTime(row) { gaps.add(UInt64(min(time, 1e18)), weight: features.weight(row)) }
        }
        return JSONWriter.document(reserving: 300 * min(rows.count, Self.maximumToldRequests) + 4096) { writer in
            Self.writeScope(question, to: &writer)
            writer.field("requests", rows.count)
            writer.strings("models", names)
            writer.sketch("ttft", first)
            writer.sketch("itl", gaps)
            Self.write(TokenGaps(features, rows: rows), to: &writer)
            writer.array("points", rows.prefix(Self.maximumToldRequests)) { writer, row in Self.write(features, row, to: &writer) }
        }
    }

    private static func write(_ features: FeatureTable, _ row: Int, to writer: inout JSONWriter) {
        func stage(_ stage: Stage) -> UInt64? {
            let time = features.time(stage, row)
            return time > 0 ? time : nil
        }
        writer.object { writer in
            writer.field("traceID", "\(features.traceIDs[row])")
            writer.time("startTimeUnixNano", features.startTimes[row])
            writer.field("model", features.model(row))
            writer.field("ttft", features.timeToFirstToken(row))
            writer.field("itl", features.interTokenTime(row))
            writer.field("tokensIn", features.inputTokenCount(row))
            writer.field("tokensOut", features.outputTokenCount(row))
            writer.field("tokensCached", features.cachedTokenCount(row))
            writer.field("queue", features.time(.queue, row))
            writer.field("prefill", stage(.prefill))
            writer.field("decode", stage(.decode))
            writer.field("durationNano", features.durations[row])
            writer.field("weight", features.weight(row))
        }
    }

    private static func write(_ gaps: TokenGaps, to writer: inout JSONWriter) {
        writer.object("positions") { writer in
            writer.field("requests", gaps.requestCount)
            writer.field("step", TokenGaps.positionStep)
            writer.field("lowestNano", TokenGaps.scale.lowest)
            writer.field("ratio", TokenGaps.scale.ratio)
            writer.array("columns", gaps.sketches) { writer, sketch in
                writer.object {
                    $0.field("n", sketch.count)
                    let quantiles = sketch.quantiles([0.5, 0.99])
                    $0.field("p50", quantiles?[0])
                    $0.field("p99", quantiles?[1])
                }
            }
            writer.array("cells", gaps.cells) { writer, cell in
                writer.object {
                    $0.field("x", cell.position)
                    $0.field("y", cell.gap)
                    $0.field("n", cell.count)
                }
            }
        }
    }
}
