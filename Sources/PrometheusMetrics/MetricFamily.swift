/// Everything that is told of one metric: its name, what it means, and a point for each set of labels.
package struct MetricFamily: Sendable {
    package enum Kind: Hashable, Sendable {
        /// Only grows; its samples are written with `_total` behind the name.
        case counter
        /// Only grows, and has a name that others chose, without `_total`. OpenMetrics has no such counter: there its type is
        /// `unknown`, so that the name stays as dashboards have it.
        case plainCounter
        case gauge
        case histogram
    }

    package struct Point: Sendable {
        package enum Value: Sendable {
            case integer(UInt64)
            case number(Double)
            case histogram(HistogramSnapshot)
        }

        package var labels: MetricLabels
        package var value: Value

        package init(_ labels: MetricLabels = MetricLabels(), _ value: Value) {
            self.labels = labels
            self.value = value
        }
    }

    /// Without `_total`.
    package var name: String
    package var help: String
    package var kind: Kind
    package var points: [Point]

    package init(_ name: String, _ kind: Kind, help: String, points: [Point] = []) {
        self.name = name
        self.kind = kind
        self.help = help
        self.points = points
    }
}

/// A histogram at one moment.
package struct HistogramSnapshot: Sendable {
    /// The greatest value of each bucket but the last, which takes the rest.
    package var bounds: [Double]
    /// How many values each bucket has, those of lower ones not counted; one more than `bounds`.
    package var counts: [UInt64]
    package var sum: Double
    /// Of each bucket the newest; empty when none has any.
    package var exemplars: [Exemplar?]

    package init(bounds: [Double], counts: [UInt64], sum: Double, exemplars: [Exemplar?] = []) {
        self.bounds = bounds
        self.counts = counts
        self.sum = sum
        self.exemplars = exemplars
    }
}

/// One of the values that were counted, and the trace that explains it.
package struct Exemplar: Hashable, Sendable {
    /// 32 hex digits.
    package var traceID: String
    package var value: Double
    /// Seconds since the epoch.
    package var time: Double

    package init(traceID: String, value: Double, time: Double) {
        self.traceID = traceID
        self.value = value
        self.time = time
    }
}
