extension MetricsGenerator {
    /// What is generated, and its bounds: the settings of Grafana Tempo's `metrics_generator` with its names and defaults.
    public struct Configuration: Hashable, Sendable {
        /// `metrics_generator.processor.service_graphs`; `nil` makes no service graph.
        public var serviceGraphs: ServiceGraphs?
        /// `metrics_generator.processor.span_metrics`; `nil` makes no span metrics.
        public var spanMetrics: SpanMetrics?
        /// `metrics_generator.registry`.
        public var registry: Registry

        public init(serviceGraphs: ServiceGraphs? = ServiceGraphs(), spanMetrics: SpanMetrics? = SpanMetrics(), registry: Registry = Registry()) {
            self.serviceGraphs = serviceGraphs
            self.spanMetrics = spanMetrics
            self.registry = registry
        }
    }

    /// Service graphs: requests between pairs of services.
    public struct ServiceGraphs: Hashable, Sendable {
        /// `wait`: how long one half of a request waits for the other, in seconds (the Collector's `store.ttl`).
        public var wait: Double = 10
        /// `max_items`: halves that wait at one time; one more is dropped and counted (the Collector's `store.max_items`).
        public var maxItems: Int = 10_000
        /// `histogram_buckets`, in seconds, growing (the Collector's `latency_histogram_buckets`).
        public var histogramBuckets: [Double] = [0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 12.8]
        /// `dimensions`: attributes of resource or span that become labels.
        public var dimensions: [String] = []
        /// `peer_attributes`: name the other side when it sends no spans, in this order (the Collector's `virtual_node_peer_attributes`).
        public var peerAttributes: [String] = ["peer.service", "db.name", "db.system", "db.system.name"]
        /// `database_name_attributes`: a client span with one of them is a request to a database.
        public var databaseNameAttributes: [String] = ["db.namespace", "db.name", "db.system", "db.system.name"]
        /// `enable_client_server_prefix`: each dimension gives two labels, `client_…` and `server_…`.
        public var enableClientServerPrefix = false
        /// `enable_messaging_system_latency_histogram`: time between a producer's end and its consumer's start.
        public var enableMessagingSystemLatencyHistogram = false
        /// `enable_virtual_node_label`: label `virtual_node` says which side sends no spans (the Collector's `virtual_node_extra_label`).
        public var enableVirtualNodeLabel = false
        /// Shows `traces_service_graph_connection_info`, 1 for each pair.
        public var enableConnectionInfo = false
        /// `span_multiplier_key`: an attribute with the share of spans that was sampled; each span counts for 1 / share. Empty: none.
        public var spanMultiplierKey = ""
        /// `enable_tracestate_span_multiplier`: each span counts for as many as its `tracestate` says (OpenTelemetry's `th`).
        public var enableTraceStateSpanMultiplier = false

        public init() {}
    }

    /// Span metrics: calls, latency and size by service, operation, kind and status.
    public struct SpanMetrics: Hashable, Sendable {
        /// `subprocessors`.
        public enum Subprocessor: String, Hashable, Sendable, CaseIterable {
            case count = "span-metrics-count"
            case latency = "span-metrics-latency"
            case size = "span-metrics-size"
        }

        /// `dimension_mappings`: several attributes joined in one label.
        public struct DimensionMapping: Hashable, Sendable {
            public var name: String
            public var sourceLabels: [String]
            public var join: String

            public init(name: String, sourceLabels: [String], join: String = "") {
                self.name = name
                self.sourceLabels = sourceLabels
                self.join = join
            }
        }

        /// `intrinsic_dimensions`.
        public struct IntrinsicDimensions: Hashable, Sendable {
            public var service = true
            public var spanName = true
            public var spanKind = true
            public var statusCode = true
            public var statusMessage = false

            public init() {}
        }

        /// `histogram_buckets`, in seconds, growing: 2 ms to 16.384 s, each twice the one before.
        public var histogramBuckets: [Double] = (0..<14).map { 0.002 * Double(1 << $0) }
        public var intrinsicDimensions = IntrinsicDimensions()
        /// `dimensions`: attributes of resource or span that become labels.
        public var dimensions: [String] = []
        public var dimensionMappings: [DimensionMapping] = []
        public var subprocessors: Set<Subprocessor> = Set(Subprocessor.allCases)
        /// `enable_target_info`: shows `traces_target_info` with the resource's attributes, and adds labels `job` and `instance`.
        public var enableTargetInfo = false
        /// `target_info_excluded_dimensions`: attributes that it leaves out.
        public var targetInfoExcludedDimensions: [String] = []
        /// `enable_instance_label`: label `instance`, where there is `service.instance.id` and `enable_target_info`.
        public var enableInstanceLabel = true
        /// `span_multiplier_key`: as in ``ServiceGraphs/spanMultiplierKey``.
        public var spanMultiplierKey = ""
        /// `enable_tracestate_span_multiplier`: as in ``ServiceGraphs/enableTraceStateSpanMultiplier``.
        public var enableTraceStateSpanMultiplier = false

        public init() {}
    }

    /// Bounds of all series together.
    public struct Registry: Hashable, Sendable {
        /// `max_active_series`, counted as Prometheus does (each bucket is one); 0 is no bound. Requests of a new series beyond it are
        /// counted in one series with `metric_overflow="true"`. Tempo's default is no bound.
        public var maxActiveSeries: Int = 100_000
        /// `stale_duration`: a series that got nothing for so long goes, in seconds.
        public var staleDuration: Double = 900
        /// `max_label_name_length`, `max_label_value_length`: longer ones are cut, in bytes.
        public var maxLabelNameLength: Int = 1024
        public var maxLabelValueLength: Int = 2048
        /// `external_labels`: are added to every series.
        public var externalLabels: [String: String] = [:]

        public init() {}
    }
}
