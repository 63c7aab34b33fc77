internal import TraceModel
public import TraceStore

/// Everything that pages ask of the traces of a window of time, made in one pass over them.
public struct TraceWindow: Sendable {
    /// The start of spans, nanoseconds since the Unix epoch.
    public let startTime: ClosedRange<UInt64>
    /// Newest first.
    public internal(set) var features = FeatureTable()
    public internal(set) var map = ServiceMap()
    public internal(set) var errors = ErrorGroups()
    /// Errors with their trace's place in ``features``, at most ``maximumFailures``: for groups of what a filter lets through.
    var failures: [(trace: Int, error: TraceError)] = []
    private var failuresLeftOut = 0
    public internal(set) var honesty = SamplingHonesty()
    /// Executions of models, of at most ``maximumExecutions`` requests, by start.
    public internal(set) var batches: [Batch] = []
    /// Requests whose executions are not here.
    public internal(set) var executionsLeftOut = 0
    /// When models were loaded, and their cold executions, by start.
    public internal(set) var lifecycles: [ModelLifecycle] = []
    /// Members of executions until all traces were read.
    var executions: [ExecutionMember] = []
    /// Weighted duration of spans that are an execution, model by model: see ``models``.
    /// The window has more traces than were read: the newest are here.
    public internal(set) var isCut = false
    /// Times without any data.
    public internal(set) var gaps = DataGaps()
    public internal(set) var orphanSpans = 0
    public internal(set) var skewedHops = 0
    public internal(set) var maximumSkew: UInt64 = 0
    var serverIDs: [ModelIdentity: SequenceGaps] = [:]

    /// Executions that a window keeps.
    public static let maximumExecutions = 200_000
    /// Errors that a window keeps one by one.
    static let maximumFailures = 20_000
    /// Traces that a window reads when nothing else is asked for, and at most.
    public static let defaultLimit = 5_000
    public static let maximumLimit = 100_000

    public init(startTime: ClosedRange<UInt64>) {
        self.startTime = startTime
    }

    /// Reads a window.
    ///
    /// - Parameter limit: The most traces.
    /// - Throws: what the store throws.
    public static func read(_ store: any TraceStore, startTime: ClosedRange<UInt64>, limit: Int = defaultLimit) async throws -> TraceWindow {
        let limit = min(max(limit, 1), maximumLimit)
        let selection = SpanSelection(startTime: startTime)
        var window = try await store.scanTraces(selection, projection: SpanProjection(links: false), into: TraceWindow(startTime: startTime)) {
            window, traces in
            for trace in traces {
                guard window.features.count < limit else {
                    window.isCut = true
                    return .stop
                }
                window.add(TraceTree(traceID: trace.id, batch: trace.batch))
            }
            return .more
        }
        window.finish()
        // A window from the beginning of time says nothing about when data should have been there.
        let begin = startTime.lowerBound == 0 ? window.features.startTimes.min() ?? 0 : window.coveredFrom
        let statistics = try await store.statistics()
        window.gaps = DataGaps(
            starts: window.features.startTimes, durations: window.features.durations, from: begin, first: statistics.isWhole ? statistics.oldestStartTime : nil)
        return window
    }

    /// A window of given traces.
    public init(_ trees: [TraceTree]) {
        self.init(startTime: 0...UInt64.max)
        for tree in trees { add(tree) }
        finish()
    }

    mutating func add(_ tree: TraceTree) {
        let weight = TraceWeight(tree)
        let inference = InferenceTree(tree)
        let breakdown = StageBreakdown(tree, inference)
        let members = ExecutionMember.all(in: tree, inference, weight: weight)
        let errors = TraceError.all(in: tree, inference)
        features.append(tree, inference, breakdown, members, errors, weight: weight)
        map.add(tree, inference, weight: weight.count)
        for error in errors { add(error, weight: weight.count) }
        honesty.add(service: features.rootService(features.count - 1), weight: weight)
        for member in members {
            guard executions.count < Self.maximumExecutions else {
                executionsLeftOut += 1
                continue
            }
            executions.append(member)
        }
        if lifecycles.count < ModelLifecycle.maximumCount { lifecycles += ModelLifecycle.all(in: tree) }
        orphanSpans += tree.rows.count(where: \.isOrphan)
        let skew = ClockSkew(tree)
        skewedHops += skew.hops.count
        maximumSkew = max(maximumSkew, skew.maximum)
        for node in inference.nodes where node.span.role == .model {
            let span = tree.span(node.row)
            guard let number = span.attributes["triton.trace_id"]?.number.flatMap({ Int64(exactly: $0) }) else { continue }
            var server = ExecutionMember.identity(span, tree.resource(node.row), tree.serviceName(node.row))
            server.model = ""
            server.version = ""
            serverIDs[server, default: SequenceGaps()].add(number)
        }
    }

    private mutating func add(_ error: TraceError, weight: Double) {
        errors.add(error, weight: weight)
        if failures.count < Self.maximumFailures {
            failures.append((features.count - 1, error))
        } else {
            failuresLeftOut += 1
        }
    }

    /// The groups of the traces that a filter lets through.
    public func errors(_ isIncluded: [Bool]) -> ErrorGroups {
        guard isIncluded.contains(false) else { return errors }
        var groups = ErrorGroups(leftOut: failuresLeftOut)
        for failure in failures where isIncluded[failure.trace] { groups.add(failure.error, weight: features.weight(failure.trace)) }
        return groups
    }

    /// The part of the window that was read: from the oldest trace on, when there were more.
    public var coveredFrom: UInt64 { isCut ? features.startTimes.min() ?? startTime.lowerBound : startTime.lowerBound }

    /// About how many traces the window has.
    public var estimatedCount: Int {
        guard isCut, let newest = features.startTimes.max() else { return features.count }
        let covered = Double(newest - min(coveredFrom, newest))
        let whole = Double(newest - min(startTime.lowerBound, newest))
        guard covered > 0, startTime.lowerBound > 0 else { return features.count }
        return Int(min(Double(features.count) * whole / covered, 1e15))
    }

    /// For each server, running numbers of traces that are missing between those that are here: spans that were lost, or not read.
    public var missingNumbers: [(server: ModelIdentity, seen: Int, missing: Int)] {
        serverIDs.sorted { $0.key < $1.key }.map { ($0.key, $0.value.seen.count, $0.value.missing) }
    }
}

/// Which of a sequence of running numbers are missing.
struct SequenceGaps: Sendable {
    private(set) var seen: Set<Int64> = []

    mutating func add(_ number: Int64) {
        if seen.count < TraceWindow.maximumExecutions { seen.insert(number) }
    }

    var missing: Int {
        guard let first = seen.min(), let last = seen.max() else { return 0 }
        // The distance fits into 64 bits without a sign, whatever the numbers are.
        return Int(clamping: UInt64(bitPattern: last &- first)) - (seen.count - 1)
    }
}
