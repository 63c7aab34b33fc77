/// The lines of a tree in front of its rows, followed row by row.
struct TreeGuides {
    /// For each level down to the current row's: another sibling follows.
    private var follows: [Bool] = []

    /// Moves on to a row; rows come parents first.
    mutating func enter(depth: Int, hasNextSibling: Bool) {
        follows.removeLast(max(0, follows.count - depth))
        follows.append(hasNextSibling)
    }

    /// `│ ├ ` in front of a name; nothing at the top level. Trees deeper than there is room for show their depth instead.
    func lead(within room: Int) -> String {
        let depth = follows.count - 1
        guard depth > 0 else { return "" }
        if depth * 2 > room { return deep(depth) }
        return follows[1..<depth].map { $0 ? "│ " : "  " }.joined() + (follows[depth] ? "├ " : "└ ")
    }

    /// In front of further lines of the same row.
    func continued(isParent: Bool, within room: Int) -> String {
        let depth = follows.count - 1
        let below = isParent ? "│ " : "  "
        if depth <= 0 { return below }
        if depth * 2 > room { return String(repeating: " ", count: deep(depth).count) + "  " }
        return follows[1...depth].map { $0 ? "│ " : "  " }.joined() + below
    }

    private func deep(_ depth: Int) -> String { "└…\(depth) " }
}
