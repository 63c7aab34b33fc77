import Testing
import TraceModel

@testable import TraceQuery

@Suite("Traces merged by path")
struct PathAggregateTests {
    private func all(_ features: FeatureTable) -> [Bool] { [Bool](repeating: true, count: features.count) }

    @Test("frames add up, stages lie below their spans, and the widest comes first")
    func merged() throws {
        // Queue 10 ms; copying 100 ns; infer 20 ms for one half, 40 ms for the other.
        let window = TraceWindow(
            (1...40 as ClosedRange<UInt64>).map { number in
                Execution(trace: number, queue: number * 1_000_000_000, start: number * 1_000_000_000 + 10_000_000, infer: number > 20 ? 40_000_000 : 20_000_000).tree
            }
        )
        let features = window.features
        let aggregate = PathAggregate(features, selected: all(features), isIncluded: all(features))
        #expect(aggregate.traceCount == 40)
        #expect(abs(aggregate.mean - (10_000_000 + 30_000_000 + 300)) < 1)
        let top = aggregate.frames.filter { $0.parent == nil }
        #expect(top.map(\.name) == ["InferRequest"])
        #expect(abs(top[0].total - aggregate.mean) < 1)
        #expect(top[0].share == 1)
        for (place, frame) in aggregate.frames.enumerated() {
            let below = aggregate.frames.filter { $0.parent == place }
            // Frames that were too thin are the only ones that may be missing.
            #expect(frame.total - frame.own - below.reduce(0) { $0 + $1.total } < aggregate.mean * 0.002)
            #expect(below.map(\.total) == below.map(\.total).sorted(by: >))
        }
        let model = try #require(aggregate.frames.first { $0.model == "m" })
        #expect(model.service == "triton")
        let infer = try #require(aggregate.frames.first { $0.stage == .infer })
        #expect(abs(infer.total - 30_000_000) < 1)
        #expect(infer.parent.map { aggregate.frames[$0].name } == "compute")
        let queue = try #require(aggregate.frames.first { $0.stage == .queue })
        #expect(abs(queue.total - 10_000_000) < 1)
        #expect(queue.parent.map { aggregate.frames[$0].name } == "m")
        #expect(!infer.exemplars.isEmpty)
    }

    @Test("a band of the selection is set against all others", arguments: [(PathAggregate.Band.p50, 50), (.p95, 95), (.p99, 100)] as [(PathAggregate.Band, UInt64)])
    func bands(band: PathAggregate.Band, expected: UInt64) {
        // Trace n infers n ms.
        let window = TraceWindow(
            (1...100 as ClosedRange<UInt64>).map { number in
                Execution(trace: number, queue: number * 1_000_000_000, start: number * 1_000_000_000, infer: number * 1_000_000).tree
            }
        )
        let aggregate = PathAggregate(window.features, selected: all(window.features), isIncluded: all(window.features), band: band)
        #expect(aggregate.shortest <= expected * 1_000_000 + 300)
        #expect(aggregate.longest >= expected * 1_000_000)
        #expect(aggregate.traceCount < 15)
        #expect(aggregate.traceCount + aggregate.baselineTraceCount == 100)
        let frame = aggregate.frames.first { $0.stage == .infer }
        #expect(abs((frame?.total ?? 0) - Double(expected) * 1_000_000) < 3_000_000)
        #expect(abs((frame?.baseline ?? 0) - 50_000_000) < 3_000_000)
    }

    @Test("nothing, one trace, and weights")
    func edges() {
        let one = TraceWindow([Execution(trace: 1, queue: 0, start: 5).tree]).features
        #expect(PathAggregate(one, selected: [false], isIncluded: [true]).frames.isEmpty)
        #expect(PathAggregate(one, selected: [true], isIncluded: [false]).traceCount == 0)
        let single = PathAggregate(one, selected: [true], isIncluded: [true], band: .p99)
        #expect(single.traceCount == 1)
        #expect(single.baselineMean == 0)
        let weighted = TraceWindow([
            Execution(trace: 1, queue: 0, start: 0, infer: 1_000_000, traceState: "ot=th:c").tree, Execution(trace: 2, queue: 0, start: 0, infer: 5_000_000).tree,
        ]).features
        let aggregate = PathAggregate(weighted, selected: [true, true], isIncluded: [true, true])
        #expect(aggregate.count == 5)
        let infer = aggregate.frames.first { $0.stage == .infer }
        #expect(abs((infer?.total ?? 0) - 1_800_000) < 1)
    }

    @Test("a trace with more paths than are kept loses no time")
    func bounded() {
        let spans = (1...300 as ClosedRange<UInt64>).map { span($0, parent: $0 == 1 ? nil : 1, "call \($0)", start: $0 == 1 ? 1_000 : 1_000 + $0 * 10, end: $0 == 1 ? 5_000 : 1_010 + $0 * 10) }
        let features = TraceWindow([tree(spans)]).features
        let aggregate = PathAggregate(features, selected: [true], isIncluded: [true])
        #expect(aggregate.frames.count <= FeatureTable.maximumPathsPerTrace)
        #expect(aggregate.frames.first?.total == 4_000)
    }
}
