/// Names and values that tell the series of a metric apart, sorted by name; names are made fit for Prometheus.
package struct MetricLabels: Hashable, Sendable {
    package let pairs: [Pair]

    package struct Pair: Hashable, Sendable {
        package var name: String
        package var value: String
    }

    /// Of a name that comes twice, also after it was made fit, the last value counts.
    package init(_ labels: [(String, String)] = []) {
        var pairs: [Pair] = []
        for (name, value) in labels {
            let name = MetricName.label(name)
            pairs.removeAll { $0.name == name }
            pairs.append(Pair(name: name, value: value))
        }
        self.pairs = pairs.sorted { $0.name < $1.name }
    }
}
