import Testing
import TraceModel
import TraceStore

@testable import TraceQuery

/// Metrics over the fixed data set, in steps of ten seconds: step `n` has the spans of trace `n`, step 0 has none.
@Suite struct TraceQLMetricsTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var query: String
        /// Labels, a colon, and the samples that are not 0, as step=value.
        var series: [String]

        init(_ query: String, _ series: [String]) {
            self.query = query
            self.series = series
        }

        var testDescription: String { query }
    }

    private static let step = 10 * TraceQLFixture.second
    private static let options = TraceQLMetricsOptions(
        start: TraceQLFixture.base + step, end: TraceQLFixture.base + 13 * step, step: step
    )

    private static func text(_ value: Double) -> String {
        let rounded = (value * 1e6).rounded() / 1e6
        return rounded == rounded.rounded() ? "\(Int(rounded))" : "\(rounded)"
    }

    private static func text(_ series: TraceQLSeries, zeros: Bool) -> String {
        let labels = series.labels.map { "\($0.key)=\($0.value.map { TraceQLValue($0).description.replacing("`", with: "") } ?? "nil")" }
        let samples = series.samples.compactMap { sample -> String? in
            if !zeros, sample.value == 0 { return nil }
            let index = (sample.time - Int64(TraceQLFixture.base / 1_000_000)) / 10_000 - 1
            return "\(index)=\(text(sample.value))"
        }
        return labels.joined(separator: ",") + ": " + samples.joined(separator: " ")
    }

    private func metrics(_ query: String, _ options: TraceQLMetricsOptions = options) async throws -> TraceQLMetricsResult {
        try await TraceQLQuery(query).metrics(TraceQLFixture.store(), options)
    }

    @Test(arguments: counts)
    func countsSpans(_ testCase: Case) async throws {
        #expect(try await metrics(testCase.query).series.map { Self.text($0, zeros: false) } == testCase.series)
    }

    static let counts: [Case] = [
        Case("{ } | rate()", ["__name__=rate: 1=0.6 2=0.5 3=0.5 4=0.4 5=0.3 6=0.6 7=0.3 8=0.3 9=0.3 10=0.3 11=0.2 12=0.1"]),
        Case("{ } | count_over_time()", ["__name__=count_over_time: 1=6 2=5 3=5 4=4 5=3 6=6 7=3 8=3 9=3 10=3 11=2 12=1"]),
        Case("{ status = error } | count_over_time()", ["__name__=count_over_time: 2=4 6=1"]),
        Case("{ status = error } | rate() by (resource.service.name)", ["resource.service.name=gateway: 2=0.2 6=0.1", "resource.service.name=triton: 2=0.2"]),
        Case("{ name = `nothing` } | rate()", ["__name__=rate: "]), Case("{ name = `nothing` } | rate() by (name)", []),
        Case("{ kind = server } | count_over_time() by (status)", [
            "status=error: 2=2", "status=ok: 1=2 3=1 4=1 5=1 8=1", "status=unset: 3=1 6=1 7=1 11=1",
        ]),
        Case("{ status = error } | count_over_time() by (span:name, kind)", [
            "name=POST /infer,kind=server: 2=1", "name=call triton,kind=client: 2=1", "name=compute,kind=internal: 2=1", "name=hop,kind=internal: 6=1",
            "name=infer,kind=server: 2=1",
        ]),
        Case("{ } > { name = `queue` } | count_over_time()", ["__name__=count_over_time: 1=1 2=1"]),
        Case("{ } | by(resource.service.name) | count() > 3 | rate()", ["__name__=rate: 4=0.4 6=0.6"]),
        Case("{ rootName = `hop` } | count_over_time()", ["__name__=count_over_time: 6=6"]),
        Case("{ } | count_over_time() by (rootServiceName)", [
            "rootServiceName=bentoml: 4=4", "rootServiceName=db: 12=1", "rootServiceName=gateway: 1=6 2=5 3=5 6=6 7=3 8=3 9=3 11=2",
            "rootServiceName=unknown_service: 10=3", "rootServiceName=nil: 5=3",
        ]),
        Case("{ .batch > 0 } | count_over_time() by (.model, .batch)", [
            ".batch=2: 5=1", ".batch=4: 1=2", ".batch=8: 2=1", ".model=bert,.batch=8: 2=1", ".model=resnet,.batch=1: 4=1", ".model=resnet,.batch=2: 5=1",
            ".model=resnet,.batch=4: 1=1",
        ]),
        Case("{ name = `hop` } | histogram_over_time(duration)", ["__bucket=0.016777216: 6=1", "__bucket=0.033554432: 6=2", "__bucket=0.067108864: 6=3"]),
        Case("{ } | histogram_over_time(span.batch)", ["__bucket=2.0: 5=2", "__bucket=4.0: 1=3", "__bucket=8.0: 2=2"]),
        Case("{ } | count_over_time() > 5", ["__name__=count_over_time: 1=6 6=6"]),
        Case("{ } | count_over_time() != 3 | topk(1) < 5", ["__name__=count_over_time: 4=4 11=2 12=1"]),
        Case("({ status = error } | count_over_time()) / ({ } | count_over_time()) * 100", ["__name__=(count_over_time / count_over_time): 2=80 6=16.666667"]),
        Case("({ name = `hop` } | count_over_time()) * 2 > 5", ["__name__=count_over_time: 6=12"]),
        Case("7 - ({ name = `hop` } | count_over_time()) < 7", ["__name__=count_over_time: 6=1"]),
        Case("({ status = error } | count_over_time() by (kind)) / ({ status = error } | count_over_time())", [
            "kind=client: 2=0.25", "kind=internal: 2=0.25 6=1", "kind=server: 2=0.5",
        ]),
        Case("({ } | count_over_time() by (kind)) + ({ status = error } | count_over_time() by (status))", []),
        Case("{ } | count_over_time() by (resource.service.name) | topk(1)", [
            "resource.service.name=bentoml: 4=4 10=2", "resource.service.name=db: 7=1 12=1", "resource.service.name=gateway: 6=6 8=3 9=2 11=2",
            "resource.service.name=triton: 1=3 2=3 5=3", "resource.service.name=vllm: 3=3",
        ]),
    ]

    @Test(arguments: values)
    func measuresValues(_ testCase: Case) async throws {
        #expect(try await metrics(testCase.query).series.map { Self.text($0, zeros: true) } == testCase.series)
    }

    static let values: [Case] = [
        Case("{ } | min_over_time(duration)", [
            "__name__=min_over_time: 1=0.005 2=0.04 3=0.002 4=0.005 5=0.001 6=0.01 7=0.005 8=0.003 9=0.003 10=0.002 11=0.006 12=0",
        ]),
        Case("{ } | max_over_time(duration)", [
            "__name__=max_over_time: 1=0.1 2=0.5 3=2 4=0.05 5=0.02 6=0.06 7=0.03 8=0.005 9=0.01 10=0.008 11=0.012 12=0",
        ]),
        Case("{ } | sum_over_time(span.rows)", ["__name__=sum_over_time: 1=3 3=0 7=1 9=7 12=0"]),
        Case("{ } | avg_over_time(span.batch)", ["__name__=avg_over_time: 1=4 2=8 4=1 5=2"]),
        Case("{ } | max_over_time(span.batch) by (span.model)", ["span.model=bert: 2=8", "span.model=resnet: 1=4 4=1 5=2", "span.model=nil: 1=4 2=8 5=2"]),
        Case("{ resource.service.name = `vllm` } | sum_over_time(duration)", ["__name__=sum_over_time: 3=3.94"]),
        Case("{ name = `a` } | max_over_time(traceDuration)", ["__name__=max_over_time: 9=0.011"]),
        Case("{ } | avg_over_time(span.user)", []), Case("{ .ttft > 0 } | min_over_time(span.ttft)", ["__name__=min_over_time: 3=0.25"]),
        Case("{ name =~ `pre|model|post` } | max_over_time(duration) by (name) | bottomk(1)", ["name=pre: 4=0.005"]),
        Case("{ name =~ `pre|model|post` } | max_over_time(duration) by (name) | topk(2)", ["name=model: 4=0.03", "name=post: 4=0.01"]),
        Case("{ } | max_over_time(duration) > 500ms", ["__name__=max_over_time: 3=2"]),
    ]

    @Test func quantilesAreInterpolatedInPowersOfTwo() async throws {
        let series = try await metrics("{ name = `hop` } | quantile_over_time(duration, 0.5, .75, 1)").series
        #expect(series.map { $0.labels } == [0.5, 0.75, 1].map { [TraceQLAttribute(key: "p", value: .double($0))] })
        let values = series.map { $0.samples.first { $0.value != 0 }?.value ?? 0 }
        // Buckets up to 2^24, 2^25 and 2^26 ns have 1, 2 and 3 spans: half of them end with the second bucket; three quarters are the
        // fifth, two thirds into the last octave.
        #expect(abs(values[0] - 0.033554432) < 1e-12)
        #expect(abs(values[1] - 0.033554432 * 1.5874010519681994) < 1e-12)
        #expect(abs(values[2] - 0.067108864) < 1e-12)
        #expect(series.allSatisfy { $0.samples.count == 13 })
    }

    @Test(arguments: [
        ("{ } | count_over_time()", ["__name__=count_over_time: 44"]), ("{ } | rate()", ["__name__=rate: 0.366667"]),
        ("{ status = error } | count_over_time() by (resource.service.name)", ["resource.service.name=gateway: 3", "resource.service.name=triton: 2"]),
        ("{ } | max_over_time(duration)", ["__name__=max_over_time: 2"]), ("{ } | avg_over_time(span.tokens)", ["__name__=avg_over_time: 124"]),
        ("({ status = error } | count_over_time()) / ({ } | count_over_time())", ["__name__=(count_over_time / count_over_time): 0.113636"]),
        ("{ } | count_over_time() by (kind) | topk(2)", ["kind=internal: 21", "kind=server: 12"]),
    ])
    func instantQueriesHaveOneValue(_ query: String, _ expected: [String]) async throws {
        let result = try await TraceQLQuery(query).instant(TraceQLFixture.store(), Self.options)
        #expect(
            result.series.map { series in
                let labels = series.labels.map { "\($0.key)=\($0.value.map { TraceQLValue($0).description.replacing("`", with: "") } ?? "nil")" }
                return labels.joined(separator: ",") + ": " + series.samples.map { Self.text($0.value) }.joined(separator: " ")
            } == expected
        )
    }

    @Test func compareCountsValuesOfSelectionAndBaseline() async throws {
        let result = try await metrics("{ resource.service.name = `triton` } | compare({ status = error }, 2)")
        let texts = Set(result.series.map { Self.text($0, zeros: false) })
        for expected in [
            "__meta_type=selection,name=infer: 2=1", "__meta_type=selection,name=compute: 2=1", "__meta_type=baseline,name=queue: 1=1 2=1 5=1",
            "__meta_type=baseline,name=compute: 1=1 5=1", "__meta_type=baseline_total,name=nil: 1=3 2=1 5=3 7=1", "__meta_type=selection_total,name=nil: 2=2",
            "__meta_type=selection,span.model=bert: 2=1", "__meta_type=selection,resource.service.name=triton: 2=2", "__meta_type=baseline,rootName=proxy: 7=1",
        ] { #expect(texts.contains(expected), "\(expected)") }
        #expect(!texts.contains { $0.hasPrefix("__meta_type=baseline,name=infer") })
        let start = TraceQLFixture.base + 20 * TraceQLFixture.second
        let windowed = try await metrics("{ } | compare({ }, 5, \(start), \(start + 10 * TraceQLFixture.second))")
        #expect(windowed.series.map { Self.text($0, zeros: false) }.contains("__meta_type=selection_total,status=nil: 2=5"))
    }

    @Test func exemplarsNameTheirTraces() async throws {
        let result = try await metrics("{ status = error } | max_over_time(duration) by (resource.service.name)")
        let exemplars = result.series.flatMap(\.exemplars)
        #expect(Set(exemplars.compactMap { $0.labels.first { $0.key == "trace:id" }?.value }) == [
            .string(TraceQLFixture.traceID(2).description), .string(TraceQLFixture.traceID(6).description),
        ])
        #expect(exemplars.contains { $0.value == 0.01 })
        let counted = try await metrics("{ name = `hop` } | rate()").series.flatMap(\.exemplars)
        #expect(counted.map(\.value) == [0.6])
        #expect(try await metrics("{ } | rate() with(exemplars=false)").series.flatMap(\.exemplars).isEmpty)
        var few = Self.options
        few.exemplars = 3
        #expect(try await metrics("{ } | rate()", few).series.flatMap(\.exemplars).count <= 3)
    }

    @Test func seriesAreBounded() async throws {
        var options = Self.options
        options.maximumSeries = 2
        let result = try await metrics("{ } | rate() by (name)", options)
        #expect(result.series.count == 2)
        #expect(result.incomplete != nil)
    }

    @Test func rangesAreAlignedToSteps() throws {
        let second: UInt64 = 1_000_000_000
        let intervals = try TraceQLIntervals(range: TraceQLMetricsOptions(start: 1003 * second, end: 1038 * second, step: 10 * second))
        #expect(intervals.start == 990 * second)
        #expect(intervals.end == 1040 * second)
        #expect(intervals.count == 5)
        #expect(intervals.time(0) == 1_000_000)
        #expect(intervals.index(of: 990 * second) == nil)
        #expect(intervals.index(of: 990 * second + 1) == 0)
        #expect(intervals.index(of: 1000 * second) == 0)
        #expect(intervals.index(of: 1000 * second + 1) == 1)
        #expect(intervals.index(of: 1040 * second) == 4)
        #expect(intervals.index(of: 1040 * second + 1) == nil)
        for (range, step) in [(3600, 15.0), (86400, 300), (30, 0.1), (10, 0.05), (60, 1), (600, 2), (7 * 86400, 2400), (30 * 86400, 10800)] {
            #expect(Double(TraceQLIntervals.defaultStep(UInt64(range) * second)) == step * 1e9, "\(range)")
        }
    }

    @Test func badRangesAreRefused() async {
        let store = InMemoryTraceStore()
        await #expect(throws: TraceQLError.self) {
            try await TraceQLQuery("{ } | rate()").metrics(store, TraceQLMetricsOptions(start: 10, end: 10))
        }
        await #expect(throws: TraceQLError.self) {
            try await TraceQLQuery("{ } | rate()").metrics(store, TraceQLMetricsOptions(start: 0, end: .max, step: 1))
        }
        await #expect(throws: TraceQLError.self) {
            try await TraceQLQuery("{ }").metrics(store, Self.options)
        }
    }
}
