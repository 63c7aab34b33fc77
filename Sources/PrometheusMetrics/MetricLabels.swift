/// Names and values that tell the series of a metric apart, sorted by name; names are made fit for Prometheus.
package struct MetricLabels: Hashable, Sendable {
    package let pairs: [Pair]

    package struct Pair: Hashable, Sendable {
        package var name: String
        package var value: String

        package init(name: String, value: String) {
            self.name = name
            self.value = value
        }
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

    /// Of names that are fit already, and may begin with `__`; of a name that comes twice the last value counts.
    package init(fitted labels: [(String, String)]) {
        var pairs: [Pair] = []
        pairs.reserveCapacity(labels.count)
        for (name, value) in labels {
            if let known = pairs.firstIndex(where: { $0.name == name }) {
                pairs[known].value = value
            } else {
                pairs.append(Pair(name: name, value: value))
            }
        }
        self.pairs = pairs.sorted { $0.name < $1.name }
    }
}
