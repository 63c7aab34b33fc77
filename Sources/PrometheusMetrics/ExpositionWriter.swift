/// Writes metrics in one of the formats that Prometheus reads.
package struct ExpositionWriter {
    private let format: ExpositionFormat
    private var text = ""

    package init(format: ExpositionFormat) { self.format = format }

    /// The whole text.
    package static func text(of families: [MetricFamily], format: ExpositionFormat) -> String {
        var writer = ExpositionWriter(format: format)
        for family in families { writer.write(family) }
        if format == .openMetrics { writer.text += "# EOF\n" }
        return writer.text
    }

    private mutating func write(_ family: MetricFamily) {
        guard !family.points.isEmpty else { return }
        let sample = family.kind == .counter ? family.name + "_total" : family.name
        // The text format knows samples only, OpenMetrics families.
        let header = format == .text ? sample : family.name
        text += "# HELP \(header) \(Self.escaped(family.help, quotes: format == .openMetrics))\n"
        text += "# TYPE \(header) \(typeName(family.kind))\n"
        for point in family.points {
            switch point.value {
            case .integer(let value): line(sample, point.labels, String(value))
            case .number(let value): line(sample, point.labels, Self.number(value))
            case .histogram(let histogram): write(histogram, family.name, point.labels)
            }
        }
    }

    private func typeName(_ kind: MetricFamily.Kind) -> String {
        switch kind {
        case .counter: "counter"
        case .plainCounter: format == .text ? "counter" : "unknown"
        case .gauge: "gauge"
        case .histogram: "histogram"
        }
    }

    private mutating func write(_ histogram: HistogramSnapshot, _ name: String, _ labels: MetricLabels) {
        var cumulative: UInt64 = 0
        for (index, count) in histogram.counts.enumerated() {
            cumulative += count
            let bound = index < histogram.bounds.count ? bucketBound(histogram.bounds[index]) : "+Inf"
            line(name + "_bucket", labels, String(cumulative), le: bound, exemplar: histogram.exemplars.isEmpty ? nil : histogram.exemplars[index])
        }
        line(name + "_sum", labels, Self.number(histogram.sum))
        line(name + "_count", labels, String(cumulative))
    }

    /// OpenMetrics wants `1.0`, older readers are used to `1`.
    private func bucketBound(_ value: Double) -> String {
        format == .openMetrics && value.isFinite ? "\(value)" : Self.number(value)
    }

    private mutating func line(_ name: String, _ labels: MetricLabels, _ value: String, le: String? = nil, exemplar: Exemplar? = nil) {
        text += name
        if !labels.pairs.isEmpty || le != nil {
            text += "{"
            var isFirst = true
            for label in labels.pairs {
                if !isFirst { text += "," }
                isFirst = false
                text += "\(label.name)=\"\(Self.escaped(label.value, quotes: true))\""
            }
            if let le { text += "\(isFirst ? "" : ",")le=\"\(le)\"" }
            text += "}"
        }
        text += " \(value)"
        if format == .openMetrics, let exemplar {
            text += " # {trace_id=\"\(exemplar.traceID)\"} \(Self.number(exemplar.value)) \(Self.number(exemplar.time))"
        }
        text += "\n"
    }

    /// Whole numbers without a point, and Prometheus' names of what is no number.
    package static func number(_ value: Double) -> String {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value < 0 ? "-Inf" : "+Inf" }
        if let whole = Int64(exactly: value), abs(value) < 1e15 { return String(whole) }
        return "\(value)"
    }

    private static func escaped(_ text: String, quotes: Bool) -> String {
        guard text.utf8.contains(where: { $0 == UInt8(ascii: "\\") || $0 == UInt8(ascii: "\n") || (quotes && $0 == UInt8(ascii: "\"")) }) else { return text }
        var escaped = ""
        for character in text.unicodeScalars {
            switch character {
            case "\\": escaped += "\\\\"
            case "\n": escaped += "\\n"
            case "\"" where quotes: escaped += "\\\""
            default: escaped.unicodeScalars.append(character)
            }
        }
        return escaped
    }
}
