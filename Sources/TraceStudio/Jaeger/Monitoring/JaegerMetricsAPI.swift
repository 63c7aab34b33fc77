internal import JSONCoding
internal import TraceModel
internal import TraceQuery
internal import TraceStore

/// Jaeger's "service performance monitoring", `/api/metrics/{latencies,calls,errors,minstep}`, made of the stored spans.
struct JaegerMetricsAPI {
    let store: any TraceStore
    /// Nanoseconds since the Unix epoch.
    let clock: @Sendable () -> UInt64
    private let cache = JaegerMetricsCache()

    init(store: any TraceStore, clock: @escaping @Sendable () -> UInt64) {
        self.store = store
        self.clock = clock
    }

    private struct Chart {
        /// Behind `service_` or `service_operation_`.
        var name: String
        var help: String
        var value: (RequestMetrics.Point) -> Double?
    }

    /// - Parameter name: What comes after `/api/metrics/`.
    /// - Throws: ``BadParameter``; ``APIError`` for an unknown name.
    func answer(_ name: String, _ items: QueryItems) async throws -> [UInt8] {
        switch name {
        case "minstep":
            return Envelope.data(total: 0) { $0.int(1) }
        case "latencies":
            let request = try JaegerMetricsRequest(items, now: clock())
            let quantile = try JaegerMetricsRequest.quantile(items)
            let help = "\(Self.twoDecimals(quantile))th quantile latency"
            return try await body(request, Chart(name: "latencies", help: help) { $0.quantiles.first.map { $0 / 1e6 } }, quantiles: [quantile])
        case "calls":
            let request = try JaegerMetricsRequest(items, now: clock())
            return try await body(request, Chart(name: "call_rate", help: "calls/sec") { $0.callRate })
        case "errors":
            let request = try JaegerMetricsRequest(items, now: clock())
            let help = "error rate, computed as a fraction of errors/sec over calls/sec"
            return try await body(request, Chart(name: "error_rate", help: help) { $0.errorShare })
        default:
            throw APIError(status: 404, message: "no such API path: /api/metrics/\(name)")
        }
    }

    private func body(_ request: JaegerMetricsRequest, _ chart: Chart, quantiles: [Double] = []) async throws -> [UInt8] {
        let key = JaegerMetricsCache.Key(services: request.services.sorted(), kinds: request.kinds, window: request.window)
        let metrics = try await cache.metrics(key, store: store, now: clock())
        let series = metrics.series(by: request.groupsByOperation ? .operation : .service, quantiles: quantiles)
        var writer = JSONWriter(reserving: 1024)
        writer.beginObject()
        writer.key("name")
        writer.string((request.groupsByOperation ? "service_operation_" : "service_") + chart.name)
        writer.key("type")
        writer.string("GAUGE")
        writer.key("help")
        writer.string(chart.help + (request.groupsByOperation ? ", grouped by service & operation" : ", grouped by service"))
        writer.key("metrics")
        writer.beginArray()
        for line in series { write(line, chart, to: &writer) }
        writer.endArray()
        writer.endObject()
        return writer.bytes
    }

    private func write(_ line: RequestMetrics.Series, _ chart: Chart, to writer: inout JSONWriter) {
        let labels = [("service_name", line.service)] + (line.operation.map { [("operation", $0)] } ?? [])
        writer.beginObject()
        writer.key("labels")
        writer.beginArray()
        for (name, value) in labels {
            writer.beginObject()
            writer.key("name")
            writer.string(name)
            writer.key("value")
            writer.string(value)
            writer.endObject()
        }
        writer.endArray()
        writer.key("metricPoints")
        writer.beginArray()
        for point in line.points {
            guard let value = chart.value(point) else { continue }
            writer.beginObject()
            writer.key("gaugeValue")
            writer.beginObject()
            writer.key("doubleValue")
            writer.double(value)
            writer.endObject()
            writer.key("timestamp")
            writer.string(Self.timestamp(point.time))
            writer.endObject()
        }
        writer.endArray()
        writer.endObject()
    }

    /// As Go's `%.2f`.
    private static func twoDecimals(_ value: Double) -> String {
        let hundredths = Int((value * 100).rounded(.toNearestOrEven))
        return "\(hundredths / 100).\(hundredths % 100 < 10 ? "0" : "")\(hundredths % 100)"
    }

    /// RFC 3339 in UTC, to the millisecond where it is not a whole second.
    static func timestamp(_ time: UInt64) -> String {
        func two(_ number: UInt64) -> String { number < 10 ? "0\(number)" : "\(number)" }
        let seconds = time / 1_000_000_000
        // Days since 1970 as a date (proleptic Gregorian calendar), counted in eras of 400 years that begin with March.
        let days = seconds / 86_400 + 719_468
        let dayOfEra = days % 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shifted = (5 * dayOfYear + 2) / 153
        let month = shifted < 10 ? shifted + 3 : shifted - 9
        let year = yearOfEra + days / 146_097 * 400 + (month <= 2 ? 1 : 0)
        let day = dayOfYear - (153 * shifted + 2) / 5 + 1
        let milliseconds = time / 1_000_000 % 1000
        let fraction = milliseconds == 0 ? "" : "." + String("00\(milliseconds)".suffix(3))
        return "\(year)-\(two(month))-\(two(day))T\(two(seconds / 3600 % 24)):\(two(seconds / 60 % 60)):\(two(seconds % 60))\(fraction)Z"
    }
}
