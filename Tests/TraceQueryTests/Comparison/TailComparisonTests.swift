import Testing
import TraceModel

@testable import TraceQuery

@Suite("Selection against baseline")
struct TailComparisonTests {
    /// 200 requests, of which those on host `bad` infer 30 ms longer, one in four.
    private func window(weighted: Bool = false) -> TraceWindow {
        TraceWindow(
            (1...200 as ClosedRange<UInt64>).map { number in
                let isBad = number % 4 == 0
                return Execution(
                    trace: number, queue: number * 2_000_000_000, start: number * 2_000_000_000 + number * 10_000, infer: (isBad ? 40_000_000 : 10_000_000) + number,
                    host: isBad ? "bad" : "h\(number % 3)", compute: [Attribute("rows", .int(isBad ? 20 + Int64(number % 7) : Int64(number % 18)))],
                    root: [Attribute("client", number % 2 == 0 ? "x" : "y"), Attribute("request", .string("id-\(number)"))],
                    traceState: weighted ? "ot=th:8" : ""
                ).tree
            }
        )
    }

    @Test("the planted cause is first, ids are hidden, contributions add up to the gap", arguments: [false, true])
    func planted(weighted: Bool) throws {
        let features = window(weighted: weighted).features
        let comparison = TailComparison(features, selected: features.select(try TraceFilter("duration>30ms")))
        #expect(comparison.selection.traceCount == 50)
        #expect(comparison.baseline.traceCount == 150)
        #expect(comparison.selection.count == (weighted ? 100 : 50))
        let best = try #require(comparison.ranked.first)
        #expect(best.key == "host")
        #expect(best.value == "bad")
        #expect(best.selectionShare == 1)
        #expect(best.baselineShare == 0)
        #expect(best.score == 1)
        #expect(best.z > 13)
        let rows = try #require(comparison.ranked.first { $0.key == "compute.rows" })
        #expect(rows.value == "> 17")
        #expect(rows.score == 1)
        #expect(rows.numeric?.selection.reduce(0, +) == 50)
        // Every fourth is even: `client` differs, too, but less. Even numbers are a third of the baseline.
        let client = try #require(comparison.ranked.first { $0.key == "root.client" && $0.value == "x" })
        #expect(abs(client.score - 2.0 / 3) < 1e-9)
        #expect(comparison.hiddenKeys.contains("root.request"))
        #expect(abs(comparison.stages.reduce(0) { $0 + $1.difference } - comparison.gap) < 1)
        #expect(abs(comparison.operations.reduce(0) { $0 + $1.difference } - comparison.gap) < 1)
        let infer = try #require(comparison.stages.first { $0.name == "infer" })
        #expect(abs(infer.difference - 30_000_000) < 100)
        #expect(comparison.sentences.count == 2)
        #expect(comparison.sentences[0].contains("30 ms of it is infer"))
        #expect(comparison.sentences[1].hasPrefix("host = bad goes with the selection: 100 % of it, 0 % of the rest."))
        #expect(comparison.selection.exemplars.count == 3)
    }

    @Test("what says the same is told once")
    func aliases() throws {
        let features = window().features
        let comparison = TailComparison(features, selected: features.select(try TraceFilter("duration>30ms")))
        let host = try #require(comparison.ranked.first)
        #expect(host.key == "host")
        #expect(host.aliases.contains("resource.host.name = bad"))
        #expect(!comparison.ranked.contains { $0.key == "resource.host.name" && $0.value == "bad" })
    }

    @Test("differences by chance are not told of")
    func chance() throws {
        let features = window().features
        var random = SplitMix64(state: 5)
        let comparison = TailComparison(features, selected: (0..<200).map { _ in Bool.random(using: &random) })
        #expect(comparison.ranked.isEmpty)
    }

    @Test("nothing selected, and everything")
    func empty() {
        let features = window().features
        #expect(TailComparison(features, selected: [Bool](repeating: false, count: 200)).sentences == ["No trace is in the selection."])
        #expect(TailComparison(features, selected: [Bool](repeating: true, count: 200)).ranked.isEmpty)
    }

    @Test("two proportions by hand")
    func proportions() {
        // 40 of 50 against 30 of 150: pooled 0.35, deviation 0.0779, difference 0.6.
        #expect(abs(AttributeRanking.z(40, 50, 30, 150) - 0.6 / 0.077_888_8) < 0.001)
        #expect(AttributeRanking.z(0, 0, 1, 2) == 0)
        #expect(AttributeRanking.z(5, 5, 7, 7) == 0)
    }

