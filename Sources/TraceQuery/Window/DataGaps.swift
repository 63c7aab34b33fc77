/// Times of which nothing at all is stored though requests were steady before: no requests came, or what brings them was broken.
///
/// Charts draw them as gaps, not as zeros: a zero would claim that somebody looked.
public struct DataGaps: Hashable, Sendable {
    /// Shorter ones are no gaps, nanoseconds. Less than a minute: of a link that was cut for one, what exporters had kept for some seconds comes after.
    public static let shortest: UInt64 = 40_000_000_000
    /// How many times the mean distance between two requests a gap is at least: by chance that happens once in e^10.
    public static let meanDistances: UInt64 = 10
    /// Where it is mostly silent because requests come in bursts, a gap is so many times as long as the usual silence.
    public static let usualSilences: UInt64 = 3
    /// Of fewer requests nobody can say that they were steady.
    public static let fewestRequests = 10
    /// Gaps that are told of at most.
    public static let maximumCount = 100

    /// The time before the first span that was ever stored, as far as it is known: nothing is missing there.
    public private(set) var beforeFirst: Range<UInt64>?
    /// By time.
    private var closed: [Range<UInt64>] = []
    /// Up to here there is data.
    private var covered = UInt64.max
    private var least = UInt64.max

    public init() {}

    /// - Parameters:
    ///   - starts: When each trace began, and `durations` how long it took; in any order.
    ///   - begin: From when on the times are known.
    ///   - first: When the first span began that was ever stored; `nil` when there may have been others that are gone.
    public init(starts: [UInt64], durations: [UInt64], from begin: UInt64, first: UInt64? = nil) {
        if let first, first > begin { beforeFirst = begin..<first }
        guard starts.count >= Self.fewestRequests, starts.count == durations.count else { return }
        let order = starts.indices.sorted { starts[$0] < starts[$1] }
        let distance = (starts[order[order.count - 1]] - starts[order[0]]) / UInt64(order.count - 1)
        let (product, overflow) = distance.multipliedReportingOverflow(by: Self.meanDistances)
        least = overflow ? .max : max(Self.shortest, product)
        covered = beforeFirst?.upperBound ?? begin
        var silences: [Range<UInt64>] = []
        for index in order {
            if starts[index] > covered, starts[index] - covered >= least / 2 { silences.append(covered..<starts[index]) }
            let (end, overflow) = starts[index].addingReportingOverflow(durations[index])
            covered = max(covered, overflow ? .max : end)
        }
        if let usual = Self.usual(silences, within: starts[order[order.count - 1]] - starts[order[0]]) {
            let (product, overflow) = usual.multipliedReportingOverflow(by: Self.usualSilences)
            least = overflow ? .max : max(least, product)
        }
        closed = silences.filter { $0.upperBound - $0.lowerBound >= least }
    }

    /// How long it is silent as a rule: when some silences take more than half of the time, as between the bursts of a job that runs every minute.
    private static func usual(_ silences: [Range<UInt64>], within span: UInt64) -> UInt64? {
        let lengths = silences.map { $0.upperBound - $0.lowerBound }.sorted()
        guard lengths.count > 3, lengths.reduce(0, +) > span / 2 else { return nil }
        return lengths[lengths.count / 2]
    }

    /// The gaps up to a time, by time; the last one may reach up to it.
    public func ranges(until end: UInt64) -> [Range<UInt64>] {
        let open = end > covered && end - covered >= least ? [covered..<end] : []
        return (closed + open).suffix(Self.maximumCount)
    }
}
