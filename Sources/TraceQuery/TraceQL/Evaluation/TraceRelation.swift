/// Joins two sets of spans of one trace by how they are related, in time linear in the trace.
enum TraceRelation {
    /// - Parameters:
    ///   - left: Ascending indices.
    ///   - right: Ascending indices.
    /// - Returns: ascending indices.
    static func join(_ left: [Int32], _ op: TraceQLSpansetOperator, _ right: [Int32], _ view: TraceView) -> [Int32] {
        switch op {
        case .and: return left.isEmpty || right.isEmpty ? [] : union(left, right)
        case .or: return union(left, right)
        default: break
        }
        if right.isEmpty { return [] }
        if left.isEmpty { return op.isNegated ? right : [] }
        let structure = view.structure
        let related = related(left, op.basic, structure)
        if op.isNegated { return right.filter { !related[Int($0)] } }
        let matching = right.filter { related[Int($0)] }
        guard op.isUnion, !matching.isEmpty else { return matching }
        // The other side of each pair: the same question the other way around.
        let inverse = self.related(right, op.basic.inverse, structure)
        return union(left.filter { inverse[Int($0)] }, matching)
    }

    /// For every span of the trace, whether one of `spans` stands in the relation to it.
    private static func related(_ spans: [Int32], _ op: TraceQLSpansetOperator, _ structure: TraceStructure) -> [Bool] {
        let count = structure.parent.count
        var result = [Bool](repeating: false, count: count)
        var isMember = result
        for span in spans where structure.isConnected[Int(span)] { isMember[Int(span)] = true }
        switch op {
        case .child:
            for span in structure.order {
                let parent = Int(structure.parent[Int(span)])
                if parent >= 0 { result[Int(span)] = isMember[parent] }
            }
        case .parent:
            for span in spans where isMember[Int(span)] {
                let parent = Int(structure.parent[Int(span)])
                if parent >= 0 { result[parent] = true }
            }
        case .descendant:
            for span in structure.order {
                let parent = Int(structure.parent[Int(span)])
                if parent >= 0 { result[Int(span)] = isMember[parent] || result[parent] }
            }
        case .ancestor:
            for span in structure.order.reversed() where isMember[Int(span)] || result[Int(span)] {
                let parent = Int(structure.parent[Int(span)])
                if parent >= 0 { result[parent] = true }
            }
        default:
            // Siblings: members among the children of each parent, the span itself not counted.
            var members = [Int32](repeating: 0, count: count)
            for span in spans where isMember[Int(span)] {
                let parent = Int(structure.parent[Int(span)])
                if parent >= 0 { members[parent] += 1 }
            }
            for span in structure.order {
                let parent = Int(structure.parent[Int(span)])
                if parent >= 0 { result[Int(span)] = members[parent] - (isMember[Int(span)] ? 1 : 0) > 0 }
            }
        }
        return result
    }

    private static func union(_ left: [Int32], _ right: [Int32]) -> [Int32] {
        if left.isEmpty { return right }
        if right.isEmpty { return left }
        var result: [Int32] = []
        result.reserveCapacity(left.count + right.count)
        var (i, j) = (0, 0)
        while i < left.count || j < right.count {
            if j == right.count || i < left.count && left[i] < right[j] {
                result.append(left[i])
                i += 1
            } else {
                if i < left.count, left[i] == right[j] { i += 1 }
                result.append(right[j])
                j += 1
            }
        }
        return result
    }
}

extension TraceQLSpansetOperator {
    var isNegated: Bool {
        switch self {
        case .notChild, .notParent, .notDescendant, .notAncestor, .notSibling: true
        default: false
        }
    }

    var isUnion: Bool {
        switch self {
        case .unionChild, .unionParent, .unionDescendant, .unionAncestor, .unionSibling: true
        default: false
        }
    }

    /// Without `!` and `&`.
    var basic: TraceQLSpansetOperator {
        switch self {
        case .and, .or, .child, .parent, .descendant, .ancestor, .sibling: self
        case .notChild, .unionChild: .child
        case .notParent, .unionParent: .parent
        case .notDescendant, .unionDescendant: .descendant
        case .notAncestor, .unionAncestor: .ancestor
        case .notSibling, .unionSibling: .sibling
        }
    }

    /// Of a basic operator: A op B is B inverse A.
    var inverse: TraceQLSpansetOperator {
        switch self {
        case .child: .parent
        case .parent: .child
        case .descendant: .ancestor
        case .ancestor: .descendant
        default: self
        }
    }
}
