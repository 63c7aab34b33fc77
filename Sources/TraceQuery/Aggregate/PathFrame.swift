internal import TraceModel

/// Where spans of many traces lie below each other: what is alike here is one frame of a ``PathAggregate``.
struct PathFrame: Hashable {
    static let none = UInt32.max
    static let noStage = UInt8.max

    /// The number of the frame above; ``none`` at the top.
    var parent: UInt32
    var service: UInt32
    var name: UInt32
    /// The empty text's unless the span is a request to a model.
    var model: UInt32
    /// ``Stage/position`` for a part of the time of the frame above; ``noStage`` for spans.
    var stage: UInt8
}

extension FeatureTable {
    /// Frames of one trace, and different ones of all; time of further ones belongs to the frame above them.
    static let maximumPathsPerTrace = 96
    static let maximumPaths = 20_000

    /// Adds where a trace's time on the critical path belongs: to spans, and within these to stages.
    mutating func appendPaths(_ tree: TraceTree, _ inference: InferenceTree, _ breakdown: StageBreakdown, _ path: CriticalPath) {
        var nodes: [Int: Int] = [:]
        for (index, node) in inference.nodes.enumerated() { nodes[node.row] = index }
        var languageModels: [Int: String] = [:]
        for facts in breakdown.languageModels { languageModels[facts.row] = facts.model }
        var frames: [UInt32] = []
        frames.reserveCapacity(tree.rows.count)
        var seen: Set<UInt32> = []
        func frame(_ key: PathFrame) -> UInt32? {
            if let known = pathFrames.find(key), seen.contains(known) { return known }
            guard seen.count < Self.maximumPathsPerTrace, pathFrames.find(key) != nil || pathFrames.count < Self.maximumPaths else { return nil }
            let number = pathFrames.number(of: key)
            seen.insert(number)
            return number
        }
        for (row, place) in tree.rows.enumerated() {
            let span = tree.spans.entries[place.entry].span
            var model = languageModels[row] ?? ""
            if model.isEmpty, let node = nodes[row], inference.nodes[node].span.role == .model {
                model = ExecutionMember.identity(span, tree.resource(row), tree.serviceName(row)).model
            }
            let parent = place.parent >= 0 ? frames[place.parent] : PathFrame.none
            let key = PathFrame(
                parent: parent, service: strings.number(of: tree.serviceName(row)), name: strings.number(of: cut(span.name)),
                model: strings.number(of: cut(model)), stage: PathFrame.noStage
            )
            frames.append(frame(key) ?? parent)
        }
        var times: [UInt32: UInt64] = [:]
        var order: [UInt32] = []
        func add(_ time: UInt64, _ number: UInt32) {
            guard time > 0, number != PathFrame.none else { return }
            if times[number] == nil { order.append(number) }
            times[number, default: 0] += time
        }
        let start = tree.spans.startTime
        for piece in path.pieces {
            var rest = piece.duration
            let above = frames[piece.row]
            if let index = nodes[piece.row] {
                let node = inference.nodes[index]
                let range = TimeRange(start + piece.start, start + piece.start + piece.duration)
                for (stage, part) in node.stages {
                    let overlap = part.overlap(range)
                    guard overlap > 0, let below = frame(stageFrame(stage, above)) else { continue }
                    add(overlap, below)
                    rest -= overlap
                }
                if case .stage(let stage) = node.rest, rest > 0, let below = frame(stageFrame(stage, above)) {
                    add(rest, below)
                    rest = 0
                }
            }
            add(rest, above)
        }
        for number in order {
            paths.append(number)
            pathTimes.append(times[number] ?? 0)
        }
    }

    private mutating func stageFrame(_ stage: Stage, _ above: UInt32) -> PathFrame {
        let empty = strings.number(of: "")
        return PathFrame(parent: above, service: empty, name: strings.number(of: stage.rawValue), model: empty, stage: UInt8(stage.position))
    }

    func pathRange(_ index: Int) -> Range<Int> { Int(pathStarts[index])..<Int(pathStarts[index + 1]) }
}
