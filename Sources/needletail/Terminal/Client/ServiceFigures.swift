internal import JSONCoding

/// How often and how fast a service answered.
struct ServiceFigures: Hashable, Sendable {
    var name: String
    var spanCount = 0
    var errorCount = 0
    /// Seconds, by quantile.
    var quantiles: [Double: Double] = [:]

    static let shownQuantiles = [0.5, 0.95, 0.99]

    func write(to writer: inout JSONWriter) {
        writer.beginObject()
        writer.key("name")
        writer.string(name)
        writer.key("spanCount")
        writer.int(spanCount)
        writer.key("errorCount")
        writer.int(errorCount)
        for quantile in Self.shownQuantiles {
            guard let seconds = quantiles[quantile] else { continue }
            writer.key(string: "p\(Int(quantile * 100))Seconds")
            writer.double(seconds)
        }
        writer.endObject()
    }
}

extension TraceServer {
    private static let serviceLabel = "resource.service.name"

    /// The figures of each service's spans, the busiest first, by three TraceQL metrics.
    func serviceFigures(since: UInt64, now: UInt64) async throws -> [ServiceFigures] {
        var services: [String: ServiceFigures] = [:]
        func each(_ query: String, _ body: (inout ServiceFigures, JSONValue, Double) -> Void) async throws {
            let start = now - min(since, now)
            let items = [("q", query), ("start", "\(start / 1_000_000_000)"), ("end", "\(now / 1_000_000_000 + 1)")]
            let answer = try await json("/api/metrics/query", items, at: tempo)
            for series in answer["series"]?.arrayValue ?? [] {
                guard let name = Self.label(Self.serviceLabel, series)?["stringValue"]?.stringValue else { continue }
                // Zero is left out.
                body(&services[name, default: ServiceFigures(name: name)], series, series["value"]?.doubleValue ?? 0)
            }
        }
        let quantiles = ServiceFigures.shownQuantiles.map { "\($0)" }.joined(separator: ", ")
        try await each("{ } | count_over_time() by (resource.service.name)") { $0.spanCount = Self.count($2) }
        try await each("{ status = error } | count_over_time() by (resource.service.name)") { $0.errorCount = Self.count($2) }
        try await each("{ } | quantile_over_time(duration, \(quantiles)) by (resource.service.name)") { figures, series, value in
            if let quantile = Self.label("p", series)?["doubleValue"]?.doubleValue { figures.quantiles[quantile] = value }
        }
        return services.values.sorted { ($1.spanCount, $0.name) < ($0.spanCount, $1.name) }
    }

    private static func label(_ key: String, _ series: JSONValue) -> JSONValue? {
        (series["labels"]?.arrayValue ?? []).first { $0["key"]?.stringValue == key }?["value"]
    }

    private static func count(_ value: Double) -> Int { value.isFinite ? Int(max(0, min(value.rounded(), 1e18))) : 0 }
}
