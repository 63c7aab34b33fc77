/// A long text that is made piece by piece, so that it is never whole in memory.
public protocol PiecewiseText: Sendable {
    /// The next piece; `nil` after the last one.
    ///
    /// - Parameter size: How many bytes it should have. It may have fewer, and more by what cannot be divided, such as a span.
    mutating func next(size: Int) -> [UInt8]?
}
