import Testing
import TraceModel
import TraceQuery

@Suite("request metrics")
struct RequestMetricsTests {
    private static let second: UInt64 = 1_000_000_000
    /// The first point is at 1000 s, the last at 1060 s; each looks back 20 s.
    private let window = MonitoringWindow(end: 1060 * Self.second, lookback: 60 * Self.second, step: 10 * Self.second, window: 20 * Self.second)

    private func span(_ name: String, at seconds: Double, milliseconds: Double = 10, _ kind: SpanKind = .server, failed: Bool = false) -> Span {
        let start = UInt64(seconds * 1e9)
        return Span(
            traceID: TraceID(high: 0, low: 1), spanID: SpanID(1), name: name, kind: kind, startTime: start,
            endTime: start + UInt64(milliseconds * 1e6), status: failed ? .error("") : SpanStatus()
        )
    }

    @Test("each point tells of the window that ends with it")
    func points() throws {
        let window = try #require(window)
        #expect(window.pointCount == 7)
        #expect(window.spans == 980 * Self.second...1060 * Self.second)
        var metrics = RequestMetrics(window: window)
        // Not after the start of the first window, in it, in the middle, on a point's edge, after the end.
        for time in [980, 980.5, 1025, 1030, 1060.5] { metrics.add(span("op", at: time, failed: time == 1030), service: "a") }
        let series = metrics.series(by: .service)
        #expect(series.map(\.service) == ["a"])
        #expect(series[0].points.map { $0.time / Self.second } == [1000, 1010, 1020, 1030, 1040, 1050, 1060])
        // The one at 1030 is in the windows that end at 1030 and 1040.
        #expect(series[0].points.map(\.callRate) == [0.05, 0, 0, 0.1, 0.1, 0, 0])
        #expect(series[0].points.map(\.errorRate) == [0, 0, 0, 0.05, 0.05, 0, 0])
        #expect(series[0].points.map(\.errorShare) == [0, nil, nil, 0.5, 0.5, nil, nil])
    }

    @Test("a line begins with its first call")
    func beginning() throws {
        var metrics = RequestMetrics(window: try #require(window))
        metrics.add(span("op", at: 1041), service: "a")
        #expect(metrics.series(by: .service)[0].points.map { $0.time / Self.second } == [1050, 1060])
    }

    @Test("lines are grouped as asked, sorted, and filtered")
    func grouping() throws {
        var metrics = RequestMetrics(window: try #require(window))
        metrics.add(span("x", at: 1001), service: "b")
        metrics.add(span("y", at: 1001), service: "a")
        metrics.add(span("x", at: 1001, .client), service: "a")
        metrics.add(span("x", at: 1001, .server), service: "a")
        #expect(metrics.series(by: .service).map(\.service) == ["a", "b"])
        #expect(metrics.series(by: .operation).map(\.operation) == ["x", "y", "x"])
        #expect(metrics.series(by: .operationAndKind).map(\.kind) == [.server, .client, .server, .server])
        #expect(metrics.series(by: .service, where: { $0.kind == .client }).map(\.service) == ["a"])
        #expect(metrics.series(by: .service)[0].points.first?.callRate == 0.15)
    }

    @Test("quantiles are near the exact ones", arguments: [0.5, 0.9, 0.95, 0.99, 1])
    func quantiles(share: Double) throws {
        var metrics = RequestMetrics(window: try #require(window))
        var durations: [Double] = []
        for number in 1...1000 {
            let milliseconds = Double(number * number) / 997 + 0.001
            durations.append(milliseconds)
            metrics.add(span("op", at: 1001, milliseconds: milliseconds), service: "a")
        }
        let exact = durations.sorted()[Int((share * 1000).rounded(.up)) - 1]
        let found = try #require(metrics.series(by: .service, quantiles: [share])[0].points.first?.quantiles.first) / 1e6
        #expect(abs(found - exact) <= exact * 0.008)
    }

    @Test("sketches add up, and what was added can be taken away")
    func sketches() {
        var one = SlidingDurations()
        var two = SlidingDurations()
        for value: UInt64 in [0, 1, 63, 64, 65, 127, 128, 1_000_000, .max] { one.add(value) }
        for value: UInt64 in [5, 70, .max] { two.add(value) }
        #expect(one.quantile(0) == 0)
        #expect(abs((one.quantile(1) ?? 0) - 0x1p64) <= 0x1p64 * 0.008)
        var both = one
        both.add(two)
        #expect(both.count == 12)
        both.subtract(two)
        #expect(both == one)
        both.subtract(one)
        #expect(both.quantile(0.5) == nil)
    }

    @Test("there are no more points and operations than there may be")
    func bounds() throws {
        #expect(MonitoringWindow(end: 1 << 62, lookback: 11_000 * Self.second, step: Self.second, window: 1) == nil)
        #expect(MonitoringWindow(end: 1 << 62, lookback: 0, step: 1, window: 100_001) == nil)
        #expect(MonitoringWindow(end: 100, lookback: 0, step: 0, window: 1) == nil)
        #expect(MonitoringWindow(end: 100, lookback: 0, step: 1, window: 0) == nil)
        // Longer than time itself.
        let long = try #require(MonitoringWindow(end: 100, lookback: .max, step: 10, window: 200))
        #expect(long.start == 0 && long.pointCount == 11 && long.spans == 0...100)
        var old = RequestMetrics(window: long)
        old.add(span("op", at: 0), service: "a")
        old.add(span("op", at: 5e-8), service: "a")
        #expect(old.series(by: .service)[0].points.count == 11)
        var metrics = RequestMetrics(window: try #require(window))
        for number in 0..<2000 { metrics.add(span("op \(number)", at: 1001), service: "a") }
        let series = metrics.series(by: .operation)
        #expect(series.count == RequestMetrics.maximumOperations + 1)
        #expect(series.first { $0.operation == RequestMetrics.otherOperations }?.points.first?.callRate == 50)
    }
}
