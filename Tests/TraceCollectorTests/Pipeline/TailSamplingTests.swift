import Logging
import NeedletailTracing
import Testing
import TraceModel

@testable import TraceCollector

@Suite("Tail sampling")
struct TailSamplingTests {
    private func settings(_ text: String) throws -> TailSamplingSettings {
        let configuration = try CollectorConfiguration(
            text: "processors:\n  tail_sampling: \(text)\nservice: {pipelines: {traces: {processors: [tail_sampling], exporters: [trace_store]}}}"
        )
        guard case .tailSampling(let settings)? = configuration.pipelines.first?.processors.first?.settings else {
            throw ConditionFailure(description: "another kind of processor")
        }
        return settings
    }

    private static let second: UInt64 = 1_000_000_000

    private func trace(_ parts: [SpanBatch]) -> TailTrace {
        var trace = TailTrace(id: parts[0].spans[0].traceID)
        trace.parts = parts
        trace.spanCount = parts.reduce(0) { $0 + $1.spanCount }
        trace.size = parts.reduce(0) { $0 + $1.approximateSize }
        return trace
    }

    @Test("Each policy decides as the Collector's")
    func policies() throws {
        let plain = spanBatch(duration: 300_000_000, attributes: [Attribute("code", 503), Attribute("route", "/items"), Attribute("vip", true)])
        func holds(_ policy: String, _ expected: TailDecision, _ parts: SpanBatch...) throws {
            var one = try #require(try settings("{policies: [{name: p, \(policy)}]}").policies.first)
            #expect(one.decide(trace(parts.isEmpty ? [plain] : parts), now: 5 * Self.second) == expected, "\(policy)")
        }
        try holds("type: always_sample", .sampled)
        try holds("type: latency, latency: {threshold_ms: 300}", .sampled)
        try holds("type: latency, latency: {threshold_ms: 301}", .notSampled)
        try holds("type: latency, latency: {threshold_ms: 100, upper_threshold_ms: 299}", .notSampled)
        try holds("type: numeric_attribute, numeric_attribute: {key: code, min_value: 500, max_value: 599}", .sampled)
        try holds("type: numeric_attribute, numeric_attribute: {key: code, min_value: 504}", .notSampled)
        try holds("type: numeric_attribute, numeric_attribute: {key: code, min_value: 500, invert_match: true}", .invertNotSampled)
        try holds("type: numeric_attribute, numeric_attribute: {key: none, min_value: 500, invert_match: true}", .invertSampled)
        try holds("type: probabilistic, probabilistic: {sampling_percentage: 100}", .sampled)
        try holds("type: probabilistic, probabilistic: {sampling_percentage: 0}", .notSampled)
        try holds("type: status_code, status_code: {status_codes: [ERROR]}", .notSampled)
        try holds("type: status_code, status_code: {status_codes: [ERROR, UNSET]}", .sampled)
        try holds("type: status_code, status_code: {status_codes: [ERROR]}", .sampled, plain, spanBatch(error: true))
        try holds("type: string_attribute, string_attribute: {key: route, values: [/items]}", .sampled)
        try holds("type: string_attribute, string_attribute: {key: service.name, values: [shop]}", .sampled)
        try holds("type: string_attribute, string_attribute: {key: route, values: ['^/it'], enabled_regex_matching: true}", .sampled)
        try holds("type: string_attribute, string_attribute: {key: route, values: ['^/it']}", .notSampled)
        try holds("type: string_attribute, string_attribute: {key: route, values: [/items], invert_match: true}", .invertNotSampled)
        try holds("type: boolean_attribute, boolean_attribute: {key: vip, value: true}", .sampled)
        try holds("type: boolean_attribute, boolean_attribute: {key: vip, value: false}", .notSampled)
        try holds("type: trace_flags", .notSampled)
        try holds("type: trace_state, trace_state: {key: a, values: [b]}", .notSampled)
        try holds("type: span_count, span_count: {min_spans: 2}", .notSampled)
        try holds("type: span_count, span_count: {min_spans: 1, max_spans: 1}", .sampled)
        try holds("type: span_count, span_count: {min_spans: 1, max_spans: 2}", .notSampled, spanBatch(names: ["a", "b", "c"]))
        try holds("type: rate_limiting, rate_limiting: {spans_per_second: 1}", .sampled)
        try holds("type: rate_limiting, rate_limiting: {spans_per_second: 0}", .notSampled)
        try holds("type: ottl_condition, ottl_condition: {span: ['attributes[\"code\"] > 500']}", .sampled)
        try holds("type: ottl_condition, ottl_condition: {span: ['Substring(name, 0, 999) == \"\"']}", .failed)
        try holds("type: ottl_condition, ottl_condition: {error_mode: ignore, span: ['Substring(name, 0, 999) == \"\"']}", .notSampled)
        try holds("type: and, and: {and_sub_policy: [{name: a, type: always_sample}, {name: b, type: latency, latency: {threshold_ms: 300}}]}", .sampled)
        try holds("type: and, and: {and_sub_policy: [{name: a, type: always_sample}, {name: b, type: latency, latency: {threshold_ms: 301}}]}", .notSampled)
        try holds("type: not, not: {not_sub_policy: {name: a, type: always_sample}}", .notSampled)
        try holds("type: not, not: {not_sub_policy: {name: a, type: trace_flags}}", .sampled)
        try holds("type: not, not: {not_sub_policy: {name: a, type: numeric_attribute, numeric_attribute: {key: code, min_value: 1, invert_match: true}}}", .invertNotSampled)
        try holds("type: drop, drop: {drop_sub_policy: [{name: a, type: always_sample}]}", .dropped)
        try holds("type: drop, drop: {drop_sub_policy: [{name: a, type: trace_flags}]}", .notSampled)
    }

