/// How long commits took: a histogram of milliseconds.
public struct CommitTimes: Hashable, Sendable {
    /// The greatest value of each bucket but the last, which takes the rest; in milliseconds.
    public static let bounds: [Double] = [1, 2, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10_000]

    /// How many commits each bucket has; one more than ``bounds``.
    public private(set) var counts = [UInt64](repeating: 0, count: bounds.count + 1)
    /// The sum in milliseconds.
    public private(set) var sum = 0.0

    public init() {}

    mutating func add(_ time: Duration) {
        let milliseconds = time / .milliseconds(1)
        counts[Self.bounds.firstIndex { milliseconds <= $0 } ?? Self.bounds.count] += 1
        sum += milliseconds
    }
}
