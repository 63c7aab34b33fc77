public import TraceModel

/// What was planted in ``SampleTraces``, so that whoever looks can be checked.
public struct SampleTruth: Hashable, Sendable {
    /// A time in which one client's bursts make one host slow.
    public struct SlowBand: Hashable, Sendable {
        /// Nanoseconds since the Unix epoch.
        public var start: UInt64
        public var end: UInt64
        public var host: String
        public var client: String
        /// Most executions of the band have so many requests or more.
        public var batchSize: Int
    }

    /// One version of a model that computes longer than the other; nothing else differs.
    public struct SlowerVersion: Hashable, Sendable {
        public var model: String
        public var slower: String
        public var faster: String
        /// Of the times to infer.
        public var ratio: Double
    }

    /// A stream of tokens that stands still once.
    public struct Stall: Hashable, Sendable {
        public var trace: TraceID
        /// Nanoseconds.
        public var duration: UInt64
        /// Tokens before it.
        public var afterToken: Int
    }

    /// All executions of one version of a model on one server.
    public struct Executions: Hashable, Sendable {
        public var service: String
        public var model: String
        public var version: String
        public var count = 0
        /// Requests in them.
        public var members = 0
        /// Nanoseconds; no two executions of one instance overlap.
        public var busy: UInt64 = 0
        /// Instances that were in use.
        public var instances = 0
    }

    /// Requests of one execution.
    public struct Batch: Hashable, Sendable {
        public var service: String
        public var model: String
        public var version: String
        /// The trace and the compute span of each member, by arrival.
        public var members: [Member]
    }

    public struct Member: Hashable, Sendable {
        public var trace: TraceID
        public var span: SpanID
    }

    /// Nanoseconds since the Unix epoch: all requests begin in this time.
    public var start: UInt64
    public var end: UInt64
    public var band: SlowBand
    public var version: SlowerVersion
    public internal(set) var stall: Stall?
    /// Requests that waited for a model's first execution.
    public internal(set) var coldTraces: [TraceID] = []
    public internal(set) var executions: [Executions] = []
    /// Some executions with many members.
    public internal(set) var batches: [Batch] = []
    /// Traces by what failed in them.
    public internal(set) var failures: [String: Int] = [:]
    /// The service whose traces are one of so many.
    public var sampledService: String
    public var sampledWeight: Int
    public internal(set) var traceCount = 0
    public internal(set) var spanCount = 0
}
