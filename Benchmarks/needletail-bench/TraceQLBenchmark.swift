internal import Foundation
internal import Logging
internal import TraceModel
internal import TraceQuery
internal import TraceStore
internal import TraceStoreSQLite

/// TraceQL over a SQLite store of a million spans: traces of ten spans, four services deep, with ten attributes each.
enum TraceQLBenchmark {
    private static let rounds = 5
    private static let spansPerTrace = 10
    private static let base: UInt64 = 1_700_000_000_000_000_000

    static func run(spans: Int) async throws -> [BenchmarkRow] {
        let directory = FileManager.default.temporaryDirectory.appendingPathComponent("needletail-bench-\(ProcessInfo.processInfo.processIdentifier)")
        defer { try? FileManager.default.removeItem(at: directory) }
        let store = try SQLiteTraceStore(directory: directory.path, logger: Logger(label: "bench") { _ in SwiftLogNoOpLogHandler() })
        let traces = spans / spansPerTrace
        for start in stride(from: 0, to: traces, by: 1_000) {
            try await store.append([batch(start..<min(start + 1_000, traces))])
        }
        var rows: [BenchmarkRow] = []
        let note = "\(spans) spans in SQLite, median of \(rounds)"
        let window = base...base + UInt64(traces + 1) * 1_000_000_000
        let structural = "{ resource.service.name = \"gateway\" } >> { status = error }"
        for query in [
            structural, "{ span.http.status_code = 503 && duration > 1ms }",
            "{ resource.host.name = \"node-1\" } | count() > 100", "{ } | count() > 100",
            "{ name =~ \"comp.*\" } | by(resource.service.name) | avg(duration) > 1h",
        ] {
            let search = try TraceQLQuery(query)
            let (seconds, found) = try await median {
                try await search.search(store, TraceQLSearchOptions(startTime: window, limit: .max)).traces.count
            }
            let told = "\(note), all \(found) traces found"
            // What is promised of structural queries is promised of no others.
            rows.append(query == structural ? .atMost(1_000, query, seconds * 1000, "ms", note: told) : BenchmarkRow(query, seconds * 1000, "ms", note: told))
        }
        for query in ["{ } | rate() by (resource.service.name)", "{ status = error } | quantile_over_time(duration, .99, .5) by (name)"] {
            let metrics = try TraceQLQuery(query)
            let (seconds, found) = try await median {
                try await metrics.metrics(store, TraceQLMetricsOptions(start: window.lowerBound, end: window.upperBound)).series.count
            }
            rows.append(BenchmarkRow(query, seconds * 1000, "ms", note: "\(note), \(found) series"))
        }
        await store.close()
        return rows
    }

    private static func median(_ body: () async throws -> Int) async throws -> (seconds: Double, result: Int) {
        var times: [Double] = []
        var result = 0
        for _ in 0..<rounds {
            let start = ContinuousClock.now
            result = try await body()
            let elapsed = ContinuousClock.now - start
            times.append(Double(elapsed.components.seconds) + Double(elapsed.components.attoseconds) * 1e-18)
        }
        return (times.sorted()[rounds / 2], result)
    }

    static func batch(_ traces: Range<Int>) -> SpanBatch {
        let services = ["gateway", "triton", "db", "vllm"]
        let names = ["POST /infer", "call", "infer", "queue", "compute", "SELECT"]
        var spans = [[Span]](repeating: [], count: services.count)
        for trace in traces {
            let id = TraceID(high: 0x5eed, low: UInt64(trace) &* 0x9e37_79b9_7f4a_7c15 | 1)
            for index in 0..<spansPerTrace {
                let number = UInt64(trace * spansPerTrace + index)
                let start = base + UInt64(trace) * 1_000_000_000 + UInt64(index) * 1_000_000
                let isError = trace % 50 == 0 && index >= spansPerTrace - 2
                spans[index == 0 ? 0 : index % services.count].append(
                    Span(
                        traceID: id, spanID: SpanID(number + 1), parentSpanID: index == 0 ? nil : SpanID(number - UInt64(index) + 1 + UInt64((index - 1) / 2)),
                        name: names[index % names.count], kind: index == 0 ? .server : .internal, startTime: start,
                        endTime: start + 1_000_000 * UInt64(1 + (trace + index) % 40),
                        attributes: [
                            Attribute("http.method", "POST"), Attribute("http.status_code", .int(isError ? 503 : 200)), Attribute("model", "resnet50"),
                            Attribute("batch", .int(Int64(trace % 16))), Attribute("request.id", .string("r\(trace)")), Attribute("shape", .array([1, 3, 224, 224])),
                            Attribute("cached", .bool(trace % 3 == 0)), Attribute("load", .double(Double(trace % 100) / 100)), Attribute("zone", "eu-1"),
                            Attribute("instance", .int(Int64(index % 2))),
                        ],
                        status: SpanStatus(code: isError ? .error : .unset)
                    )
                )
            }
        }
        return SpanBatch(
            resourceSpans: zip(services, spans).map { service, spans in
                ResourceSpans(
                    resource: Resource(attributes: [Attribute("service.name", .string(service)), Attribute("host.name", "node-1")]),
                    scopeSpans: [ScopeSpans(scope: InstrumentationScope(name: "bench"), spans: spans)]
                )
            }
        )
    }
}
