import Testing
import TraceQuery

@Suite("Gaps in the data")
struct DataGapsTests {
    private static let second: UInt64 = 1_000_000_000

    private func gaps(_ starts: [UInt64], lasting: UInt64 = 0, from begin: UInt64 = 0, first: UInt64? = nil) -> DataGaps {
        DataGaps(
            starts: starts.map { $0 * Self.second }, durations: starts.map { _ in lasting * Self.second }, from: begin * Self.second,
            first: first.map { $0 * Self.second })
    }

    private func ranges(_ starts: [UInt64], lasting: UInt64 = 0, from begin: UInt64 = 0, first: UInt64? = nil, until end: UInt64) -> [Range<UInt64>] {
        gaps(starts, lasting: lasting, from: begin, first: first)
            .ranges(until: end * Self.second).map { $0.lowerBound / Self.second..<$0.upperBound / Self.second }
    }

    @Test("steady requests that stop for a minute and a half and go on have one gap")
    func gap() {
        let starts = Array(100...200) + Array(290...400).reversed() as [UInt64]
        #expect(ranges(starts, from: 100, until: 401) == [200..<290])
        // Half a minute is none.
        #expect(ranges(Array(100...200) + Array(230...400), from: 100, until: 401).isEmpty)
    }

    @Test("of a link that was cut for a minute, the last seconds may have been kept by the sender")
    func cutForAMinute() {
        #expect(ranges(Array(100...200) + Array(253...400), from: 100, until: 401) == [200..<253])
    }

    @Test("silence between the bursts of a job that runs every minute is no gap, a burst that is missing is one")
    func bursts() {
        var bursts: [UInt64] = []
        for minute: UInt64 in 0..<60 where !(20...22).contains(minute) {
            for second: UInt64 in 0...4 { bursts += Array(repeating: minute * 60 + second, count: 20) }
        }
        let missing: Range<UInt64> = 1144..<1380
        #expect(ranges(bursts, until: 3600) == [missing])
        #expect(ranges(bursts.filter { $0 < 1200 }, until: 1200).isEmpty)
    }

    @Test("a request that lasts through a silence covers it")
    func covered() {
        #expect(ranges(Array(100...200) + [290], lasting: 100, from: 100, until: 300).isEmpty)
    }

    @Test("requests that are rare by nature leave no gaps")
    func rare() {
        #expect(ranges([0, 300, 700, 1000, 1250], until: 1300).isEmpty)
        #expect(ranges([5], until: 5000).isEmpty)
        #expect(ranges([], until: 5000).isEmpty)
    }

    @Test("nothing before the first request or after the last is a gap too, as far as time has come")
    func ends() {
        #expect(ranges(Array(500...600), from: 100, until: 900) == [100..<500, 600..<900])
        #expect(ranges(Array(500...600), from: 490, until: 630).isEmpty)
    }

    @Test("before the first request that ever was nothing is missing, and that is told apart")
    func beforeFirst() {
        let starts = Array(500...600) as [UInt64]
        #expect(ranges(starts, from: 100, first: 500, until: 900) == [600..<900])
        #expect(gaps(starts, from: 100, first: 500).beforeFirst == 100 * Self.second..<500 * Self.second)
        // Of a window that begins later, with requests that are missing at its start.
        #expect(ranges(starts, from: 100, first: 50, until: 601) == [100..<500])
        #expect(gaps(starts, from: 100, first: 50).beforeFirst == nil)
        #expect(gaps([], from: 100, first: 500).beforeFirst == 100 * Self.second..<500 * Self.second)
    }

    @Test("of a handful of requests nobody can say that they were steady")
    func few() {
        #expect(ranges(Array(500..<509), from: 100, until: 900).isEmpty)
        #expect(ranges(Array(500..<510), from: 100, until: 900) == [100..<500, 509..<900])
    }

    @Test("times at the ends of what fits trap nothing")
    func extremes() {
        let gaps = DataGaps(starts: [0, .max] + Array(1...8), durations: [.max, .max] + Array(repeating: 0, count: 8), from: 0, first: .max)
        #expect(gaps.ranges(until: .max).isEmpty)
        #expect(DataGaps().ranges(until: .max).isEmpty)
    }
}
