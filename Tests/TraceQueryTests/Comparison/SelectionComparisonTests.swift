import Testing
import TraceModel

@testable import TraceQuery

@Suite("Two selections")
struct SelectionComparisonTests {
    /// Requests of two versions: the second one infers 15 % longer; queues are alike.
    private let features: FeatureTable = {
        var random = SplitMix64(state: 7)
        return TraceWindow(
            (1...400 as ClosedRange<UInt64>).map { number in
                let queue = number * 1_000_000_000
                let infer = UInt64.random(in: 18_000_000...22_000_000, using: &random)
                return Execution(
                    trace: number, queue: queue, start: queue + UInt64.random(in: 1_000_000...9_000_000, using: &random),
                    infer: number.isMultiple(of: 2) ? infer * 115 / 100 : infer, version: number.isMultiple(of: 2) ? 4 : 3
                ).tree
            }
        ).features
    }()

    private func side(_ filter: String) throws -> SelectionComparison.Selection {
        SelectionComparison.Selection(features, isIncluded: features.select(try TraceFilter(filter)))
    }

    @Test("only the stage that differs is certain, and its interval holds the truth")
    func planted() throws {
        let comparison = SelectionComparison(try side("version:3"), try side("version:4"))
        #expect(comparison.left.traceCount == 200)
        #expect(comparison.right.traceCount == 200)
        let infer = try #require(comparison.rows.first { $0.stage == .infer })
        #expect(infer.differences.map(\.measure) == [.mean, .p50, .p95, .p99])
        #expect(infer.differences[0].isCertain)
        #expect(infer.differences[0].low < 3_000_000 && infer.differences[0].high > 3_000_000)
        let queue = try #require(comparison.rows.first { $0.stage == .queue })
        #expect(queue.differences.allSatisfy { !$0.isCertain })
        #expect(queue.differences.allSatisfy { $0.low <= $0.difference && $0.difference <= $0.high })
        #expect(comparison.rows[0].stage == nil)
        #expect(comparison.sentences.count == 2)
        #expect(comparison.sentences[1].contains("infer +"))
        #expect(comparison.left.exemplars.map(\.measure) == [.p50, .p95, .p99])
        #expect(comparison.left.histogram.reduce(0, +) == 200)
    }

    @Test("the same question has the same answer; the other way round it has the other sign")
    func turned() throws {
        let one = SelectionComparison(try side("version:3"), try side("version:4"))
        #expect(one == SelectionComparison(try side("version:3"), try side("version:4")))
        let other = SelectionComparison(try side("version:4"), try side("version:3"))
        for (left, right) in zip(one.rows, other.rows) {
            #expect(left.stage == right.stage)
            for (a, b) in zip(left.differences, right.differences) { #expect(a.difference == -b.difference) }
        }
        #expect(one.right == other.left)
    }

    @Test("against itself nothing differs")
    func same() throws {
        let comparison = SelectionComparison(try side("version:3"), try side("version:3"))
        #expect(comparison.rows.allSatisfy { $0.differences.allSatisfy { $0.difference == 0 && !$0.isCertain } })
        #expect(comparison.sentences.last == "No stage differs with any certainty.")
    }

    @Test("an empty side, and one trace a side")
    func edges() throws {
        let empty = SelectionComparison(try side("version:9"), try side("version:4"))
        #expect(empty.rows.isEmpty)
        #expect(empty.left.traceCount == 0)
        #expect(empty.right.durations.count == 4)
        let (one, other) = (features.traceIDs[0], features.traceIDs[1])
        let single = SelectionComparison(try side("trace:\(one)"), try side("trace:\(other)"))
        #expect(single.rows.count > 1)
        #expect(single.rows.allSatisfy { $0.differences.allSatisfy { $0.low == $0.difference && $0.high == $0.difference } })
    }

    @Test("quantiles by weight")
    func weights() {
        let values = WeightedValues([(10, 1), (20, 1), (30, 8)])
        #expect(values.measure(.p50) == 30)
        #expect(values.measure(.mean) == 27)
        #expect(WeightedValues([(10, 1), (20, 1)]).measure(.p50) == 10)
        #expect(WeightedValues([]).measure(.p99) == 0)
    }
}
