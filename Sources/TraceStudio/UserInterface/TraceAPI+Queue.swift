internal import JSONCoding
internal import TraceModel
internal import TraceQuery
internal import TraceStore

/// `/api/ui/trace/{id}/queue`: what each request of a trace waited for, told from all executions around it.
extension TraceAPI {
    /// Waits that are looked at, the longest of a trace.
    static let maximumWaits = 64
    /// How long a time of a server is read at once, nanoseconds.
    private static let maximumReach: UInt64 = 3 * surroundings

    /// - Parameters:
    ///   - tree: The trace as it came: others are compared with it.
    ///   - shaped: What the reader sees of it.
    func queue(_ tree: TraceTree, shaped: TraceTree) async throws -> [UInt8] {
        let shown = Set(ExecutionMember.all(in: shaped, weight: TraceWeight(shaped)).map(\.spanID))
        let waiting = ExecutionMember.all(in: tree, weight: TraceWeight(tree)).filter { shown.contains($0.spanID) && $0.queueTime ?? 0 > 0 }
            .sorted { ($1.queueTime ?? 0, $0.spanID) < ($0.queueTime ?? 0, $1.spanID) }
        var blocked: [SpanID: [QueueBreakdown.Blocked]] = [:]
        var obstacles: [SpanID: QueueObstacle] = [:]
        for member in waiting.dropFirst(Self.maximumWaits) { obstacles[member.spanID] = .tooMany }
        for group in Self.near(Array(waiting.prefix(Self.maximumWaits))) {
            let around = try await neighbours(of: group)
            for member in group {
                do throws(QueueObstacle) {
                    let executions = around.batches.filter { $0.identity == member.identity }
                    blocked[member.spanID] = try QueueContext(executions, isWhole: around.isWhole, for: member).blocked(member)
                } catch {
                    obstacles[member.spanID] = error
                }
            }
        }
        let breakdown = QueueBreakdown(shaped, blocked: blocked)
        return JSONWriter.document { writer in
            writer.field("noInstanceNano", breakdown.noInstance)
            writer.field("batchWaitNano", breakdown.batchWait)
            writer.array("pieces", breakdown.pieces) { writer, piece in
                writer.object {
                    $0.field("row", piece.row)
                    $0.field("stage", piece.isBatchWait ? "batch" : "instance")
                    $0.field("start", piece.start)
                    $0.field("duration", piece.duration)
                }
            }
            writer.array("unknown", Self.unknown(shaped, breakdown, obstacles)) { writer, one in
                writer.object {
                    $0.field("row", one.row)
                    $0.field("reason", one.obstacle.rawValue)
                    $0.field("text", Self.text(one.obstacle))
                }
            }
        }
    }

    /// Requests to one server that lie so near to each other that what is around them is read at once.
    private static func near(_ members: [ExecutionMember]) -> [[ExecutionMember]] {
        var groups: [[ExecutionMember]] = []
        for (_, ofOne) in Dictionary(grouping: members, by: \.identity.service).sorted(by: { $0.key < $1.key }) {
            var first: UInt64 = 0
            var group: [ExecutionMember] = []
            for member in ofOne.sorted(by: { arrival($0) < arrival($1) }) {
                if !group.isEmpty, member.start - min(first, member.start) > maximumReach {
                    groups.append(group)
                    group = []
                }
                if group.isEmpty { first = arrival(member) }
                group.append(member)
            }
            groups.append(group)
        }
        return groups
    }

    /// Rows with a wait that stays whole, and why.
    private static func unknown(_ tree: TraceTree, _ breakdown: QueueBreakdown, _ obstacles: [SpanID: QueueObstacle]) -> [(row: Int, obstacle: QueueObstacle)] {
        let told = Set(breakdown.pieces.map(\.row))
        var byModel: [Int: QueueObstacle] = [:]
        if !obstacles.isEmpty {
            for row in tree.rows.indices {
                if let obstacle = obstacles[tree.span(row).spanID], tree.rows[row].parent >= 0 { byModel[tree.rows[row].parent] = obstacle }
            }
        }
        let waits = Set(StageBreakdown(tree).segments.lazy.filter { $0.stage == .queue }.map(\.row)).subtracting(told)
        return waits.sorted().map { ($0, byModel[$0] ?? .noExecution) }
    }

    private static func text(_ obstacle: QueueObstacle) -> String {
        switch obstacle {
        case .unnumbered: "its server does not number its executions, so that one could be missing unseen"
        case .missing: "not every execution of the model on its server is here: some were not sampled, were lost, or are still on their way"
        case .crowded: "more than \(maximumNeighbours) traces lie around it"
        case .tooMany: "only the \(maximumWaits) longest waits of a trace are looked at"
        case .noExecution: "no execution is told that it waited for"
        }
    }
}
