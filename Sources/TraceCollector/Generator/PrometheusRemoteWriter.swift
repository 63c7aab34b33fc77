public import Logging
public import ServiceLifecycle

/// Pushes the generator's series to Prometheus (remote write 1.0).
public struct PrometheusRemoteWriter: Service {
    /// The settings of the Collector's exporter `prometheusremotewrite`, and Tempo's `collection_interval`.
    public struct Configuration: Hashable, Sendable {
        /// `Authorization` of each request.
        public enum Authorization: Hashable, Sendable {
            case basic(username: String, password: String)
            case bearer(String)
        }

        /// `protobuf_message`.
        public enum ProtobufMessage: String, Hashable, Sendable, CaseIterable {
            /// Remote write 1.0.
            case version1 = "prometheus.WriteRequest"
            /// Remote write 2.0.
            case version2 = "io.prometheus.write.v2.Request"
        }

        /// `endpoint`, as in `http://127.0.0.1:9090/api/v1/write`.
        public var url: String
        /// Time between two pushes.
        public var intervalSeconds: Int
        /// `headers`: added to each request.
        public var headers: [String: String] = [:]
        public var authorization: Authorization?
        /// `external_labels`: added to every series that has no label of that name.
        public var externalLabels: [String: String] = [:]
        /// `timeout` of one request, in seconds.
        public var timeoutSeconds: Double = 5
        /// `max_batch_size_bytes` of a request before compression.
        public var maxBatchSizeBytes: Int = 3_000_000
        /// `remote_write_queue.queue_size`: requests that wait; with one more the oldest is dropped and counted.
        public var queueSize: Int = 100
        /// `retry_on_failure`, in seconds: first and longest wait, and when a request is given up (0: never).
        public var retryInitialInterval: Double = 1
        public var retryMaxInterval: Double = 30
        public var retryMaxElapsedTime: Double = 300
        /// `send_metadata`: type and help of each metric go along, with the first push and every ten minutes.
        public var sendMetadata = true
        public var sendExemplars = true
        public var protobufMessage = ProtobufMessage.version1

        public init(url: String, intervalSeconds: Int = 15) {
            self.url = url
            self.intervalSeconds = intervalSeconds
        }
    }

    public init(configuration: Configuration, generator: MetricsGenerator, logger: Logger) throws {}

    public func run() async throws {
        try await gracefulShutdown()
    }
}
