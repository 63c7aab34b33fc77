internal import PrometheusMetrics

/// Makes samples of metrics, push by push. Pure: time is an argument.
///
/// A counter or histogram that is new is first told as 0, a moment earlier: `rate()` then sees its first increase. A series that is
/// gone gets Prometheus' stale marker.
struct RemoteWriteSampler: Sendable {
    private struct PointKey: Hashable, Sendable {
        var family: RemoteWriteMetadata
        var labels: MetricLabels
    }

    /// What series a point has.
    private enum Shape: Hashable, Sendable {
        case number
        case histogram(bounds: [Double])
    }

    private let externalLabels: [MetricLabels.Pair]
    private let sendsExemplars: Bool
    private var known: [PointKey: Shape] = [:]
    private var lastTime: Int64?

    /// How long before its first value a series is told to be 0, in milliseconds, when there was no push before.
    private static let zeroLead: Int64 = 1000

    init(externalLabels: [String: String] = [:], sendsExemplars: Bool = true) {
        self.externalLabels = externalLabels.map { MetricLabels.Pair(name: MetricName.label($0.key), value: $0.value) }
        self.sendsExemplars = sendsExemplars
    }

    /// - Parameter time: milliseconds since the epoch; of one that is not after the last push nothing is made.
    mutating func samples(_ families: [MetricFamily], time: Int64) -> (series: [RemoteWriteSeries], metadata: [RemoteWriteMetadata]) {
        if let lastTime, time <= lastTime { return ([], []) }
        var series: [RemoteWriteSeries] = []
        var metadata: [RemoteWriteMetadata] = []
        var shapes: [PointKey: Shape] = [:]
        for family in families {
            let about = RemoteWriteMetadata(family)
            metadata.append(about)
            for point in family.points {
                let key = PointKey(family: about, labels: point.labels)
                let isNew = known[key] == nil && about.kind != .gauge
                let zeroTime = isNew ? max((lastTime ?? (time - Self.zeroLead - 1)) + 1, time - Self.zeroLead) : nil
                add(about, metadata.count - 1, point, time: time, zeroTime: zeroTime.flatMap { $0 < time ? $0 : nil }, to: &series)
                if case .histogram(let histogram) = point.value {
                    shapes[key] = .histogram(bounds: histogram.bounds)
                } else {
                    shapes[key] = .number
                }
            }
        }
        for (key, shape) in known where shapes[key] == nil {
            metadata.append(key.family)
            addStale(key, shape, metadata.count - 1, time: time, to: &series)
        }
        known = shapes
        lastTime = time
        return (series, metadata)
    }

    private func add(
        _ about: RemoteWriteMetadata, _ metadata: Int, _ point: MetricFamily.Point, time: Int64, zeroTime: Int64?,
        to series: inout [RemoteWriteSeries]
    ) {
        func add(_ name: String, _ value: Double, le: String? = nil, exemplar: Exemplar? = nil) {
            let zero = zeroTime.map { [RemoteWriteSeries.Sample(value: 0, time: $0)] } ?? []
            series.append(
                RemoteWriteSeries(
                    labels: labels(name, point.labels, le), samples: zero + [.init(value: value, time: time)], exemplar: exemplar, metadata: metadata
                )
            )
        }
        switch point.value {
        case .integer(let value): add(about.family, Double(value))
        case .number(let value): add(about.family, value)
        case .histogram(let histogram):
            var cumulative: UInt64 = 0
            for (index, count) in histogram.counts.enumerated() {
                cumulative &+= count
                let bound = index < histogram.bounds.count ? ExpositionWriter.number(histogram.bounds[index]) : "+Inf"
                let exemplar = sendsExemplars && index < histogram.exemplars.count ? histogram.exemplars[index] : nil
                // Each exemplar goes once.
                let isNew = exemplar.map { $0.time * 1000 > Double(lastTime ?? 0) } ?? false
                add(about.family + "_bucket", Double(cumulative), le: bound, exemplar: isNew ? exemplar : nil)
            }
            add(about.family + "_sum", histogram.sum)
            add(about.family + "_count", Double(cumulative))
        }
    }

    private func addStale(_ key: PointKey, _ shape: Shape, _ metadata: Int, time: Int64, to series: inout [RemoteWriteSeries]) {
        func add(_ name: String, le: String? = nil) {
            let sample = RemoteWriteSeries.Sample(value: RemoteWriteSeries.staleMarker, time: time)
            series.append(RemoteWriteSeries(labels: labels(name, key.labels, le), samples: [sample], metadata: metadata))
        }
        switch shape {
        case .number: add(key.family.family)
        case .histogram(let bounds):
            for bound in bounds { add(key.family.family + "_bucket", le: ExpositionWriter.number(bound)) }
            add(key.family.family + "_bucket", le: "+Inf")
            add(key.family.family + "_sum")
            add(key.family.family + "_count")
        }
    }

    private func labels(_ name: String, _ labels: MetricLabels, _ le: String?) -> [MetricLabels.Pair] {
        var pairs = labels.pairs.filter { !$0.value.isEmpty }
        for external in externalLabels where !external.value.isEmpty && !labels.pairs.contains(where: { $0.name == external.name }) {
            pairs.append(external)
        }
        if let le { pairs.append(.init(name: "le", value: le)) }
        pairs.append(.init(name: "__name__", value: name))
        return pairs.sorted { $0.name < $1.name }
    }
}
