/// Metrics of this process, ready to be written in the formats that Prometheus reads.
package final class PrometheusRegistry: Sendable {
    package init() {}
}
