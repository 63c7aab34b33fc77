import Testing
import TraceModel

@testable import TraceSamples

@Suite("Sample traces", .timeLimit(.minutes(10)))
struct SampleTracesTests {
    private static let end: UInt64 = 1_767_225_600_000_000_000

    private static func sample(traces: Int = 3000, seed: UInt64 = 1) -> (spans: [(service: String, host: String, span: Span)], truth: SampleTruth, batches: [SpanBatch]) {
        var options = SampleTraces.Options(end: end)
        options.traceCount = traces
        options.seed = seed
        var samples = SampleTraces(options)
        var batches: [SpanBatch] = []
        while let batch = samples.nextBatch() { batches.append(batch) }
        var spans: [(service: String, host: String, span: Span)] = []
        for group in batches.flatMap(\.resourceSpans) {
            var host = ""
            if case .string(let name)? = group.resource.attributes["host.name"] { host = name }
            for span in group.scopeSpans.flatMap(\.spans) { spans.append((group.resource.serviceName, host, span)) }
        }
        return (spans, samples.truth, batches)
    }

    @Test("the same options give the same traces, another seed others")
    func deterministic() {
        let one = Self.sample(traces: 300)
        #expect(one.batches == Self.sample(traces: 300).batches)
        #expect(one.truth == Self.sample(traces: 300).truth)
        #expect(one.batches != Self.sample(traces: 300, seed: 2).batches)
    }

    @Test("each trace is whole: one root, no parent missing, no id twice", arguments: [1, 10, 2000])
    func whole(traces: Int) {
        let (spans, truth, batches) = Self.sample(traces: traces)
        #expect(truth.spanCount == spans.count && truth.spanCount == batches.reduce(0) { $0 + $1.spanCount })
        let byTrace = Dictionary(grouping: spans.map(\.span), by: \.traceID)
        #expect(byTrace.count == truth.traceCount)
        for (trace, spans) in byTrace {
            let ids = Set(spans.map(\.spanID))
            #expect(ids.count == spans.count, "\(trace) has an id twice")
            #expect(spans.count { $0.parentSpanID == nil } == 1, "\(trace) has not one root")
            #expect(spans.allSatisfy { $0.parentSpanID.map(ids.contains) ?? true }, "\(trace) misses a parent")
            #expect(spans.allSatisfy { $0.startTime <= $0.endTime && $0.startTime >= truth.start - 10_000_000 })
        }
    }

    @Test("all events lie within their spans, and stages follow each other")
    func stages() {
        for (_, _, span) in Self.sample().spans {
            #expect(span.events.allSatisfy { $0.time >= span.startTime && $0.time <= span.endTime }, "\(span.name): an event lies outside")
            guard span.name == "compute" else { continue }
            #expect(span.events.map(\.name) == ["COMPUTE_START", "COMPUTE_INPUT_END", "COMPUTE_OUTPUT_START", "COMPUTE_END"])
            #expect(span.events.map(\.time) == span.events.map(\.time).sorted())
        }
    }

    @Test("requests of one execution have the same times but for a clock's reading")
    func executions() throws {
        let (spans, truth, _) = Self.sample()
        let byID = Dictionary(uniqueKeysWithValues: spans.map { ([$0.span.traceID.description, $0.span.spanID.description], $0.span) })
        #expect(truth.batches.count >= 10)
        for batch in truth.batches {
            #expect(batch.members.count > 1)
            let members = try batch.members.map { try #require(byID[[$0.trace.description, $0.span.description]]) }
            #expect(Set(members.map(\.duration)).count == 1)
            let starts = members.map(\.startTime)
            #expect(try #require(starts.max()) - #require(starts.min()) < 140)
        }
        for sum in truth.executions {
            #expect(sum.count > 0 && sum.members >= sum.count && sum.instances > 0)
            #expect(sum.busy <= (truth.end - truth.start) * UInt64(sum.instances) * 2)
        }
    }

    @Test("the planted causes are there: a slow host, a slower version, a stall, cold starts, failures, a service that samples")
    func causes() throws {
        let (spans, truth, _) = Self.sample(traces: 10_000)
        let band = truth.band
        let roots = spans.filter { $0.span.parentSpanID == nil }
        let inBand = roots.filter { $0.span.startTime >= band.start && $0.span.startTime < band.end && $0.span.name == "GET /search" }
        let outside = roots.filter { ($0.span.startTime < band.start || $0.span.startTime >= band.end) && $0.span.name == "GET /search" }
        let tracesOfHost = Set(spans.filter { $0.host == band.host }.map(\.span.traceID))
        func median(_ roots: [(service: String, host: String, span: Span)]) throws -> UInt64 {
            let sorted = roots.map(\.span.duration).sorted()
            return try #require(sorted.isEmpty ? nil : sorted[sorted.count / 2])
        }
        let slow = try median(inBand.filter { tracesOfHost.contains($0.span.traceID) })
        #expect(slow > (try median(outside)) * 3 / 2)
        #expect(slow > (try median(inBand.filter { !tracesOfHost.contains($0.span.traceID) })) * 3 / 2)
        #expect(inBand.contains { $0.span.attributes["client.app"] == .string(band.client) })

        // For batches of one size, the slower version infers longer by the ratio.
        func infer(_ version: SampleModel) -> Double { version.times(batch: 8).infer }
        #expect(abs(infer(.reranker4) / infer(.reranker3) - truth.version.ratio) < 1e-9)
        #expect(truth.version.model == SampleModel.reranker4.name)

        let stall = try #require(truth.stall)
        let stalled = try #require(spans.first { $0.span.traceID == stall.trace && $0.span.name == "llm_request" }).span
        let gaps = zip(stalled.events, stalled.events.dropFirst()).map { $1.time - $0.time }
        #expect(try #require(gaps.max()) >= stall.duration)
        #expect(gaps.firstIndex(of: try #require(gaps.max())) == stall.afterToken - 1)

        #expect(!truth.coldTraces.isEmpty && truth.coldTraces.allSatisfy { cold in spans.contains { $0.span.traceID == cold } })
        #expect(Set(truth.failures.keys) == ["queue timeout", "CUDA out of memory", "feature store timeout"])
        let failedTraces = Set(spans.filter { $0.span.parentSpanID == nil && $0.span.status.code == .error }.map(\.span.traceID))
        #expect(failedTraces.count == truth.failures.values.reduce(0, +))

        let sampled = spans.filter { $0.service == truth.sampledService }
        #expect(!sampled.isEmpty && sampled.allSatisfy { $0.span.traceState == "ot=th:e6666666666666" })
        #expect(truth.sampledWeight == 10)
    }
}
