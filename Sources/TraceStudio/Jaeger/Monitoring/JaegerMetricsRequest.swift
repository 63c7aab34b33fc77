internal import TraceModel
internal import TraceQuery

/// The parameters of Jaeger's `/api/metrics/…`.
struct JaegerMetricsRequest {
    let services: [String]
    let kinds: Set<SpanKind>
    let groupsByOperation: Bool
    let window: MonitoringWindow

    /// - Parameter now: nanoseconds since the Unix epoch.
    /// - Throws: ``BadParameter``.
    init(_ items: QueryItems, now: UInt64) throws(BadParameter) {
        var services: [String] = []
        for service in items.all("service") where !service.isEmpty && !services.contains(service) { services.append(service) }
        guard !services.isEmpty else { throw BadParameter("please provide at least one service name") }
        self.services = services
        groupsByOperation = try Self.flag(items, "groupByOperation")
        var kinds: Set<SpanKind> = []
        for text in items.all("spanKind") where !text.isEmpty {
            guard let kind = text == "unspecified" ? .unspecified : SpanKind.allCases.first(where: { $0.jaegerName == text }) else {
                throw BadParameter("unsupported span kind: '\(text)', expecting one of: unspecified, internal, server, client, producer, consumer")
            }
            kinds.insert(kind)
        }
        self.kinds = kinds.isEmpty ? [.server] : kinds
        let end = try Self.milliseconds(items, "endTs") ?? now
        let lookback = try Self.milliseconds(items, "lookback") ?? 3_600_000_000_000
        let step = try Self.milliseconds(items, "step") ?? 5_000_000_000
        let ratePer = try Self.milliseconds(items, "ratePer") ?? 600_000_000_000
        guard step > 0, ratePer > 0 else { throw BadParameter("'step' and 'ratePer' must be at least 1 millisecond") }
        guard let window = MonitoringWindow(end: end, lookback: lookback, step: step, window: ratePer) else {
            throw BadParameter(
                "'lookback' or 'ratePer' has too many steps: at most \(MonitoringWindow.maximumPoints) points are given; try a longer 'step'"
            )
        }
        self.window = window
    }

    /// `quantile`, which latencies need: above 0, up to 1.
    static func quantile(_ items: QueryItems) throws(BadParameter) -> Double {
        let text = items["quantile"] ?? ""
        guard let value = Double(text), value > 0, value <= 1 else {
            throw BadParameter("unable to parse param 'quantile': \"\(text)\" is not a number above 0 and up to 1")
        }
        return value
    }

    private static func flag(_ items: QueryItems, _ name: String) throws(BadParameter) -> Bool {
        guard let text = items.nonEmpty(name) else { return false }
        switch text {
        case "1", "t", "T", "true", "TRUE", "True": return true
        case "0", "f", "F", "false", "FALSE", "False": return false
        default: throw BadParameter("unable to parse param '\(name)': \"\(text)\" is not true or false")
        }
    }

    /// As nanoseconds.
    private static func milliseconds(_ items: QueryItems, _ name: String) throws(BadParameter) -> UInt64? {
        guard let text = items.nonEmpty(name) else { return nil }
        guard let value = UInt64(text), value <= UInt64(Int64.max) / 1_000_000 else {
            throw BadParameter("unable to parse param '\(name)': \"\(text)\" is not a number of milliseconds")
        }
        return value * 1_000_000
    }
}
