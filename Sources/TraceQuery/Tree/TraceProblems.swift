internal import TraceModel

/// What is unusual about the spans of a trace, and which spans that is about.
public struct TraceProblem: Hashable, Sendable {
    public enum Kind: String, Hashable, Sendable, CaseIterable {
        case missingParent
        case cycle
        case repeatedSpan
        case duplicateID
        case negativeDuration
        case startsBeforeParent
        case endsAfterParent

        /// What comes behind the number of spans.
        fileprivate func words(_ isOne: Bool) -> String {
            switch self {
            case .missingParent: isOne ? "span has a parent that is not here" : "spans have parents that are not here"
            case .cycle: isOne ? "span is its own ancestor: the circle was cut there" : "spans are their own ancestors: the circles were cut there"
            case .repeatedSpan: isOne ? "span arrived twice and is shown once" : "spans arrived more than once and are shown once"
            case .duplicateID: isOne ? "span has the id of another one" : "spans share their ids with others"
            case .negativeDuration: isOne ? "span ends before it starts and is shown without length" : "spans end before they start and are shown without length"
            case .startsBeforeParent: isOne ? "span starts before its parent" : "spans start before their parents"
            case .endsAfterParent: isOne ? "span ends after its parent" : "spans end after their parents"
            }
        }
    }

    public var kind: Kind
    /// The number of spans.
    public var count: Int
    /// Rows of the first of them, in order; copies that were left out have none.
    public var rows: [Int]

    /// Rows that are told of, at most.
    public static let maximumRows = 100

    public var text: String { "\(count) \(kind.words(count == 1))" }
}

extension TraceTree {
    /// Times are told in microseconds by some senders: less than that is no problem.
    private static var tolerance: UInt64 { 2_000 }

    /// - Parameter skew: Spans whose clock is to blame for where they lie are not told of here.
    public func problems(_ skew: ClockSkew) -> [TraceProblem] {
        var found: [TraceProblem.Kind: TraceProblem] = [:]
        func note(_ kind: TraceProblem.Kind, _ row: Int) {
            found[kind, default: TraceProblem(kind: kind, count: 0, rows: [])].count += 1
            if let problem = found[kind], problem.rows.count < TraceProblem.maximumRows { found[kind]?.rows.append(row) }
        }
        let isSkewed = Set(skew.hops.map(\.row))
        for (row, place) in rows.enumerated() {
            let span = span(row)
            if place.isOrphan { note(.missingParent, row) }
            if place.isCycleCut { note(.cycle, row) }
            if sharesID(place.entry) { note(.duplicateID, row) }
            if span.endTime < span.startTime { note(.negativeDuration, row) }
            guard place.parent >= 0, !isSkewed.contains(row), span.startTime > 0, span.endTime >= span.startTime else { continue }
            let parent = self.span(place.parent)
            // What a queue holds back runs later than the one who put it there, by nature.
            guard parent.startTime > 0, parent.endTime >= parent.startTime, span.kind != .consumer, parent.kind != .producer else { continue }
            if parent.startTime > span.startTime, parent.startTime - span.startTime > Self.tolerance { note(.startsBeforeParent, row) }
            if span.endTime > parent.endTime, span.endTime - parent.endTime > Self.tolerance { note(.endsAfterParent, row) }
        }
        if spans.removedCopies > 0 { found[.repeatedSpan] = TraceProblem(kind: .repeatedSpan, count: spans.removedCopies, rows: []) }
        return TraceProblem.Kind.allCases.compactMap { found[$0] }
    }

    /// Whether another span has the same id. A call's two sides may share one: Zipkin has it so.
    private func sharesID(_ entry: Int) -> Bool {
        let id = spans.entries[entry].span.spanID
        guard let first = spans.firstEntryByID[id], first != entry || spans.nextEntryOfSameID[entry] >= 0 else { return false }
        let second = spans.nextEntryOfSameID[first]
        guard second >= 0, spans.nextEntryOfSameID[second] < 0 else { return true }
        return Set([spans.entries[first].span.kind, spans.entries[second].span.kind]) != [.client, .server]
    }
}
