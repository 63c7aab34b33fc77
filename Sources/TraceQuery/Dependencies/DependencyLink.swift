/// Calls from one service to another.
public struct DependencyLink: Hashable, Sendable {
    public var parent: String
    public var child: String
    public var callCount: Int
    /// Calls that failed.
    public var errorCount: Int

    public init(parent: String, child: String, callCount: Int, errorCount: Int = 0) {
        self.parent = parent
        self.child = child
        self.callCount = callCount
        self.errorCount = errorCount
    }
}
