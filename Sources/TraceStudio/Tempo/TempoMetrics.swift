internal import Hummingbird
internal import JSONCoding
internal import TraceModel
internal import TraceQuery
internal import TraceStore

/// Series over time out of spans: `/api/metrics/query_range` and `/api/metrics/query`.
struct TempoMetrics: Sendable {
    private static let hour: UInt64 = 3600 * 1_000_000_000
    /// The longest range.
    static let maximumRange = 24 * hour
    static let maximumExemplars = 100
    /// The most points of a series.
    static let maximumIntervals: UInt64 = 10_000

    let store: any TraceStore
    /// Nanoseconds since the Unix epoch.
    let clock: @Sendable () -> UInt64

    func range(_ request: APIRequest) async throws -> Response {
        let (query, options) = try parameters(request.items)
        return reply(try await query.metrics(store, options), request) { writer, series in
            guard !series.samples.isEmpty else { return }
            writer.key("samples")
            writer.beginArray()
            for sample in series.samples {
                writer.beginObject()
                Self.point(sample.time, sample.value, to: &writer)
                writer.endObject()
            }
            writer.endArray()
        }
    }

    func instant(_ request: APIRequest) async throws -> Response {
        let (query, options) = try parameters(request.items)
        return reply(try await query.instant(store, options), request) { writer, series in
            guard let value = series.samples.last?.value, value != 0 else { return }
            writer.key("value")
            writer.double(value)
        }
    }

    // MARK: Parameters

    private func parameters(_ items: QueryItems) throws -> (TraceQLQuery, TraceQLMetricsOptions) {
        guard let text = items.nonEmpty("q") ?? items.nonEmpty("query") else {
            throw BadParameter("invalid TraceQL query: parse error at line 1, col 1: the parameter q is empty")
        }
        let query = try TraceQLQuery(text)
        guard query.isMetrics else { throw BadParameter("invalid TraceQL query: not a metrics query; it needs a function such as | rate()") }
        let end = try time(items, "end") ?? clock()
        var start = try time(items, "start")
        if start == nil { start = end - min(end, try TempoParameters.duration(items, "since") ?? Self.hour) }
        let from = start ?? 0
        guard from < end else {
            throw BadParameter("http parameter start must be before end. received start=\(from / 1_000_000_000) end=\(end / 1_000_000_000)")
        }
        guard end - from <= Self.maximumRange else {
            throw BadParameter("metrics query time range exceeds the maximum allowed duration of 24h0m0s")
        }
        let step = try step(items)
        if let step, (end - from) / step > Self.maximumIntervals {
            throw BadParameter("invalid step: the range has more than \(Self.maximumIntervals) steps of it; use a longer step or a shorter range")
        }
        var exemplars = Self.maximumExemplars
        if let text = items.nonEmpty("exemplars") {
            guard let number = Int(text), number >= 0 else { throw BadParameter("invalid exemplars: strconv.Atoi: parsing \"\(text)\": invalid syntax") }
            exemplars = min(number, Self.maximumExemplars)
        }
        return (query, TraceQLMetricsOptions(start: from, end: end, step: step, exemplars: exemplars))
    }

    /// Seconds, with a fraction or without, nanoseconds, or RFC 3339.
    private func time(_ items: QueryItems, _ name: String) throws(BadParameter) -> UInt64? {
        guard let text = items.nonEmpty(name) else { return nil }
        if let number = UInt64(text) {
            // Ten digits last until 2286; more are nanoseconds, as in Tempo.
            return text.utf8.count <= 10 ? number * 1_000_000_000 : number
        }
        if let seconds = Double(text), seconds.isFinite, seconds >= 0, seconds < 1e10 { return UInt64(seconds * 1e9) }
        guard let time = RFC3339.nanoseconds(text) else { throw BadParameter("could not parse '\(name)' parameter: cannot parse \"\(text)\" to a valid timestamp") }
        return time
    }

    /// Go's durations, or seconds; `nil`: chosen from the range.
    private func step(_ items: QueryItems) throws(BadParameter) -> UInt64? {
        guard let text = items.nonEmpty("step") else { return nil }
        if let seconds = Double(text), seconds > 0, seconds < 1e9 { return max(1_000_000, UInt64(seconds * 1e9)) }
        guard let step = GoDuration.nanoseconds(text), step > 0 else { throw BadParameter("invalid step: cannot parse \"\(text)\" to a valid duration") }
        return max(1_000_000, step)
    }

    // MARK: Answer

    /// `tempopb.QueryRangeResponse` as protobuf's JSON: members that are zero are left out.
    private func reply(
        _ result: TraceQLMetricsResult, _ request: APIRequest, _ values: (inout JSONWriter, TraceQLSeries) -> Void
    ) -> Response {
        var writer = JSONWriter(reserving: 4096)
        writer.beginObject()
        writer.key("series")
        writer.beginArray()
        for series in result.series {
            writer.beginObject()
            writer.key("labels")
            writer.attributes(series.labels)
            values(&writer, series)
            Self.exemplars(series.exemplars, to: &writer)
            writer.endObject()
        }
        writer.endArray()
        writer.key("metrics")
        writer.beginObject()
        if result.inspectedSpans > 0 {
            writer.key("inspectedSpans")
            writer.quotedInt(Int64(result.inspectedSpans))
        }
        writer.endObject()
        if let incomplete = result.incomplete {
            writer.key("status")
            writer.string("PARTIAL")
            writer.key("message")
            writer.string(incomplete)
        }
        writer.endObject()
        return Answer.json(writer.finish(), for: request.head)
    }

    private static func exemplars(_ exemplars: [TraceQLSeries.Exemplar], to writer: inout JSONWriter) {
        if exemplars.isEmpty { return }
        writer.key("exemplars")
        writer.beginArray()
        for exemplar in exemplars {
            writer.beginObject()
            writer.key("labels")
            writer.attributes(exemplar.labels)
            point(exemplar.time, exemplar.value, to: &writer)
            writer.endObject()
        }
        writer.endArray()
    }

    private static func point(_ time: Int64, _ value: Double, to writer: inout JSONWriter) {
        if time != 0 {
            writer.key("timestampMs")
            writer.quotedInt(time)
        }
        if value != 0 {
            writer.key("value")
            writer.double(value)
        }
    }
}
