internal import TraceModel

/// Requests that were executed together.
public struct Batch: Hashable, Sendable {
    /// How the members were found to belong together.
    public enum Evidence: String, Hashable, Sendable {
        /// The server numbered the batch.
        case attribute
        /// Equal compute times to the nanosecond, as real Triton reports them for each member.
        case equalTimes
    }

    /// By arrival in the queue, then trace id.
    public var members: [ExecutionMember]
    public var evidence: Evidence

    public var identity: ModelIdentity { members[0].identity }
    /// The earliest start of a member: clocks of one server differ by a few hundred nanoseconds between requests.
    public var start: UInt64 { members.reduce(.max) { min($0, $1.start) } }
    public var end: UInt64 { members.reduce(0) { max($0, $1.end) } }
    public var duration: UInt64 { members[0].duration }
    public var inferTime: UInt64 { members[0].inferTime }
    /// Requests that are known to have been in the batch; more than the members when sampling hides some.
    public var requestCount: Int { max(members.count, members.compactMap { $0.batchRequests.flatMap(Int.init(exactly:)) }.max() ?? 0) }
    /// Rows of all requests, where the server tells.
    public var size: Int64? { members.lazy.compactMap(\.batchSize).max() }
    /// The most requests that the model takes together, where the server tells.
    public var maximum: Int? { members.lazy.compactMap { $0.maximumBatch.flatMap(Int.init(exactly:)) }.max() }
    /// The share of a batch padded to its longest member that is padding; `nil` unless every member's length is told.
    public var paddingWaste: Double? {
        let lengths = members.compactMap(\.length)
        guard isComplete != false, lengths.count == members.count, let longest = lengths.max(), longest > 0 else { return nil }
        return 1 - lengths.reduce(0) { $0 + Double($1) } / (Double(lengths.count) * Double(longest))
    }
    public var instance: String? { members.lazy.compactMap(\.instance).first }
    /// Every request of the batch is here, as far as the server tells: `nil` when it does not.
    public var isComplete: Bool? { members.contains { $0.batchRequests != nil } ? members.count == requestCount : nil }
    /// The first member's arrival to the last one's, nanoseconds.
    public var arrivalSpread: UInt64 {
        let arrivals = members.compactMap(\.queueStart)
        guard let first = arrivals.min(), let last = arrivals.max() else { return 0 }
        return last - first
    }
    /// The longest wait of a member, nanoseconds.
    public var queueDelay: UInt64 { members.reduce(0) { max($0, $1.queueTime ?? 0) } }
    /// What one request costs: the model's time through the number of requests, nanoseconds.
    public var costShare: Double { Double(inferTime) / Double(max(requestCount, 1)) }

    /// Two starts of one execution differ by less than this: each request has its own clock offset.
    static let clockTolerance: UInt64 = 1_000_000

    private struct Key: Hashable {
        var identity: ModelIdentity
        var batchID: Int64?
        var instance: String?
        var duration: UInt64
        var inputEnd: UInt64?
        var outputStart: UInt64?
    }

    /// Puts executions together, ordered by start.
    ///
    /// With `batch.id` the id tells, within one server, model and version; without it, equal duration and equal offsets of both inner
    /// events to the nanosecond. In both cases the starts lie within a millisecond of the first one's. One request is one member, however
    /// often its span was stored.
    public static func grouping(_ members: [ExecutionMember]) -> [Batch] {
        struct SpanKey: Hashable {
            var trace: TraceID
            var span: SpanID
        }
        var seen: Set<SpanKey> = []
        var groups: [Key: [ExecutionMember]] = [:]
        for member in members where seen.insert(SpanKey(trace: member.traceID, span: member.spanID)).inserted {
            let hasID = member.batchID != nil
            let key = Key(
                identity: member.identity, batchID: member.batchID, instance: member.instance, duration: hasID ? 0 : member.duration,
                inputEnd: hasID ? nil : member.inputEnd, outputStart: hasID ? nil : member.outputStart
            )
            groups[key, default: []].append(member)
        }
        var batches: [Batch] = []
        for (key, group) in groups {
            // Without both inner events nothing but the duration is equal, which is no evidence.
            let isAlone = key.batchID == nil && (key.inputEnd == nil || key.outputStart == nil)
            var current: [ExecutionMember] = []
            for member in group.sorted(by: { ($0.start, $0.traceID, $0.spanID.value) < ($1.start, $1.traceID, $1.spanID.value) }) {
                if let first = current.first, isAlone || member.start - first.start > clockTolerance {
                    batches.append(Batch(current, key.batchID == nil ? .equalTimes : .attribute))
                    current = []
                }
                current.append(member)
            }
            if !current.isEmpty { batches.append(Batch(current, key.batchID == nil ? .equalTimes : .attribute)) }
        }
        return batches.sorted {
            ($0.start, $0.members[0].traceID, $0.members[0].spanID.value) < ($1.start, $1.members[0].traceID, $1.members[0].spanID.value)
        }
    }

    private init(_ members: [ExecutionMember], _ evidence: Evidence) {
        self.members = members.sorted { ($0.queueStart ?? $0.start, $0.traceID) < ($1.queueStart ?? $1.start, $1.traceID) }
        self.evidence = evidence
    }
}
