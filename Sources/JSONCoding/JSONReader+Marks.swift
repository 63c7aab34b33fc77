extension JSONReader {
    /// A place within the text to come back to.
    public struct Mark: Sendable {
        let position: Int
        let depth: Int
        let isFirst: Bool
    }

    /// Where the reader stands; good until the value around has ended.
    public var mark: Mark { Mark(position: position, depth: depth, isFirst: isFirst) }

    /// Goes back to a place, to read it in another way or to ``skip()`` what could not be read.
    public mutating func rewind(to mark: Mark) {
        position = mark.position
        depth = mark.depth
        isFirst = mark.isFirst
    }
}
