internal import TraceModel

/// How two traces differ in structure: which spans are in both, which in one alone.
///
/// Two spans are the same step when their parents are, and they are of one service and name; of several such siblings the first in time
/// stands against the first, and so on. Built without recursion, so that a chain of any depth works.
public struct TraceDifference: Hashable, Sendable {
    public enum Change: String, Hashable, Sendable {
        /// In both traces.
        case same
        /// In the first trace alone.
        case removed
        /// In the second trace alone.
        case added
    }

    /// A step of one or both traces, in depth-first order.
    public struct Row: Hashable, Sendable {
        /// Row in the first trace's tree.
        public var first: Int?
        /// Row in the second trace's tree.
        public var second: Int?
        /// 0 at the top level.
        public var depth: Int
        /// Another step of the same parent follows.
        public var hasNextSibling: Bool

        public var change: Change { second == nil ? .removed : first == nil ? .added : .same }
    }

    private struct Step: Hashable {
        var service: String
        var name: String
    }

    public private(set) var rows: [Row] = []

    /// Steps that are in one trace alone.
    public var changedCount: Int { rows.count { $0.change != .same } }

    public init(_ first: TraceTree, _ second: TraceTree) {
        rows.reserveCapacity(max(first.rows.count, second.rows.count))
        var stack = Self.level(first, nil, second, nil, isTop: true, depth: 0)
        while let row = stack.popLast() {
            rows.append(row)
            stack += Self.level(first, row.first, second, row.second, isTop: false, depth: row.depth + 1)
        }
    }

    /// The children of a step, the last first.
    private static func level(_ first: TraceTree, _ firstParent: Int?, _ second: TraceTree, _ secondParent: Int?, isTop: Bool, depth: Int) -> [Row] {
        let firstChildren = isTop ? first.children(of: nil) : firstParent.map { first.children(of: $0) } ?? []
        let secondChildren = isTop ? second.children(of: nil) : secondParent.map { second.children(of: $0) } ?? []
        // For each kind of step the second trace's, the last first.
        var candidates: [Step: [Int]] = [:]
        for child in secondChildren.reversed() { candidates[step(second, child), default: []].append(child) }
        var rows: [Row] = []
        var matched: Set<Int> = []
        for child in firstChildren {
            let partner = candidates[step(first, child)]?.popLast()
            if let partner { matched.insert(partner) }
            rows.append(Row(first: child, second: partner, depth: depth, hasNextSibling: true))
        }
        for child in secondChildren where !matched.contains(child) {
            rows.append(Row(first: nil, second: child, depth: depth, hasNextSibling: true))
        }
        if let last = rows.indices.last { rows[last].hasNextSibling = false }
        return rows.reversed()
    }

    private static func step(_ tree: TraceTree, _ row: Int) -> Step {
        Step(service: tree.serviceName(row), name: tree.span(row).name)
    }
}

extension TraceTree {
    /// The rows right below a row, or those of the top level.
    func children(of parent: Int?) -> [Int] {
        var children: [Int] = []
        var row = parent.map { $0 + 1 } ?? 0
        let end = parent.map { $0 + rows[$0].descendantCount + 1 } ?? rows.count
        while row < end {
            children.append(row)
            row += rows[row].descendantCount + 1
        }
        return children
    }
}
