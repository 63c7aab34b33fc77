public import TraceModel

/// Executions of models on lanes, one lane for each instance; no two blocks of a lane overlap.
public struct InstanceLanes: Hashable, Sendable {
    /// One or several executions on a lane.
    public struct Block: Hashable, Sendable {
        /// Nanoseconds since the Unix epoch.
        public var start: UInt64
        public var end: UInt64
        /// Executions in the block: more than one when they were too short to be drawn by themselves.
        public var executionCount: Int
        /// Requests seen in them.
        public var memberCount: Int
        /// Nanoseconds of the block in which something was executing.
        public var busy: UInt64
        /// Nanoseconds of that in which requests were copied in, and answers out; the rest is inference.
        public var input: UInt64
        public var output: UInt64
        /// Who asked for most of the first execution.
        public var client: String
        /// A member of the first execution, to open its batch by.
        public var traceID: TraceID
        public var spanID: SpanID
    }

    public struct Lane: Hashable, Sendable {
        public var identity: ModelIdentity
        /// The instance's name, or `lane 1`, `lane 2` …
        public var name: String
        /// No attribute names the instance: the lane was made from what overlaps.
        public var isInferred: Bool
        /// No execution of the model on this server is missing, as its running numbers tell: where nothing is, it was idle.
        public var isComplete: Bool
        /// Of the view.
        public var blocks: [Block]
        /// Of the window.
        public var executionCount: Int
        /// Nanoseconds of the window.
        public var busy: UInt64
        /// Of the window, by start.
        var executions: [Batch]
    }

    /// By server, then model, then instance.
    public let lanes: [Lane]

    /// - Parameters:
    ///   - batches: Executions, in any order.
    ///   - window: Executions outside are left out, and busy time is counted within it.
    ///   - view: The part of the window that is drawn, all of it if `nil`. Lanes without blocks there are told of all the same.
    ///   - resolution: Executions shorter than this many nanoseconds that lie within one step of it share a block.
    public init(_ batches: [Batch], window: ClosedRange<UInt64>, view: ClosedRange<UInt64>? = nil, resolution: UInt64) {
        let bounds = TimeRange(window.lowerBound, window.upperBound)
        let drawn = view.map { TimeRange($0.lowerBound, $0.upperBound).clamped(to: bounds) } ?? bounds
        var lanes: [Lane] = []
        let groups = Dictionary(grouping: batches.filter { TimeRange($0.start, $0.end).overlap(bounds) > 0 }, by: \.identity)
        for (identity, group) in groups.sorted(by: { $0.key < $1.key }) {
            let isComplete = Self.isGapless(group)
            for (name, isInferred, executions) in Self.colored(group) {
                lanes.append(
                    Lane(
                        identity: identity, name: name, isInferred: isInferred, isComplete: isComplete,
                        blocks: Self.blocks(executions, bounds: bounds, view: drawn, resolution: max(resolution, 1)), executionCount: executions.count,
                        busy: Self.ranges(executions, bounds: bounds, view: bounds).reduce(0) { $0 + $1.range.length }, executions: executions
                    )
                )
            }
        }
        self.lanes = lanes
    }

    /// Every execution is here with all its requests: the server numbers its batches, and no number is missing.
    ///
    /// - Parameter batches: Of one model on one server.
    public static func isGapless(_ batches: [Batch]) -> Bool {
        let ids = batches.compactMap { $0.members[0].batchID }
        guard ids.count == batches.count, Set(ids).count == ids.count, let first = ids.min(), let last = ids.max() else { return false }
        return last.subtractingReportingOverflow(first).partialValue == Int64(ids.count) - 1 && batches.allSatisfy { $0.isComplete == true }
    }

    /// Lanes of one model: by name where the server tells, the others to the first lane that is free when they start.
    static func colored(_ batches: [Batch]) -> [(name: String, isInferred: Bool, executions: [Batch])] {
        var named: [String: [Batch]] = [:]
        var open: [[Batch]] = []
        for batch in batches.sorted(by: { ($0.start, $0.end) < ($1.start, $1.end) }) {
            if let name = batch.instance {
                named[name, default: []].append(batch)
            } else if let free = open.firstIndex(where: { $0.last.map { $0.end <= batch.start } ?? true }) {
                open[free].append(batch)
            } else if open.count < maximumInferredLanes {
                open.append([batch])
            }
        }
        let known = named.sorted { ($0.key.utf8.count, $0.key) < ($1.key.utf8.count, $1.key) }.map { ($0.key, false, $0.value) }
        return known + open.enumerated().map { ("lane \($0.offset + 1)", true, $0.element) }
    }

    /// Instances of one model that are told apart by overlaps; more executions at one time are left out.
    static let maximumInferredLanes = 256

    /// Executions of a lane that reach into a view, cut to bounds; none of them overlap.
    private static func ranges(_ executions: [Batch], bounds: TimeRange, view: TimeRange) -> [(batch: Batch, range: TimeRange)] {
        var result: [(batch: Batch, range: TimeRange)] = []
        for batch in executions where TimeRange(batch.start, batch.end).overlap(view) > 0 {
            var range = TimeRange(batch.start, batch.end).clamped(to: bounds)
            // Clocks of requests differ by some hundred nanoseconds: what a server says ran one after the other is drawn so.
            if let last = result.last?.range, range.start < last.end { range = TimeRange(min(last.end, range.end), range.end) }
            result.append((batch, range))
        }
        return result
    }

    private static func blocks(_ executions: [Batch], bounds: TimeRange, view: TimeRange, resolution: UInt64) -> [Block] {
        var blocks: [Block] = []
        // The step of a block that others may still join.
        var step: UInt64?
        for (batch, range) in ranges(executions, bounds: bounds, view: view) {
            let (input, output) = batch.copies(within: range.length)
            // Steps do not move with the view, so that blocks stay the same while one pans.
            let own = range.start / resolution
            if range.length < resolution, let step, step == own, let last = blocks.indices.last {
                blocks[last].end = max(blocks[last].end, range.end)
                blocks[last].executionCount += 1
                blocks[last].memberCount += batch.members.count
                blocks[last].busy += range.length
                blocks[last].input += input
                blocks[last].output += output
                continue
            }
            blocks.append(
                Block(
                    start: range.start, end: range.end, executionCount: 1, memberCount: batch.members.count, busy: range.length, input: input,
                    output: output, client: batch.mainClient, traceID: batch.members[0].traceID, spanID: batch.members[0].spanID
                )
            )
            step = range.length < resolution ? own : nil
        }
        return blocks
    }
}

extension Batch {
    /// Nanoseconds in which requests were copied in and answers out.
    func copies(within length: UInt64) -> (input: UInt64, output: UInt64) {
        let input = min(members[0].inputEnd ?? 0, duration)
        let output = max(min(members[0].outputStart ?? duration, duration), input)
        return (min(input, length), min(duration - output, length - min(input, length)))
    }

    /// The client with the most members; by name among equals.
    var mainClient: String {
        if members.count == 1 { return members[0].client }
        let counts = Dictionary(grouping: members, by: \.client).mapValues(\.count)
        return counts.max { ($0.value, $1.key) < ($1.value, $0.key) }?.key ?? ""
    }
}
