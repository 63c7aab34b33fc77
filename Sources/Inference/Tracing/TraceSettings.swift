/// Which requests are traced and where their spans go: Triton's trace settings, as `--trace-config` gives them.
public struct TraceSettings: Hashable, Sendable {
    /// What is recorded of a traced request.
    public enum Level: String, Hashable, Sendable, CaseIterable {
        /// Nothing is traced.
        case off = "OFF"
        /// The times of each stage.
        case timestamps = "TIMESTAMPS"
    }

    public var level: Level
    /// Every `rate`-th request is traced; 0 traces only requests whose caller is traced.
    public var rate: UInt32
    /// How many requests are traced by ``rate`` before it stops; -1 is no limit.
    public var count: Int32
    /// Where spans are sent, with or without a scheme; `nil` is the exporter's default.
    public var url: String?
    /// Resource attributes in the order given; of a key that comes twice the last counts.
    public var resource: [ResourceAttribute]
    /// Spans the batch processor holds at most; more are dropped and counted.
    public var bspMaxQueueSize: UInt32?
    /// Milliseconds between exports.
    public var bspScheduleDelay: UInt32?
    /// Spans per export at most.
    public var bspMaxExportBatchSize: UInt32?

    /// One `opentelemetry,resource=key=value`.
    public struct ResourceAttribute: Hashable, Sendable {
        public var key: String
        public var value: String

        public init(key: String, value: String) {
            self.key = key
            self.value = value
        }
    }

    public init(
        level: Level = .off,
        rate: UInt32 = 1000,
        count: Int32 = -1,
        url: String? = nil,
        resource: [ResourceAttribute] = [],
        bspMaxQueueSize: UInt32? = nil,
        bspScheduleDelay: UInt32? = nil,
        bspMaxExportBatchSize: UInt32? = nil
    ) {
        self.level = level
        self.rate = rate
        self.count = count
        self.url = url
        self.resource = resource
        self.bspMaxQueueSize = bspMaxQueueSize
        self.bspScheduleDelay = bspScheduleDelay
        self.bspMaxExportBatchSize = bspMaxExportBatchSize
    }
}
