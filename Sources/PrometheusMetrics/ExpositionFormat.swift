/// The formats in which Prometheus reads metrics.
package enum ExpositionFormat: Hashable, Sendable {
    /// Prometheus' text format 0.0.4.
    case text
    /// OpenMetrics 1.0.
    case openMetrics

    package var contentType: String {
        switch self {
        case .text: "text/plain; version=0.0.4; charset=utf-8"
        case .openMetrics: "application/openmetrics-text; version=1.0.0; charset=utf-8"
        }
    }

    /// The format that a client prefers by its `Accept` header; the text format unless OpenMetrics is asked for.
    package init(accept: String?) {
        self = .text
        guard let accept else { return }
        var openMetrics = 0.0
        var text = 0.0
        for item in accept.lowercased().split(separator: ",") {
            let parts = item.split(separator: ";").map { $0.filter { $0 != " " && $0 != "\t" } }
            guard let type = parts.first else { continue }
            var weight = 1.0
            var version = "1.0.0"
            for parameter in parts.dropFirst() {
                if parameter.hasPrefix("q=") { weight = Double(parameter.dropFirst(2)) ?? 0 }
                if parameter.hasPrefix("version=") { version = parameter.dropFirst(8).filter { $0 != "\"" } }
            }
            if type == "application/openmetrics-text", version == "1.0.0" || version == "0.0.1" { openMetrics = max(openMetrics, weight) }
            if type == "text/plain" { text = max(text, weight) }
        }
        if openMetrics > 0, openMetrics >= text { self = .openMetrics }
    }
}
