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
        public var blocks: [Block]
        public var executionCount: Int
        /// Nanoseconds.
        public var busy: UInt64
    }

    /// By server, then model, then instance.
    public let lanes: [Lane]

    /// - Parameters:
    ///   - batches: Executions, in any order.
    ///   - window: Blocks are cut to it; executions outside are left out.
    ///   - resolution: Executions shorter than this many nanoseconds that lie within one step of it share a block.
    public init(_ batches: [Batch], window: ClosedRange<UInt64>, resolution: UInt64) {
        let bounds = TimeRange(window.lowerBound, window.upperBound)
        var lanes: [Lane] = []
        let groups = Dictionary(grouping: batches.filter { TimeRange($0.start, $0.end).overlap(bounds) > 0 }, by: \.identity)
        for (identity, group) in groups.sorted(by: { $0.key < $1.key }) {
            for (name, isInferred, executions) in Self.colored(group) {
                let blocks = Self.blocks(executions, bounds: bounds, resolution: max(resolution, 1))
                lanes.append(
                    Lane(
                        identity: identity, name: name, isInferred: isInferred, blocks: blocks, executionCount: executions.count,
                        busy: blocks.reduce(0) { $0 + $1.busy }
                    )
                )
            }
        }
        self.lanes = lanes
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

    private static func blocks(_ executions: [Batch], bounds: TimeRange, resolution: UInt64) -> [Block] {
        var blocks: [Block] = []
        // The pixel of a block that others may still join.
        var pixel: UInt64?
        for batch in executions {
            var range = TimeRange(batch.start, batch.end).clamped(to: bounds)
            // Clocks of requests differ by some hundred nanoseconds: what a server says ran one after the other is drawn so.
            if let last = blocks.last, range.start < last.end { range = TimeRange(min(last.end, range.end), range.end) }
            let own = (range.start - bounds.start) / resolution
            if range.length < resolution, let pixel, pixel == own, let last = blocks.indices.last {
                blocks[last].end = max(blocks[last].end, range.end)
                blocks[last].executionCount += 1
                blocks[last].memberCount += batch.members.count
                blocks[last].busy += range.length
                continue
            }
            blocks.append(
                Block(
                    start: range.start, end: range.end, executionCount: 1, memberCount: batch.members.count, busy: range.length,
                    traceID: batch.members[0].traceID, spanID: batch.members[0].spanID
                )
            )
            pixel = range.length < resolution ? own : nil
        }
        return blocks
    }
}