    @Test("spans that only one side has")
    func structure() throws {
        let trees = (1...40 as ClosedRange<UInt64>).map { number -> TraceTree in
            let id = TraceID(high: 9, low: number)
            func make(_ span: Span) -> Span {
                var span = span
                span.traceID = id
                return span
            }
            var spans = [make(span(1, "root", start: 1000, end: number > 20 ? 3000 : 2000))]
            if number > 20 { spans.append(make(span(2, parent: 1, "retry", start: 1500, end: 2900))) }
            return TraceTree(traceID: id, batch: batch(("s", spans)))
        }
        let features = TraceWindow(trees).features
        let comparison = TailComparison(features, selected: features.durations.map { $0 > 1500 })
        #expect(comparison.structure.map { "\($0.name) \($0.selectionShare) \($0.baselineShare)" } == ["retry 1.0 0.0"])
        let retry = try #require(comparison.operations.first)
        #expect("\(retry.name) \(retry.difference)" == "retry 1400.0")
        #expect(comparison.gap == 1000)
    }
}

@Suite("Windows of traces")
struct TraceWindowTests {
    @Test("heatmap: cells hold counts, errors and at most four examples; columns hold percentiles")
    func heatmap() throws {
        let features = TraceWindow((1...20).map { Execution(trace: $0, queue: $0 * 1_000, start: $0 * 1_000 + 10_000, status: $0 == 3 ? .error("x") : SpanStatus()).tree }).features
        let map = DurationHeatmap(features, window: Execution.base...(Execution.base + 99_999), columns: 10, rows: 5)
        #expect(map.columnWidth == 10_000)
        #expect(map.cells.reduce(0) { $0 + $1.traceCount } == 20)
        #expect(map.cells.allSatisfy { $0.examples.count == min($0.traceCount, 4) })
        #expect(map.cells.reduce(0) { $0 + $1.errors } == 1)
        #expect(map.columns.map(\.count) == [9, 10, 1, 0, 0, 0, 0, 0, 0, 0])
        #expect(map.columns[3].p50 == nil)
        // 10,000 ns of queue, 1,200 of compute, 100 more.
        let p50 = try #require(map.columns[0].p50)
        #expect(abs(Double(p50) - 11_300) < 120)
    }

    @Test("requests that had to wait for a cold start are cold too; those that waited a moment are not")
    func held() {
        // The first execution takes 500 ms; the second request waits for it, the third one comes at its very end.
        var executions = (3...30 as ClosedRange<UInt64>).map { Execution(trace: $0, queue: $0 * 1_000_000_000, start: $0 * 1_000_000_000 + 100, infer: 1_000_000) }
        executions.append(Execution(trace: 1, queue: 0, start: 100, infer: 500_000_000))
        executions.append(Execution(trace: 2, queue: 50_000_000, start: 501_000_000, infer: 1_000_000))
        executions.append(Execution(trace: 40, queue: 499_900_000, start: 503_000_000, infer: 1_000_000))
        let features = TraceWindow(executions.map(\.tree)).features
        let cold = (0..<features.count).filter { features.isCold[$0] }.map { features.traceIDs[$0].low }
        #expect(Set(cold) == [1, 2])
    }

    @Test("models by version, with the share of waiting, and without cold requests")
    func models() throws {
        let window = TraceWindow(
            (1...10).map { Execution(trace: $0, queue: $0 * 10_000_000, start: $0 * 10_000_000 + 1_000, infer: $0 == 1 ? 900_000 : 1_000 + $0, version: $0 > 5 ? 4 : 3).tree }
        )
        let rows = ModelRow.table(window.features)
        #expect(rows.map { "\($0.model) \($0.version) \($0.count)" } == ["m 3 5.0", "m 4 5.0"])
        #expect(rows[0].cold == 1)
        #expect(window.features.isCold.count(where: \.self) == 1)
        let warm = ModelRow.table(window.features) { !window.features.isCold[$0] }
        #expect(warm[0].count == 4)
        // 1,000 ns of queue of 1,000 + 200 + 1,000 + 100 and what each number adds: 2, 3, 4, 5.
        let share = try #require(warm[0].waitShare)
        #expect(abs(share - 4_000 / (4 * 2_300.0 + 14)) < 1e-9)
    }

    @Test("numbers that are missing between those that are here")
    func gaps() {
        var gaps = SequenceGaps()
        for number in [3, 4, 7, 7, 9] as [Int64] { gaps.add(number) }
        #expect(gaps.missing == 3)
        gaps.add(.min)
        gaps.add(.max)
        #expect(gaps.missing > 0)
    }
}
