import Testing
import TraceModel
import TraceStore

@testable import TraceQuery

/// Pipelines over the fixed data set.
@Suite struct TraceQLPipelineTests {
    @Test(arguments: cases)
    func finds(_ testCase: TraceQLCase) async throws { try await testCase.check() }

    static let cases: [TraceQLCase] = [
        .init("{ } | count() > 5", "101-106 601-606"), .init("{ } | count() = 3", "501-503 701 701 702 801-803 901-903 1001-1003"),
        .init("{ status = error } | count() > 1", "201 202 203 205"), .init("{ kind = client } | count() = 2", "102 106 701 702"),
        .init("{ } | avg(duration) > 300ms", "201-205 301-305"), .init("avg(duration) > 300ms", "201-205 301-305"), .init("max(duration) >= 2s", "301-305"),
        .init("min(duration) < 1ms", "1201"), .init("{ } | sum(span.rows) > 3", "901-903"), .init("{ } | sum(span.rows) = 0", "301-305 1201"),
        .init("{ } | max(span.batch) = 8", "201-205"), .init("{ } | min(span.batch) = 1", "401-404"), .init("{ } | avg(span.tokens) = 124", "301-305"),
        .init("{ } | avg(span.batch) > 4", "201-205"), .init(#"{ resource.service.name = "triton" } | max(span.batch) < 4"#, "501-503"),
        .init("{ } | { status = error } | count() = 1", "606"), .init("{ status = error } | { kind = server }", "201 203"),
        .init("{ kind = server } | count() > 1 | { status = error }", "201 203"), .init("{ } | min(duration + 1ms) = 1ms", "1201"),
        .init("{ } | count() > 2 | avg(duration) < 5ms", "801-803 1001-1003"), .init("{ } | max(span.user) > 0", ""),
        .init("{ } | 2 < count() | { name = `a` }", "901"), .init("count() = 1 | { true }", "1201"), .init("{ } | count() > 2 * 2 + 1", "101-106 601-606"),
        .init("{ } | sum(duration) > -1 | { .n = 1 }", "601"), .init(#"{ name = "hop" } | by(span.n > 3) | count() = 3"#, "601-606"),
        .init("{ status = error } | by(resource.service.name) | count() > 1", "201 202 203 205"),
        .init("{ } | by(resource.service.name) | count() = 4", "401-404"), .init("{ } | by(name) | coalesce() | count() = 6", "101-106 601-606"),
        .init("{ true } | by(name) | coalesce()", TraceQLFixture.all), .init("{ } | by(kind) | max(duration) > 1s", "301-304"),
        .init("{ } | by(.region) | count() > 5", "601-606"), .init("by(name) | count() > 5", "601-606"),
        .init("{ status = error } | select(span.model, name)", "201 202 203 205 606"), .init("{ } with (most_recent=true)", TraceQLFixture.all),
        .init("{ .n = 1 || .n = 2 } | by(.n) | { .n = 2 }", "602"), .init("// all of them\n{ } /* nothing */ | count() = 1", "1201"),
    ]

    private func search(_ query: String, spans: Int = 1000, limit: Int = 100) async throws -> TraceQLSearchResult {
        try await TraceQLQuery(query).search(
            TraceQLFixture.store(), TraceQLSearchOptions(startTime: TraceQLFixture.window, limit: limit, spansPerSpanSet: spans)
        )
    }

    /// Each set as its attributes and the ids of its spans.
    private func sets(_ query: String) async throws -> [String] {
        try await search(query).traces.flatMap(\.spanSets).map { set in
            let attributes = set.attributes.map { "\($0.key)=\($0.value.map { TraceQLValue($0).description } ?? "nil")" }
            return (attributes + set.spans.map { "\($0.spanID.value)" }).joined(separator: " ")
        }
    }

    @Test(arguments: [
        ("{ status = error } | by(resource.service.name) | count() > 1", [
            "by(resource.service.name)=`gateway` count()=2 201 202", "by(resource.service.name)=`triton` count()=2 203 205",
        ]),
        ("{ name = `infer` } | avg(span.batch) = 8", ["avg(span.batch)=8.0 203"]),
        ("{ name = `infer` } | max(duration) > 400ms", ["max(duration)=`450ms` 203"]),
        ("{ name = `hop` } | by(span.n % 2)", ["by(span.n % 2)=1 601 603 605", "by(span.n % 2)=0 602 604 606"]),
        ("{ name = `hop` } | by((span.n + 1) * 2 > 10)", ["by(((span.n + 1) * 2) > 10)=false 601 602 603 604", "by(((span.n + 1) * 2) > 10)=true 605 606"]),
        ("{ .rows >= 0 } | by(span.db.name) | by(.rows)", [
            "by(span.db.name)=nil by(.rows)=0 1201", "by(span.db.name)=nil by(.rows)=7 903", "by(span.db.name)=nil by(.rows)=1 702",
            "by(span.db.name)=`users` by(.rows)=0 305", "by(span.db.name)=`users` by(.rows)=3 106",
        ]),
        ("{ name = `hop` } | by(kind) | coalesce()", ["601 602 603 604 605 606"]),
        ("{ name = `hop` } | by(status) | sum(span.n) > 5", ["by(status)=`unset` sum(span.n)=15 601 602 603 604 605", "by(status)=`error` sum(span.n)=6 606"]),
        ("{ name = `hop` } | avg(duration) = 35ms | min(duration) = 10ms", ["avg(duration)=`35ms` min(duration)=`10ms` 601 602 603 604 605 606"]),
    ])
    func setsHaveTheirAttributes(_ query: String, _ expected: [String]) async throws {
        #expect(try await sets(query) == expected)
    }

    @Test func spansShowWhatTheQueryTouches() async throws {
        let result = try await search("{ name = `infer` && status = error && duration > 1ms && .missing = nil } | select(span.batch, resource.region, event:name, kind)")
        let span = try #require(result.traces.first?.spanSets.first?.spans.first)
        #expect(span.name == "infer")
        #expect(
            span.attributes == [
                TraceQLAttribute(key: "status", value: "error"), TraceQLAttribute(key: "batch", value: 8), TraceQLAttribute(key: "region", value: "us"),
                TraceQLAttribute(key: "event:name", value: "exception"), TraceQLAttribute(key: "kind", value: "server"),
            ]
        )
        #expect(try await search("{ status = error }").traces.flatMap(\.spanSets).flatMap(\.spans).allSatisfy { $0.name == nil })
    }

    @Test func tracesAreSummedUp() async throws {
        let trace = try #require(try await search("{ statusMessage = `oom` }").traces.first)
        #expect(trace.traceID == TraceQLFixture.traceID(2))
        #expect(trace.rootServiceName == "gateway")
        #expect(trace.rootTraceName == "POST /infer")
        #expect(trace.startTime == TraceQLFixture.base + 21 * TraceQLFixture.second)
        #expect(trace.duration == 500_000_000)
        #expect(trace.serviceStatistics == ["gateway": .init(spanCount: 2, errorCount: 2), "triton": .init(spanCount: 3, errorCount: 2)])
        let rootless = try #require(try await search("{ name = `infer` && span.batch = 2 }").traces.first)
        #expect(rootless.rootServiceName == nil && rootless.rootTraceName == nil)
    }

    @Test func stopsAtTheLimitAndCutsSets() async throws {
        let result = try await search("{ }", spans: 2, limit: 3)
        #expect(result.traces.map(\.traceID.low) == [12, 11, 10])
        #expect(result.inspectedTraces == 3)
        #expect(result.traces.last?.spanSets.first?.matched == 3)
        #expect(result.traces.last?.spanSets.first?.spans.map(\.spanID.value) == [1001, 1002])
        #expect(try await search("{ }", limit: 0).traces.isEmpty)
    }

    @Test func windowLimitsTheSearch() async throws {
        let start = TraceQLFixture.base + 60 * TraceQLFixture.second
        let result = try await TraceQLQuery("{ }").search(
            TraceQLFixture.store(), TraceQLSearchOptions(startTime: start...start + 20 * TraceQLFixture.second, limit: 100)
        )
        #expect(result.traces.map(\.traceID.low) == [7, 6])
    }

    @Test func metricsQueriesAreNoSearches() async throws {
        await #expect(throws: TraceQLError.self) { try await search("{ } | rate()") }
    }
}