    /// Without an upper border the lower one belongs to it, with one it does not (the Collector's `latency.go`); parts of milliseconds do not count.
    @Test("Latency has the Collector's borders")
    func latency() throws {
        func decision(_ milliseconds: Double, _ text: String) throws -> TailDecision {
            var policy = try #require(try settings("{policies: [{name: p, type: latency, latency: {\(text)}}]}").policies.first)
            return policy.decide(trace([spanBatch(duration: UInt64(milliseconds * 1e6))]), now: 1)
        }
        for (duration, expected) in [(4999.9, TailDecision.notSampled), (5000, .sampled), (9e6, .sampled)] {
            #expect(try decision(duration, "threshold_ms: 5000") == expected, "\(duration)")
        }
        for (duration, expected) in [(5000.9, TailDecision.notSampled), (5001, .sampled), (10_000.9, .sampled), (10_001, .notSampled)] {
            #expect(try decision(duration, "threshold_ms: 5000, upper_threshold_ms: 10000") == expected, "\(duration)")
        }
    }

    /// Worked out with Go's `big.Float`: 2^64 - 1 times the share, 64 bits of it, rounded down.
    @Test("The greatest hash of a share is the Collector's", arguments: [
        (1, UInt64.max), (0, 0), (0.5, 0x7fff_ffff_ffff_ffff), (0.25, 0x3fff_ffff_ffff_ffff), (0.75, 0xbfff_ffff_ffff_ffff), (1.5, .max), (-0.5, 0),
        (0.1, 0x1999_9999_9999_99ff), (0.33, 0x547a_e147_ae14_7bff), (0.9999, 0xfff9_7247_4538_efff), (0x1p-64, 0), (0x1p-63, 1), (5e-324, 0),
    ] as [(Double, UInt64)])
    func limit(ratio: Double, limit: UInt64) {
        #expect(TailPolicy.Kind.limit(ratio) == limit)
    }

