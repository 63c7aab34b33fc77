internal import TraceModel

/// Loads and cold starts as bands of a chart, where there is no room for hundreds.
extension ModelLifecycle {
    /// Bands that a chart shows at most.
    public static let shownCount = 100

    /// As many as can be shown, by start: of too many, those of one part of time are told as one, if that is enough each model by itself.
    public static func joined(_ bands: [ModelLifecycle], atMost limit: Int = shownCount) -> [ModelLifecycle] {
        struct Key: Hashable {
            var kind: Kind
            var identity: ModelIdentity
        }
        guard bands.count > limit else { return bands }
        let byModel = join(bands, parts: limit) { Key(kind: $0.kind, identity: $0.identity) }
        return byModel.count > limit ? join(bands, parts: limit / Kind.allCases.count, by: \.kind) : byModel
    }

    /// Joins what has one key and begins in one of so many equal parts of the time.
    private static func join(_ bands: [ModelLifecycle], parts: Int, by key: (ModelLifecycle) -> some Hashable) -> [ModelLifecycle] {
        let starts = bands.map(\.start)
        guard let first = starts.min(), let last = starts.max() else { return [] }
        let part = (last - first) / UInt64(max(parts, 1)) + 1
        let slots = Dictionary(grouping: bands) { ($0.start - first) / part }
        let joined = slots.values.flatMap { Dictionary(grouping: $0, by: key).values.map(one) }
        return joined.sorted { ($0.start, $0.end, $0.kind.rawValue, $0.identity) < ($1.start, $1.end, $1.kind.rawValue, $1.identity) }
    }

    /// Several as one, opened by the first of them. What is not the same of all is left open.
    private static func one(_ bands: [ModelLifecycle]) -> ModelLifecycle {
        var result = bands[0]
        for band in bands.dropFirst() {
            if band.start < result.start { (result.start, result.traceID, result.spanID) = (band.start, band.traceID, band.spanID) }
            result.end = max(result.end, band.end)
            result.count += band.count
            for part in [\ModelIdentity.service, \.server, \.model, \.version] where result.identity[keyPath: part] != band.identity[keyPath: part] {
                result.identity[keyPath: part] = ""
            }
        }
        return result
    }
}
