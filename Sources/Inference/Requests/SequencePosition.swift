/// Where a request stands in a sequence of them: Triton's sequence extension.
public struct SequencePosition: Hashable, Sendable {
    /// Names the sequence.
    public enum ID: Hashable, Sendable {
        case number(UInt64)
        case text(String)
    }

    public var id: ID
    public var isStart: Bool
    public var isEnd: Bool

    public init(id: ID, isStart: Bool = false, isEnd: Bool = false) {
        self.id = id
        self.isStart = isStart
        self.isEnd = isEnd
    }
}
