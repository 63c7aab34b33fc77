internal import NeedletailTracing

/// The connectors `spanmetrics` and `servicegraph`: the back end's own metrics generator, which hears of every span that is received.
enum MetricsConnector {
    static let types = ["spanmetrics", "servicegraph"]

    static func read(_ type: String, _ reader: YAMLReader, into configuration: inout CollectorConfiguration) {
        // What no connector asks for is not generated.
        var generator = configuration.metricsGenerator ?? MetricsGenerator.Configuration(serviceGraphs: nil, spanMetrics: nil)
        if type == "spanmetrics" {
            generator.spanMetrics = spanMetrics(reader, &generator.registry)
        } else {
            generator.serviceGraphs = serviceGraph(reader)
        }
        configuration.metricsGenerator = generator
    }

    private static func spanMetrics(_ reader: YAMLReader, _ registry: inout MetricsGenerator.Registry) -> MetricsGenerator.SpanMetrics {
        var settings = MetricsGenerator.SpanMetrics()
        let keys = ["histogram", "dimensions", "exclude_dimensions", "metrics_expiration", "aggregation_cardinality_limit"]
        guard let mapping = reader.mapping(keys) else { return settings }
        if let buckets = mapping["histogram"]?.mapping(["explicit"])?["explicit"]?.mapping(["buckets"])?["buckets"] {
            settings.histogramBuckets = self.buckets(buckets) ?? settings.histogramBuckets
        }
        for element in mapping["dimensions"]?.list() ?? [] {
            guard let name = element.mapping(["name"])?["name"]?.string(takesAny: true) else {
                element.missing("name", expected: "the key of an attribute")
                continue
            }
            settings.dimensions.append(name)
        }
        for element in mapping["exclude_dimensions"]?.list() ?? [] {
            let places: KeyValuePairs<String, WritableKeyPath<MetricsGenerator.SpanMetrics, Bool>> = [
                "service.name": \.intrinsicDimensions.service, "span.name": \.intrinsicDimensions.spanName,
                "span.kind": \.intrinsicDimensions.spanKind, "status.code": \.intrinsicDimensions.statusCode,
            ]
            if let place = element.choice(places) { settings[keyPath: place] = false }
        }
        if let expiration = mapping["metrics_expiration"]?.duration(), expiration > .zero { registry.staleDuration = expiration.inSeconds }
        registry.maxActiveSeries = mapping["aggregation_cardinality_limit"]?.integer(in: 0...1_000_000_000) ?? registry.maxActiveSeries
        return settings
    }

    private static func serviceGraph(_ reader: YAMLReader) -> MetricsGenerator.ServiceGraphs {
        var settings = MetricsGenerator.ServiceGraphs()
        let keys = [
            "latency_histogram_buckets", "dimensions", "store", "virtual_node_peer_attributes", "virtual_node_extra_label", "database_name_attribute",
            "database_name_attributes",
        ]
        guard let mapping = reader.mapping(keys) else { return settings }
        if let buckets = mapping["latency_histogram_buckets"] { settings.histogramBuckets = self.buckets(buckets) ?? settings.histogramBuckets }
        settings.dimensions = mapping["dimensions"]?.strings() ?? settings.dimensions
        let store = mapping["store"]?.mapping(["ttl", "max_items"])
        if let wait = store?["ttl"]?.duration() { settings.wait = wait.inSeconds }
        settings.maxItems = store?["max_items"]?.integer(in: 1...100_000_000) ?? settings.maxItems
        settings.peerAttributes = mapping["virtual_node_peer_attributes"]?.strings() ?? settings.peerAttributes
        settings.enableVirtualNodeLabel = mapping["virtual_node_extra_label"]?.boolean() ?? settings.enableVirtualNodeLabel
        if let name = mapping["database_name_attribute"]?.string() { settings.databaseNameAttributes = [name] }
        settings.databaseNameAttributes = mapping["database_name_attributes"]?.strings() ?? settings.databaseNameAttributes
        return settings
    }

    /// Durations, each longer than the one before, in seconds.
    private static func buckets(_ reader: YAMLReader) -> [Double]? {
        guard let buckets = reader.list()?.compactMap({ $0.duration()?.inSeconds }), !buckets.isEmpty else { return nil }
        guard zip(buckets, buckets.dropFirst()).allSatisfy({ $0 < $1 }) else {
            reader.mistake("the buckets do not grow", expected: "each longer than the one before")
            return nil
        }
        return buckets
    }
}

extension Duration {
    var inSeconds: Double { Double(nanoseconds) / 1e9 }
}
