internal import Foundation
internal import Logging
internal import TraceQuery
internal import TraceStoreSQLite

/// What tells the slowest traces of a window apart from the others: the page's comparison, over a window that was read.
enum ComparisonBenchmark {
    private static let rounds = 9

    static func run(traces: Int) async throws -> [BenchmarkRow] {
        let directory = FileManager.default.temporaryDirectory.appendingPathComponent("needletail-bench-\(ProcessInfo.processInfo.processIdentifier)")
        defer { try? FileManager.default.removeItem(at: directory) }
        let store = try SQLiteTraceStore(directory: directory.path, logger: Logger(label: "bench"))
        for start in stride(from: 0, to: traces, by: 1_000) { try await store.append([TraceQLBenchmark.batch(start..<min(start + 1_000, traces))]) }
        let clock = ContinuousClock()
        let began = clock.now
        let features = try await TraceWindow.read(store, startTime: 0...UInt64.max, limit: traces).features
        let reading = milliseconds(clock.now - began)
        await store.close()
        guard features.count == traces else { throw BenchmarkFailure("\(features.count) of \(traces) traces are in the window") }
        let slow = try TraceFilter("duration>38ms")
        var times: [Double] = []
        var selected = 0
        for _ in 0..<rounds {
            let start = clock.now
            let selection = features.select(slow)
            let comparison = TailComparison(features, selected: selection)
            times.append(milliseconds(clock.now - start))
            selected = comparison.selection.traceCount
        }
        times.sort()
        let note = "\(selected) of \(traces) traces of ten spans with ten attributes against the others, p95 of \(rounds); selecting them included"
        return [
            .atMost(200, "comparison of \(traces) traces", times[min(rounds - 1, rounds * 95 / 100)], "ms", note: note),
            BenchmarkRow("the window of \(traces) traces read before it", reading, "ms", note: "once, until spans come that belong to it"),
        ]
    }

    private static func milliseconds(_ duration: Duration) -> Double {
        Double(duration.components.seconds) * 1e3 + Double(duration.components.attoseconds) * 1e-15
    }
}
