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
    public internal(set) var honesty = SamplingHonesty()
    /// Executions of models, at most ``maximumExecutions``.
    public internal(set) var executions: [ExecutionMember] = []
    public internal(set) var executionsLeftOut = 0
    /// Weighted duration of spans that are an execution, model by model: see ``models``.
    /// The window has more traces than were read: the newest are here.
    public internal(set) var isCut = false
    public internal(set) var orphanSpans = 0
    public internal(set) var skewedHops = 0
    public internal(set) var maximumSkew: UInt64 = 0
    var serverIDs: [ModelIdentity: SequenceGaps] = [:]

    /// Executions that a window keeps.
    public static let maximumExecutions = 200_000
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
        window.markCold()
        return window
    }

    /// A window of given traces.
    public init(_ trees: [TraceTree]) {
        self.init(startTime: 0...UInt64.max)
        for tree in trees { add(tree) }
        markCold()
    }

    mutating func add(_ tree: TraceTree) {
        let weight = TraceWeight(tree)
        let inference = InferenceTree(tree)
        let breakdown = StageBreakdown(tree, inference)
        let members = ExecutionMember.all(in: tree, inference, weight: weight)
        features.append(tree, inference, breakdown, members, weight: weight)
        map.add(tree, inference, weight: weight.count)
        for error in TraceError.all(in: tree, inference) { errors.add(error, weight: weight.count) }
        honesty.add(service: features.rootService(features.count - 1), weight: weight)
        for member in members {
            guard executions.count < Self.maximumExecutions else {
                executionsLeftOut += 1
                continue
            }
            executions.append(member)
        }
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
