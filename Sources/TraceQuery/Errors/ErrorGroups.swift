internal import TraceModel

/// Errors that are the same but for what differs from one occurrence to the next.
public struct ErrorGroups: Hashable, Sendable {
    public struct Group: Hashable, Sendable {
        public var signature: TraceError.Signature
        public var waiting: TraceError.Waiting?
        public var stage: Stage?
        /// An example of the message, unmasked.
        public var message: String
        /// Weighted errors.
        public var count = 0.0
        /// Stored errors.
        public var sampleCount = 0
        /// Nanoseconds since the Unix epoch.
        public var firstSeen = UInt64.max
        public var lastSeen: UInt64 = 0
        /// Weighted errors by model version.
        public var versions: [String: Double] = [:]
        /// Newest first, at most ``ErrorGroups/maximumExamples``.
        public var examples: [TraceError] = []
        /// When each stored error happened, for a sparkline; at most ``ErrorGroups/maximumTimes``.
        public var times: [UInt64] = []
    }

    public static let maximumGroups = 1_000
    public static let maximumExamples = 5
    public static let maximumTimes = 10_000

    private var groups: [TraceError.Signature: Group] = [:]
    /// Errors for which there was no room.
    public private(set) var leftOut = 0

    /// - Parameter leftOut: Errors that are not among those to be added.
    public init(leftOut: Int = 0) { self.leftOut = leftOut }

    public mutating func add(_ error: TraceError, weight: Double = 1) {
        guard groups[error.signature] != nil || groups.count < Self.maximumGroups else {
            leftOut += 1
            return
        }
        var group = groups.removeValue(forKey: error.signature)
            ?? Group(signature: error.signature, waiting: error.waiting, stage: error.stage, message: error.message)
        group.count += weight
        group.sampleCount += 1
        group.firstSeen = min(group.firstSeen, error.time)
        group.lastSeen = max(group.lastSeen, error.time)
        if group.versions[error.version] != nil || group.versions.count < 64 { group.versions[error.version, default: 0] += weight }
        let place = group.examples.firstIndex { $0.time < error.time } ?? group.examples.count
        if place < Self.maximumExamples {
            group.examples.insert(error, at: place)
            if group.examples.count > Self.maximumExamples { group.examples.removeLast() }
        }
        if group.times.count < Self.maximumTimes { group.times.append(error.time) }
        groups[error.signature] = group
    }

    /// The most frequent first.
    public var sorted: [Group] {
        groups.values.sorted { $0.count != $1.count ? $0.count > $1.count : $0.signature.id < $1.signature.id }
    }
}
