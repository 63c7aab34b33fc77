/// A model and version with what its requests look like.
public struct ModelRow: Hashable, Sendable {
    public var service: String
    public var model: String
    public var version: String
    /// Traces that are stored.
    public var traceCount = 0
    /// Weighted traces.
    public var count = 0.0
    public var errors = 0.0
    public var cold = 0.0
    public var cacheHits = 0.0
    public var durations = DurationSketch()
    /// For each stage, its time in each trace that has any of it.
    public var stages: [Stage: DurationSketch] = [:]
    public var timeToFirstToken = DurationSketch()
    /// Weighted sum of waiting and of all time, nanoseconds.
    var waiting = 0.0
    var total = 0.0
    var fillSum = 0.0
    var fillCount = 0.0

    /// Share of time in the queue, 0 to 1.
    public var waitShare: Double? { total > 0 ? waiting / total : nil }
    /// Requests in an execution, as a request sees it.
    public var meanBatch: Double? { fillCount > 0 ? fillSum / fillCount : nil }

    /// By service, model and version.
    public static func table(_ features: FeatureTable, where isIncluded: (Int) -> Bool = { _ in true }) -> [ModelRow] {
        struct Key: Hashable {
            var service: UInt32
            var model: UInt32
            var version: UInt32
        }
        var rows: [Key: ModelRow] = [:]
        for index in 0..<features.count where isIncluded(index) && !features.model(index).isEmpty {
            let key = Key(service: features.services[index], model: features.models[index], version: features.versions[index])
            var row = rows.removeValue(forKey: key)
                ?? ModelRow(service: features.service(index), model: features.model(index), version: features.version(index))
            row.add(features, index)
            rows[key] = row
        }
        return rows.values.sorted { ($0.service, $0.model, $0.version) < ($1.service, $1.model, $1.version) }
    }

    /// All models together; `nil` when no trace asks one.
    public static func all(_ features: FeatureTable, where isIncluded: (Int) -> Bool = { _ in true }) -> ModelRow? {
        var row = ModelRow(service: "", model: "", version: "")
        for index in 0..<features.count where isIncluded(index) && !features.model(index).isEmpty { row.add(features, index) }
        return row.traceCount > 0 ? row : nil
    }

    private mutating func add(_ features: FeatureTable, _ index: Int) {
        let weight = features.weight(index)
        traceCount += 1
        count += weight
        if features.errorCounts[index] > 0 { errors += weight }
        if features.isCold[index] { cold += weight }
        if features.cacheHits[index] { cacheHits += weight }
        durations.add(features.durations[index], weight: weight)
        for share in features.strip(index) { stages[share.stage, default: DurationSketch()].add(share.duration, weight: weight) }
        if let first = features.timeToFirstToken(index) { timeToFirstToken.add(first, weight: weight) }
        waiting += Double(features.time(.queue, index)) * weight
        total += Double(features.durations[index]) * weight
        if features.batchRequests[index] > 0 {
            fillSum += Double(features.batchRequests[index]) * weight
            fillCount += weight
        }
    }
}
