/// Remembers trouble that comes in rows, so that a row is told when it begins and when it has been over for a while.
struct EpisodeLog {
    /// Without trouble for this long, a row has ended.
    static let calm: Duration = .seconds(10)

    private var last: ContinuousClock.Instant?
    private var count = 0

    /// - Returns: whether a row begins.
    mutating func trouble(_ count: Int = 1, at now: ContinuousClock.Instant = .now) -> Bool {
        defer { last = now }
        self.count += count
        return last == nil
    }

    /// - Parameter isFinal: do not wait for calm.
    /// - Returns: how much trouble there was, once, when a row has ended.
    mutating func ended(at now: ContinuousClock.Instant = .now, isFinal: Bool = false) -> Int? {
        guard let last, isFinal || last.duration(to: now) >= Self.calm else { return nil }
        defer { self = EpisodeLog() }
        return count
    }
}
