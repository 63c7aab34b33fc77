import PrometheusMetrics
import Testing

@Suite struct PrometheusRegistryTests {
    private func lines(_ registry: PrometheusRegistry, _ format: ExpositionFormat = .text, of name: String) -> [String] {
        registry.text(format: format).split(separator: "\n").map(String.init).filter { $0.contains(name) }
    }

    @Test func oneSeriesForEachSetOfLabels() {
        let registry = PrometheusRegistry()
        registry.counter("hits", labels: MetricLabels([("b", "2"), ("a", "1")]), help: "How often").increment(by: 3)
        registry.counter("hits", labels: MetricLabels([("a", "1"), ("b", "2")])).increment()
        registry.counter("hits", labels: MetricLabels([("a", "2")])).increment()
        #expect(
            lines(registry, of: "hits") == [
                "# HELP hits_total How often", "# TYPE hits_total counter", #"hits_total{a="1",b="2"} 4"#, #"hits_total{a="2"} 1"#,
            ])
        #expect(lines(registry, .openMetrics, of: "hits").prefix(3) == ["# HELP hits How often", "# TYPE hits counter", #"hits_total{a="1",b="2"} 4"#])
    }

    @Test func histogramsAreCumulativeAndTheirBoundsInclusive() {
        let registry = PrometheusRegistry()
        let histogram = registry.histogram("h", bounds: [1, 2.5])
        for value in [0.5, 1, 1.5, 2.5, 100] { histogram.observe(value) }
        histogram.observe(.nan)
        #expect(
            lines(registry, of: "h_") == [
                #"h_bucket{le="1"} 2"#, #"h_bucket{le="2.5"} 4"#, #"h_bucket{le="+Inf"} 6"#, "h_sum 105.5", "h_count 6",
            ])
        #expect(lines(registry, .openMetrics, of: "h_bucket").first == #"h_bucket{le="1.0"} 2"#)
    }

    @Test func namesAreMadeFitAndValuesEscaped() {
        let registry = PrometheusRegistry()
        registry.gauge("9 odd.näme", labels: MetricLabels([("la-bel", "a\"b\\c\nd"), ("le", "x"), ("__name__", "y")]), help: "a\\b\nc").set(-1.5)
        #expect(
            lines(registry, of: "odd") == [
                #"# HELP _9_odd_n_me a\\b\nc"#, "# TYPE _9_odd_n_me gauge", #"_9_odd_n_me{la_bel="a\"b\\c\nd",label__name__="y",le_="x"} -1.5"#,
            ])
    }

    @Test func numbersThatAreNoneHavePrometheusNames() {
        let registry = PrometheusRegistry()
        for (index, value) in [Double.nan, .infinity, -.infinity, 25_276_514_304, 0.1, 1e300].enumerated() { registry.gauge("g\(index)").set(value) }
        let values = (0..<6).map { lines(registry, of: "g\($0) ").last?.split(separator: " ").last.map(String.init) ?? "" }
        #expect(values == ["NaN", "+Inf", "-Inf", "25276514304", "0.1", "1e+300"])
    }

    @Test func tooManySeriesAndFamiliesAreRefusedAndCounted() {
        let registry = PrometheusRegistry(maxFamilies: 2, maxSeries: 3)
        for index in 0..<10 { registry.counter("a", labels: MetricLabels([("i", "\(index)")])).increment() }
        _ = registry.gauge("b")
        registry.gauge("c").set(1)
        let text = registry.text(format: .text)
        #expect(lines(registry, of: "a_total{").count == 3)
        #expect(!text.contains("\nc "))
        #expect(text.contains("\nneedletail_metrics_refused_series_total 8\n"))
        // What is there is still found.
        registry.counter("a", labels: MetricLabels([("i", "0")])).increment()
        #expect(text.contains("refused_series_total 8\n"))
        #expect(lines(registry, of: #"a_total{i="0"}"#) == [#"a_total{i="0"} 2"#])
    }

    @Test func aNameStandsForOneKindOfMetric() {
        let registry = PrometheusRegistry()
        registry.counter("x").increment()
        registry.gauge("x").set(7)
        registry.gauge("x_total").set(7)
        registry.histogram("y", bounds: [1]).observe(0)
        registry.gauge("y_count").set(7)
        #expect(lines(registry, of: " 7").isEmpty)
        #expect(registry.text(format: .text).contains("refused_series_total 3\n"))
    }

    @Test func collectedMetricsComeFirst() {
        let registry = PrometheusRegistry()
        registry.add { [MetricFamily("nv_count", .plainCounter, help: "N", points: [.init(MetricLabels([("m", "a")]), .integer(4))])] }
        _ = registry.gauge("g")
        #expect(registry.text(format: .text).hasPrefix("# HELP nv_count N\n# TYPE nv_count counter\nnv_count{m=\"a\"} 4\n"))
        // OpenMetrics has no counter without `_total`; the name matters more than the type.
        #expect(registry.text(format: .openMetrics).hasPrefix("# HELP nv_count N\n# TYPE nv_count unknown\nnv_count{m=\"a\"} 4\n"))
        #expect(registry.text(format: .openMetrics).hasSuffix("\n# EOF\n"))
    }

    @Test func exemplarsAreForOpenMetrics() {
        let registry = PrometheusRegistry()
        var state = HistogramState(bounds: [1, 10])
        state.observe(5, exemplar: Exemplar(traceID: "0af7651916cd43dd8448eb211c80319c", value: 5, time: 1_700_000_000.25))
        state.observe(0.5)
        let snapshot = state.snapshot
        registry.add { [MetricFamily("h", .histogram, help: "H", points: [.init(MetricLabels(), .histogram(snapshot))])] }
        #expect(
            lines(registry, .openMetrics, of: "h_bucket") == [
                #"h_bucket{le="1.0"} 1"#,
                ##"h_bucket{le="10.0"} 2 # {trace_id="0af7651916cd43dd8448eb211c80319c"} 5 1700000000.25"##,
                #"h_bucket{le="+Inf"} 2"#,
            ])
        #expect(!registry.text(format: .text).contains("trace_id"))
    }

    @Test(arguments: [
        (nil, ExpositionFormat.text), ("*/*", .text), ("text/plain", .text), ("application/openmetrics-text", .openMetrics),
        ("application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1", .openMetrics),
        ("application/openmetrics-text;version=2.0.0", .text), ("application/openmetrics-text; version=1.0.0; q=0.3, text/plain;q=0.5", .text),
        ("application/openmetrics-text;q=0", .text), ("application/vnd.google.protobuf;q=0.9,application/openmetrics-text;version=1.0.0;q=0.6,text/plain;q=0.4", .openMetrics),
        (";;,=,;q=", .text),
    ] as [(String?, ExpositionFormat)])
    func formatByAcceptHeader(accept: String?, expected: ExpositionFormat) {
        #expect(ExpositionFormat(accept: accept) == expected)
    }
}
