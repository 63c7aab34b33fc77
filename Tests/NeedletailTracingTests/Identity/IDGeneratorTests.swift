import NeedletailTracing
import Testing
import TraceModel

struct IDGeneratorTests {
    @Test("Ids are valid and do not repeat, over several threads")
    func unique() async {
        let lists = await withTaskGroup(of: [UInt64].self) { group in
            for _ in 0..<4 { group.addTask { (0..<10_000).map { _ in IDGenerator.spanID().value } } }
            return await group.reduce(into: []) { $0 += $1 }
        }
        #expect(Set(lists).count == 40_000)
        #expect(!lists.contains(0))
        let traces = (0..<10_000).map { _ in IDGenerator.traceID() }
        #expect(Set(traces).count == 10_000)
        #expect(traces.allSatisfy { $0.isValid })
    }

    @Test("Each bit is set in about half of the ids")
    func uniform() {
        var counts = [Int](repeating: 0, count: 192)
        for _ in 0..<20_000 {
            let trace = IDGenerator.traceID()
            for (word, value) in [trace.high, trace.low, IDGenerator.spanID().value].enumerated() {
                for bit in 0..<64 where value >> UInt64(bit) & 1 == 1 { counts[word * 64 + bit] += 1 }
            }
        }
        // 10,000 expected, standard deviation 71: eight of them away never happens by chance.
        #expect(counts.allSatisfy { (9_430...10_570).contains($0) })
    }

    @Test("The clock gives nanoseconds of our time")
    func clock() {
        let now = WallClock.now()
        #expect((1_600_000_000_000_000_000...4_000_000_000_000_000_000).contains(now))
        #expect(WallClock.now() >= now)
    }
}