    @Test("Rates are buckets, those of composite policies are counted by the second")
    func rates() throws {
        var spans = try #require(try settings("{policies: [{name: p, type: rate_limiting, rate_limiting: {spans_per_second: 3, burst_capacity: 3}}]}").policies.first)
        let one = trace([spanBatch(names: ["a", "b"])])
        #expect([5, 5, 6, 6].map { spans.decide(one, now: $0 * Self.second) } == [.sampled, .notSampled, .sampled, .notSampled])
        // Twice the rate fits in at first.
        var burst = try #require(try settings("{policies: [{name: p, type: rate_limiting, rate_limiting: {spans_per_second: 3}}]}").policies.first)
        #expect([5, 5, 5, 5].map { burst.decide(one, now: $0 * Self.second) } == [.sampled, .sampled, .sampled, .notSampled])
        let size = one.size
        var bytes = try #require(try settings("{policies: [{name: p, type: bytes_limiting, bytes_limiting: {bytes_per_second: \(size), burst_capacity: \(2 * size)}}]}").policies.first)
        #expect([5, 5, 5, 6, 6].map { bytes.decide(one, now: $0 * Self.second) } == [.sampled, .sampled, .notSampled, .sampled, .notSampled])
        var composite = try #require(
            try settings(
                """
                {policies: [{name: p, type: composite, composite: {max_total_spans_per_second: 10, policy_order: [slow, rest],
                    composite_sub_policy: [{name: rest, type: always_sample}, {name: slow, type: latency, latency: {threshold_ms: 100}}],
                    rate_allocation: [{policy: slow, percent: 80}, {policy: rest, percent: 20}]}}]}
                """
            ).policies.first
        )
        let slow = trace([spanBatch(names: ["a", "b"], duration: 200_000_000)])
        // Four of the slow ones fit into 8 spans; the fifth does not take the place of the rest (the Collector's `composite.go`).
        #expect((0..<6).map { _ in composite.decide(slow, now: Self.second) } == [.sampled, .sampled, .sampled, .sampled, .notSampled, .notSampled])
        #expect(composite.decide(one, now: Self.second) == .sampled)
        #expect(composite.decide(one, now: Self.second) == .notSampled)
        #expect(composite.decide(one, now: 2 * Self.second) == .sampled)
    }

    @Test("Decisions have an order")
    func precedence() {
        #expect(!TailSampler.isSampled([.sampled, .dropped]))
        #expect(!TailSampler.isSampled([.sampled, .invertNotSampled]))
        #expect(TailSampler.isSampled([.sampled, .notSampled]))
        #expect(TailSampler.isSampled([.invertSampled]))
        #expect(!TailSampler.isSampled([.invertSampled, .notSampled]))
        #expect(!TailSampler.isSampled([.notSampled]))
        #expect(!TailSampler.isSampled([.failed]))
        #expect(!TailSampler.isSampled([]))
    }

    @Test("Dropping is asked first, also where the first that samples decides")
    func dropFirst() throws {
        let drop = "{name: d, type: drop, drop: {drop_sub_policy: [{name: s, type: status_code, status_code: {status_codes: [ERROR]}}]}}"
        var sampler = TailSampler(settings: try settings("{decision_wait: 1s, sample_on_first_match: true, policies: [{name: a, type: always_sample}, \(drop)]}"))
        for (number, error) in [(1, true), (2, false)] as [(UInt64, Bool)] {
            let batch = spanBatch(trace: number, error: error)
            sampler.gather(batch, of: batch.spans[0].traceID, spanCount: 1, size: 10, entry: nil, now: 0)
        }
        let decided = sampler.decide(now: 2 * Self.second)
        #expect(decided.map(\.isSampled) == [false, true])
        #expect(decided.map { $0.policies.map(\.name) } == [["d"], ["d", "a"]])
    }

    @Test("Traces are decided when their time has come, late spans follow")
    func state() throws {
        var sampler = TailSampler(settings: try settings("{decision_wait: 10s, policies: [{name: e, type: status_code, status_code: {status_codes: [ERROR]}}]}"))
        func add(_ trace: UInt64, error: Bool, at second: UInt64) {
            let batch = spanBatch(trace: trace, error: error)
            sampler.gather(batch, of: batch.spans[0].traceID, spanCount: 1, size: 100, entry: Int64(trace), now: second * Self.second)
        }
        add(1, error: false, at: 0)
        add(2, error: false, at: 1)
        add(1, error: true, at: 9)
        #expect(sampler.decide(now: 9 * Self.second).isEmpty)
        let first = sampler.decide(now: 10 * Self.second)
        #expect(first.map(\.isSampled) == [true])
        #expect(first[0].trace.spanCount == 2)
        #expect(first[0].trace.entries == [1, 1])
        #expect(sampler.decide(now: 11 * Self.second).map(\.isSampled) == [false])
        #expect(sampler.disposition(of: TraceID(high: 7, low: 1)) == .forward)
        #expect(sampler.disposition(of: TraceID(high: 7, low: 2)) == .drop)
        #expect(sampler.disposition(of: TraceID(high: 7, low: 3)) == .gather)
        #expect(sampler.traceCount == 0)
        #expect(sampler.spanCount == 0)
        #expect(sampler.size == 0)
    }

    @Test("What is too much is decided early, the oldest first")
    func bounds() throws {
        for text in ["num_traces: 2", "max_spans: 2"] {
            var sampler = TailSampler(settings: try settings("{\(text), policies: [{name: a, type: always_sample}]}"))
            for number in 1...4 as ClosedRange<UInt64> {
                let batch = spanBatch(trace: number)
                sampler.gather(batch, of: batch.spans[0].traceID, spanCount: 1, size: 10, entry: nil, now: 0)
            }
            let decided = sampler.decide(now: 1)
            #expect(decided.map(\.trace.id.low) == [1, 2])
            #expect(decided.map(\.isEarly) == [true, true])
            #expect(sampler.traceCount == 2)
        }
    }

    @Test("Decisions are remembered as far as the cache goes")
    func cache() {
        var cache = DecisionCache(capacity: 2)
        for number in 1...3 as ClosedRange<UInt64> { cache.insert(TraceID(high: 0, low: number)) }
        #expect([1, 2, 3].map { cache.contains(TraceID(high: 0, low: $0)) } == [false, true, true])
    }

    @Test("Batches are taken apart by trace, nothing lost")
    func apart() {
        var batch = spanBatch(names: ["a", "b", "c", "d"])
        for (index, low) in [1, 2, 1, 3].enumerated() { batch.resourceSpans[0].scopeSpans[0].spans[index].traceID = TraceID(high: 7, low: UInt64(low)) }
        let parts = batch.splitByTrace()
        #expect(parts.map(\.id.low) == [1, 2, 3])
        #expect(parts.map { $0.batch.spans.map(\.name) } == [["a", "c"], ["b"], ["d"]])
        #expect(parts.allSatisfy { $0.batch.resourceSpans[0].resource == batch.resourceSpans[0].resource })
    }

    @Test("Spans that were not decided on are there after a restart")
    func restart() async throws {
        let folder = TemporaryFolder()
        let id = try #require(ComponentID("tail_sampling"))
        let pipeline = try #require(ComponentID("traces"))
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        func processor(_ wait: String, _ sink: RecordingSink) throws -> TailSamplingProcessor {
            try TailSamplingProcessor(
                id: id, pipeline: pipeline,
                settings: settings("{decision_wait: \(wait), policies: [{name: e, type: status_code, status_code: {status_codes: [ERROR]}}]}"),
                folder: folder.path, next: sink, counters: PipelineCounters(), logger: logger
            )
        }
        let before = RecordingSink()
        do {
            let first = try processor("1h", before)
            try await first.append([spanBatch(trace: 1, names: ["kept"], error: true), spanBatch(trace: 2, names: ["dropped"])])
            try await first.append([spanBatch(trace: 1, names: ["kept too"], firstID: 9)])
        }
        #expect(before.spans.isEmpty)
        let sink = RecordingSink()
        do {
            let second = try processor("50ms", sink)
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { await second.run() }
                try await eventually("both spans are passed on") { sink.spans.count >= 2 && second.tracesInMemory == 0 }
                try await second.append([spanBatch(trace: 1, names: ["late"], firstID: 20), spanBatch(trace: 2, names: ["late, too"], firstID: 21)])
                second.stop()
                try await group.waitForAll()
            }
            #expect(sink.names.sorted() == ["kept", "kept too", "late"])
        }
        let third = try DurableSpans(path: "\(folder.path)/traces_tail_sampling.sqlite")
        #expect(try third.entries().isEmpty)
    }
}
