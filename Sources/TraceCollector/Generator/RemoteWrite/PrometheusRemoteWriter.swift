internal import Compression
public import Logging
package import PrometheusMetrics
public import ServiceLifecycle
internal import Synchronization

/// Pushes metrics to Prometheus, or to whatever else takes its remote write protocol (versions 1.0 and 2.0).
///
/// Every interval it takes all series as they are, and sends them in order. What fails in passing is sent again with growing waits,
/// or when the receiver says; what is refused for good, or finds the queue full, is dropped and counted.
public final class PrometheusRemoteWriter: Service {
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

    private struct State {
        var sampler: RemoteWriteSampler
        var queue: RemoteWriteQueue
        var lastMetadata: Double?
        var isFailing = false
    }

    /// Seconds between two times that types and helps are sent.
    private static let metadataInterval = 600.0
    /// Seconds that the last push may take while the program stops.
    private static let lastPushTime = 5.0

    private let configuration: Configuration
    private let target: RemoteWriteClient.Target
    private let source: @Sendable () -> [MetricFamily]
    private let logger: Logger
    private let state: Mutex<State>

    /// Pushes what a generator makes.
    ///
    /// - Throws: ``RemoteWriteError`` for an address or header that cannot be used.
    public convenience init(configuration: Configuration, generator: MetricsGenerator, logger: Logger) throws {
        try self.init(configuration: configuration, logger: logger) { generator.families() }
    }

    /// - Parameter source: gives all series as they are now.
    package init(configuration: Configuration, logger: Logger, source: @escaping @Sendable () -> [MetricFamily]) throws {
        self.configuration = configuration
        self.source = source
        self.logger = logger
        target = try RemoteWriteClient.Target(configuration)
        let sampler = RemoteWriteSampler(externalLabels: configuration.externalLabels, sendsExemplars: configuration.sendExemplars)
        state = Mutex(State(sampler: sampler, queue: RemoteWriteQueue(configuration)))
    }

    /// Pushes until a graceful shutdown or a cancellation, then once more.
    public func run() async throws {
        let client = RemoteWriteClient(target)
        await cancelWhenGracefulShutdown { await self.push(with: client) }
        collect()
        let deadline = Self.seconds() + Self.lastPushTime
        // In a task of its own, which the cancellation does not reach: requests of a cancelled task fail at once.
        await Task { _ = await self.drain(with: client, until: deadline) }.value
        state.withLock { $0.queue.dropAll() }
        await client.shutdown()
    }

    private func push(with client: RemoteWriteClient) async {
        let interval = Double(max(1, configuration.intervalSeconds))
        var nextCollection = Self.seconds() + interval
        while !Task.isCancelled {
            let wake = min(nextCollection, await drain(with: client, until: nextCollection) ?? nextCollection)
            let wait = max(wake - Self.seconds(), 0)
            guard (try? await Task.sleep(for: .seconds(wait))) != nil else { return }
            if Self.seconds() >= nextCollection {
                collect()
                nextCollection = max(nextCollection + interval, Self.seconds())
            }
        }
    }

    /// Puts all series as they are in the queue.
    func collect() {
        let families = source()
        let time = GeneratorTime.now()
        let seconds = Double(time.monotonic) / 1e9
        state.withLock { state in
            let withMetadata = configuration.sendMetadata && state.lastMetadata.map { seconds - $0 >= Self.metadataInterval } ?? true
            let (series, metadata) = state.sampler.samples(families, time: Int64(time.wall * 1000))
            if withMetadata { state.lastMetadata = seconds }
            let messages = RemoteWriteEncoder.messages(
                series, metadata: metadata, withMetadata: withMetadata, version: configuration.protobufMessage,
                maximumSize: max(1, configuration.maxBatchSizeBytes)
            )
            for message in messages {
                state.queue.enqueue(.init(body: Snappy.compress(message.body), samples: message.samples, enqueued: seconds))
            }
        }
    }

    /// Sends what can be sent.
    ///
    /// - Returns: when to try again what failed in passing; `nil` when nothing waits.
    @discardableResult
    private func drain(with client: RemoteWriteClient, until deadline: Double) async -> Double? {
        while Self.seconds() < deadline, !Task.isCancelled {
            guard let entry = state.withLock({ $0.queue.next(at: Self.seconds()) }) else { break }
            let outcome = await client.send(entry.body)
            if Task.isCancelled { break }
            report(outcome, samples: entry.samples)
        }
        return state.withLock { $0.queue.isEmpty ? nil : $0.queue.nextAttempt }
    }

    private func report(_ outcome: RemoteWriteClient.Outcome, samples: Int) {
        switch outcome {
        case .accepted:
            let recovered = state.withLock { state in
                state.queue.succeeded()
                defer { state.isFailing = false }
                return state.isFailing
            }
            if recovered { logger.notice("Metrics are pushed again", metadata: ["url": "\(configuration.url)"]) }
        case .failed(let failure, let message):
            let isFirst = state.withLock { state in
                state.queue.failed(failure, at: Self.seconds())
                defer { state.isFailing = true }
                return !state.isFailing
            }
            guard isFirst else { return }
            let fate = failure == .permanent ? "dropped" : "sent again"
            logger.warning(
                "Metrics could not be pushed; they are \(fate)",
                metadata: ["url": "\(configuration.url)", "samples": "\(samples)", "error": "\(message)"]
            )
        }
    }

    /// What the writer says of itself.
    package func families() -> [MetricFamily] {
        let (counters, pending) = state.withLock { ($0.queue.counters, $0.queue.pendingSamples) }
        func family(_ name: String, _ kind: MetricFamily.Kind, _ help: String, _ value: UInt64) -> MetricFamily {
            MetricFamily("needletail_remote_write_" + name, kind, help: help, points: [.init(.init(), .integer(value))])
        }
        return [
            family("samples", .counter, "Samples that the receiver took", counters.sentSamples),
            family("bytes", .counter, "Bytes of requests that the receiver took", counters.sentBytes),
            family("retries", .counter, "Requests that failed and were sent again", counters.retries),
            family("samples_failed", .counter, "Samples that the receiver refused for good", counters.failedSamples),
            family("samples_dropped", .counter, "Samples given up: the queue was full, or the receiver away for too long", counters.droppedSamples),
            family("samples_pending", .gauge, "Samples that wait to be sent", UInt64(pending)),
        ]
    }

    private static func seconds() -> Double { Double(GeneratorTime.now().monotonic) / 1e9 }
}
