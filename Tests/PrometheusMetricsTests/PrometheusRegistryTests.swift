import PrometheusMetrics
import Testing

@Test func registriesAreSeparate() { #expect(PrometheusRegistry() !== PrometheusRegistry()) }
