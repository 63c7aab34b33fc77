/// Which requests are traced, what of them is recorded, and where that goes: Triton's trace settings, as `--trace-config` gives
/// them.
public struct TraceSettings: Hashable, Sendable {
    /// What is recorded of a traced request; nothing at all is ``off``.
    public struct Level: OptionSet, Hashable, Sendable {
        public let rawValue: UInt8

        public init(rawValue: UInt8) { self.rawValue = rawValue }

        /// Nothing is traced.
        public static let off: Level = []
        /// The times of each stage.
        public static let timestamps = Level(rawValue: 1)
        /// Names, types, shapes and values of inputs and outputs.
        public static let tensors = Level(rawValue: 2)

        /// `OFF`, or `TIMESTAMPS` and `TENSORS` in this order.
        package var names: [String] {
            guard self != .off else { return ["OFF"] }
            return (contains(.timestamps) ? ["TIMESTAMPS"] : []) + (contains(.tensors) ? ["TENSORS"] : [])
        }
    }

    /// What becomes of traces.
    public enum Mode: String, Hashable, Sendable, CaseIterable {
        /// They are written to a JSON file.
        case triton
        /// They are exported as spans.
        case openTelemetry = "opentelemetry"
    }

    public var level: Level
    /// Every `rate`-th request is traced; 0 traces only requests whose caller is traced.
    public var rate: UInt32
    /// How many requests are traced by ``rate`` before it stops; -1 is no limit.
    public var count: Int32
    public var mode: Mode
    /// Mode `triton`: the file that traces are written to.
    public var file: String?
    /// Mode `triton`: how many traces a file has; 0 writes one file at the end.
    public var logFrequency: UInt32
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
        mode: Mode = .openTelemetry,
        file: String? = nil,
        logFrequency: UInt32 = 0,
        url: String? = nil,
        resource: [ResourceAttribute] = [],
        bspMaxQueueSize: UInt32? = nil,
        bspScheduleDelay: UInt32? = nil,
        bspMaxExportBatchSize: UInt32? = nil
    ) {
        self.level = level
        self.rate = rate
        self.count = count
        self.mode = mode
        self.file = file
        self.logFrequency = logFrequency
        self.url = url
        self.resource = resource
        self.bspMaxQueueSize = bspMaxQueueSize
        self.bspScheduleDelay = bspScheduleDelay
        self.bspMaxExportBatchSize = bspMaxExportBatchSize
    }
}
