import HTTPTypes
import JSONCoding
import Testing
import TraceModel
import TraceStore

@testable import TraceStudio

@Suite("Jaeger's metrics")
struct JaegerMetricsTests {
    /// 60 calls within the last ten minutes, each fifth failed; half of them `/a` in 10 ms, half `/b` in 40 ms; and a client's span.
    private static let calls: [SpanBatch] = (0..<60).map(call)

    private static func call(_ number: Int) -> SpanBatch {
        let ago = Double(number) * 5 + 1
        let isEven = number % 2 == 0
        let status = SpanStatus(code: number % 5 == 0 ? .error : .unset)
        let trace = UInt64(number + 1)
        let server = span(trace: trace, 1, isEven ? "/a" : "/b", kind: .server, secondsAgo: ago, milliseconds: isEven ? 10 : 40, status: status)
        let client = span(trace: trace, 2, parent: 1, "call", kind: .client, secondsAgo: ago, milliseconds: 5)
        return batch("front", server, client)
    }

    private let window = "service=front&endTs=\(Studio.now / 1_000_000)&lookback=60000&step=30000&ratePer=600000"

    private func value(_ family: JSONValue, line: Int = 0, point: Int = -1) -> Double? {
        guard let metrics = family["metrics"]?.arrayValue, line < metrics.count, let points = metrics[line]["metricPoints"]?.arrayValue else { return nil }
        let place = point < 0 ? points.count + point : point
        guard points.indices.contains(place) else { return nil }
        return points[place]["gaugeValue"]?["doubleValue"]?.doubleValue
    }

    @Test("calls a second")
    func callRate() async throws {
        try await Studio.run(Self.calls) { studio in
            let family = try await studio.json("/api/metrics/calls?\(window)")
            #expect(family["name"]?.stringValue == "service_call_rate")
            #expect(family["type"]?.stringValue == "GAUGE")
            #expect(family["help"]?.stringValue == "calls/sec, grouped by service")
            #expect(family["metrics"]?.arrayValue?.count == 1)
            let line = family["metrics"]?.arrayValue?.first
            #expect(line?["labels"]?.arrayValue?.map { $0["name"]?.stringValue } == ["service_name"])
            #expect(line?["labels"]?.arrayValue?.map { $0["value"]?.stringValue } == ["front"])
            #expect(line?["metricPoints"]?.arrayValue?.map { $0["timestamp"]?.stringValue } == [
                "2025-12-31T23:59:00Z", "2025-12-31T23:59:30Z", "2026-01-01T00:00:00Z",
            ])
            // 60 calls in 600 seconds; a minute earlier the newest twelve are not there yet.
            #expect(value(family) == 0.1)
            #expect(value(family, point: 0) == 0.08)
        }
    }

    @Test("errors are a share of calls")
    func errors() async throws {
        try await Studio.run(Self.calls) { studio in
            let family = try await studio.json("/api/metrics/errors?\(window)&groupByOperation=true")
            #expect(family["name"]?.stringValue == "service_operation_error_rate")
            let help = "error rate, computed as a fraction of errors/sec over calls/sec, grouped by service & operation"
            #expect(family["help"]?.stringValue == help)
            #expect(family["metrics"]?.arrayValue?.count == 2)
            #expect(family["metrics"]?.arrayValue?.first?["labels"]?.arrayValue?.map { $0["value"]?.stringValue } == ["front", "/a"])
            #expect(value(family).map { abs($0 - 0.2) < 1e-9 } == true)
        }
    }

    @Test("latencies in milliseconds")
    func latencies() async throws {
        try await Studio.run(Self.calls) { studio in
            let median = try await studio.json("/api/metrics/latencies?\(window)&quantile=0.5")
            #expect(median["name"]?.stringValue == "service_latencies")
            #expect(median["help"]?.stringValue == "0.50th quantile latency, grouped by service")
            #expect(value(median).map { abs($0 - 10) < 0.1 } == true)
            let slow = try await studio.json("/api/metrics/latencies?\(window)&quantile=0.95")
            #expect(value(slow).map { abs($0 - 40) < 0.4 } == true)
            // Of clients when asked.
            let clients = try await studio.json("/api/metrics/latencies?\(window)&quantile=0.95&spanKind=client")
            #expect(value(clients).map { abs($0 - 5) < 0.1 } == true)
            let both = try await studio.json("/api/metrics/calls?\(window)&spanKind=client&spanKind=server")
            #expect(value(both) == 0.2)
        }
    }

    @Test("a service without calls has no lines")
    func nothing() async throws {
        try await Studio.run(Self.calls) { studio in
            let family = try await studio.json("/api/metrics/calls?service=nobody")
            #expect(family["metrics"]?.arrayValue?.isEmpty == true)
        }
    }

    @Test("the smallest step")
    func minstep() async throws {
        try await Studio.run([]) { studio in
            let answer = try await studio.json("/api/metrics/minstep")
            #expect(answer["data"]?.intValue == 1)
        }
    }

    @Test("what is wrong is told", arguments: [
        ("calls", "please provide at least one service name"),
        ("calls?service=", "please provide at least one service name"),
        ("latencies?service=a", "unable to parse param 'quantile'"),
        ("latencies?service=a&quantile=2", "unable to parse param 'quantile'"),
        ("latencies?service=a&quantile=nan", "unable to parse param 'quantile'"),
        ("calls?service=a&groupByOperation=maybe", "unable to parse param 'groupByOperation'"),
        ("calls?service=a&spanKind=x", "unsupported span kind: 'x'"),
        ("calls?service=a&step=x", "unable to parse param 'step'"),
        ("calls?service=a&lookback=-1", "unable to parse param 'lookback'"),
        ("calls?service=a&endTs=99999999999999999999", "unable to parse param 'endTs'"),
        ("calls?service=a&step=0", "at least 1 millisecond"),
        ("calls?service=a&step=1&lookback=3600000", "try a longer 'step'"),
    ])
    func mistakes(path: String, message: String) async throws {
        try await Studio.run([]) { studio in
            let answer = try await studio.json("/api/metrics/\(path)", status: .badRequest)
            #expect(answer["errors"]?.arrayValue?.first?["msg"]?.stringValue?.contains(message) == true)
        }
    }

    @Test("times are those of the calendar", arguments: [
        (0, "1970-01-01T00:00:00Z"), (951_782_399_500, "2000-02-28T23:59:59.500Z"), (951_782_400_000, "2000-02-29T00:00:00Z"),
        (1_709_251_199_007, "2024-02-29T23:59:59.007Z"), (4_102_444_800_000, "2100-01-01T00:00:00Z"),
    ] as [(UInt64, String)])
    func timestamps(milliseconds: UInt64, text: String) {
        #expect(JaegerMetricsAPI.timestamp(milliseconds * 1_000_000) == text)
    }
}
