internal import PrometheusMetrics

/// One series with its new samples.
struct RemoteWriteSeries: Sendable {
    struct Sample: Hashable, Sendable {
        var value: Double
        /// Milliseconds since the epoch.
        var time: Int64
    }

    /// Name and labels, sorted by name; none is empty.
    var labels: [MetricLabels.Pair]
    /// In the order of their times.
    var samples: [Sample]
    var exemplar: Exemplar?
    /// Where its type and help stand in ``RemoteWriteMetadata``.
    var metadata: Int

    /// What tells Prometheus that a series has ended.
    static let staleMarker = Double(bitPattern: 0x7ff0_0000_0000_0002)
}

/// Type and help of a metric.
struct RemoteWriteMetadata: Hashable, Sendable {
    /// `MetricMetadata.MetricType`.
    enum Kind: UInt64, Hashable, Sendable {
        case unknown = 0
        case counter = 1
        case gauge = 2
        case histogram = 3
    }

    var kind: Kind
    var family: String
    var help: String

    init(_ family: MetricFamily) {
        switch family.kind {
        case .counter: (kind, self.family) = (.counter, family.name + "_total")
        case .plainCounter: (kind, self.family) = (.counter, family.name)
        case .gauge: (kind, self.family) = (.gauge, family.name)
        case .histogram: (kind, self.family) = (.histogram, family.name)
        }
        help = family.help
    }
}
