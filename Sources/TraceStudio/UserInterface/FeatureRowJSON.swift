internal import JSONCoding
internal import TraceModel
internal import TraceQuery

/// A trace as a row of a result: facts and stages, no spans.
enum FeatureRowJSON {
    static func write(_ index: Int, _ features: FeatureTable, to writer: inout JSONWriter) {
        writer.object { writer in
            writer.field("traceID", "\(features.traceIDs[index])")
            writer.field("rootService", features.rootService(index))
            writer.field("rootName", features.rootName(index))
            writer.time("startTimeUnixNano", features.startTimes[index])
            writer.field("durationNano", features.durations[index])
            writer.field("spanCount", Int(features.spanCounts[index]))
            writer.field("errorCount", Int(features.errorCounts[index]))
            writer.field("errorMessage", nonEmpty: features.errorMessage(index))
            if !features.model(index).isEmpty {
                writer.field("service", features.service(index))
                writer.field("model", features.model(index))
                writer.field("version", nonEmpty: features.version(index))
            }
            writer.field("host", nonEmpty: features.host(index))
            writer.object("stages") { writer in
                for share in features.strip(index) {
                    writer.key(string: share.stage.rawValue)
                    writer.uint(share.duration)
                }
            }
            writer.field("waitShare", features.waitShare(index))
            if features.batchRequests[index] > 0 { writer.field("batch", Int(features.batchRequests[index])) }
            writer.field("ttft", features.timeToFirstToken(index))
            writer.field("itl", features.interTokenTime(index))
            writer.field("tokensIn", features.inputTokenCount(index))
            writer.field("tokensOut", features.outputTokenCount(index))
            if features.isCacheHit(index) { writer.field("cacheHit", true) }
            if features.isCold[index] { writer.field("cold", true) }
            writer.field("weight", features.weight(index))
            writer.field("weightSource", features.weights[index].source.rawValue)
        }
    }
}

extension FeatureTable {
    /// Share of the duration spent in the queue, 0 to 1.
    func waitShare(_ index: Int) -> Double {
        durations[index] > 0 ? Double(time(.queue, index)) / Double(durations[index]) : 0
    }
}
