import Testing

@testable import TraceQuery

/// What is a query, what is none, and where the mistake is.
@Suite struct TraceQLSyntaxTests {
    @Test(arguments: filters + pipelines + metrics)
    func reads(_ text: String) throws {
        let query = try TraceQLQuery(text)
        let again = try TraceQLQuery(query.canonicalText)
        #expect(again.canonicalText == query.canonicalText)
    }

    static let filters = [
        "{}", "{ .a }", "{ !.a }", "{ .a && !.b || .c }", "{ -.a = 2 }", "{ .a =~ `x` && .b !~ \"y\" }", "{ resource.a != 3 && span.b != 3.0 }",
        "{ !(\"t\" != .c || ((true && .b) || 3 < .a)) }", "{ statusMessage != \"\" }", "{ kind = consumer || kind = unspecified }", "{ 1 <= 1.1 }",
        "{ event.foo = 1 && link.foo = 2 && instrumentation.foo = 3 }", "{ span:id = `1` && trace:id = `2` && span:parentID = `3` }",
        "{ event:timeSinceStart > 1.5s && link:spanID = `f1` }", "{ ._x = 1 && .a-b/c:d+e = 2 }", "{ span.\"a b\".c = 1 }", "{ .\"a\\\\b\\\"c\" = `v` }",
        "{ .a = minInt || .a = maxInt }", "{ .a = 1e3 && .b = .9 && .c = 0x1F }", "{ duration > 1h30m && duration < 1d || duration = 100us }",
        "{ duration > 1.5ms && duration != 2w1d }", "{ .a + 1 - 2 * 3 / 4 % 5 ^ 6 = 0 }", "{ 1 * 1h = 1 }", "{ .http.status >= \"200\" }", "{.a=1&&.b=2}",
        "{ .a = \"\\u00e9\\n\\t\\x41\\101\" }", "{ name != nil && .a = nil }", "{ nestedSetLeft > 3 && span:childCount < 9 }", "\n{\n.a\n}\n",
        "{ status=ok }", "{ .é = `ü` }", "{ .a > -1 && .a < - 2 }", "{ traceDuration > 1s && rootServiceName = `a` && rootName != `b` }",
    ]

    static let pipelines = [
        "{ true } && { true } || { true }", "{ } > { } >> { } < { } << { } ~ { }", "{ } !> { } !>> { } !< { } !<< { } !~ { }",
        "{ } &> { } &>> { } &< { } &<< { } &~ { }", "({ } && { }) > ({ } || { })", "({ } | count() > 1 | { false }) >> ({ } | count() > 1)", "avg(.f) > 1",
        "max(duration) >= 1s", "{ } | min(.a + 1) = 1", "{ } | max((1 + .a) * 2) = 1", "max(duration) > 3s | { status = error }", "select(.a)",
        "{ } | select(.a, resource.b, name, span:id)", "{ } | by(1 + .a) | coalesce()", "by(.a) | { true }", "{ } | by(3 * .f - 2) | max(duration) < 1s",
        "{ } | count() != 2 | sum(.a) <= 3", "{ } | 3 > count()", "min(span:childCount) < 2 / 6", "avg(.f) > 1 - 3", "avg(.f) > -(1 + 2) * 3", "(((({ }))))",
        "{ } with(most_recent=true, x=`y`)", "({ } | { }) | count() > 1", "{ } | ({ } > { }) | count() = 1",
    ]

    static let metrics = [
        "{ } | rate()", "{ } | count_over_time() by (name, .a) with(sample=0.1)", "{ } | min_over_time(duration) by (span.http.path)",
        "{ } | quantile_over_time(duration, 0, 0.9, 1) by (.a)", "{ } | histogram_over_time(span.size)", "{ } | avg_over_time(.a) | topk(10)",
        "{ } | rate() | topk(5) | bottomk(3) > 10", "{ } | rate() > -3", "{ } | rate() != 1.5 | topk(2)", "{ } | max_over_time(duration) > 10s",
        "({ } | rate()) + ({ } | rate())", "(({ } | rate()) * ({ } | rate())) - 5", "100 * ({ } | rate()) / 3", "1 + 2 + ({ } | rate())",
        "({ } | rate()) > 1 / 2", "-2 - 20 / ({ } | rate())", "({ } | rate() > 6) * 100 > 5", "({ } | rate()) * 10 + 5 > 50 | topk(1)",
        "{ } | compare({ status = error })", "{ } | compare({ }, 5)", "{ } | compare({ status = error }, 5, 1, 2)", "{ } > { } | rate()",
        "{ } | by(.a) | count() > 1 | rate()", "({ } | rate() by (.a) | topk(3)) / ({ } | rate()) with(exemplars=true)",
    ]

    /// ‸ stands before the place where the mistake is.
    @Test(arguments: mistakes + mistakesOutside)
    func pointsAtMistakes(_ marked: String) throws {
        let text = marked.replacing("‸", with: "")
        let before = marked.prefix { $0 != "‸" }
        let line = before.filter { $0 == "\n" }.count + 1
        let column = (before.lastIndex(of: "\n").map { before[before.index(after: $0)...] } ?? before).unicodeScalars.count + 1
        let error = #expect(throws: TraceQLError.self) { try TraceQLQuery(text) }
        #expect(error?.line == line)
        #expect(error?.column == column)
        #expect(error?.message.contains("syntax error") == true)
        #expect(error?.description.hasPrefix("parse error at line \(line), col \(column): ") == true)
    }

    static let mistakes = [
        "‸", "‸true", "‸[ true ]", "( ‸true )", "{ ‸. }", "{ ‸< }", "{ .a < ‸}", "{ .a < 3‸", "{ (.a < 3 ‸}", "{ ‸attribute = 4 }", "{ .a =‸= 4 }",
        "{ ‸span. }", "{ ‸span }", "{ .a ‸.b }", "{ .a = 1 && ‸}", "{ && ‸.a }".replacing("{ && ‸.a }", with: "{ ‸&& .a }"), "{ .a ‸>> .b }", "{ .a ‸~ 1 }",
        "{ .a = ‸\"open }", "{ .a = ‸`open }", "{ .a = ‸\"\\q\" }", "{ ‸.\"open = 1 }", "{ ‸.\"a\\n\" = 1 }", "{ .a = ‸'x' }", "{ .a = ‸# }", "{ ‸trace:status = error }",
        "{ ‸trace:name = `a` }", "{ ‸span:rootName = `a` }", "{ ‸trace:rootServiceName = `a` }", "{ ‸event:foo = 1 }", "{ .a > ‸nil }", "{ ‸nil }",
        "{ .a = ‸99999999999999999999 }", "{ .a = 1 ‸2 }", "{ .a = 10‸x }", "{ }‸ }".replacing("‸ }", with: " ‸}"), "{\n  .a =\n  ‸}", "{ .é = ‸}", "{ true ‸{ }",
        "{ .a = (1 + ‸) }", "{ .a + ‸nil = 1 }", "{ !‸nil }", "{ 1 + ‸* 2 }", "{ .a ‸!2 }", "{ ‸count() > 1 }", "{ ‸childCount = 1 }",
    ]

    static let mistakesOutside = [
        "{ true } ‸+ { true }", "{ true } ‸= { true }", "{ true } ‸<= { true }", "{ true } &&‸", "{ true } && ‸3", "avg(.f) + 1‸", "sum(3) - 2‸",
        "min(span:childCount) ‸&& 2", "max(status) = ‸ok", "avg(`x`) = ‸`y`", "select(.a‸", "select(‸)", "select(‸1 + 2)", "{ } | select(.a ‸.b)",
        "‸coalesce() | { true }", "count() > 3 ‸&& { true }", "{ true } | count()‸", "{ true } | ‸notAnAggregate() = 1", "{ true } | count ‸= 1",
        "{ true } | max(‸) = 1", "{ true } | by(‸)", "({ true }) ‸+ (count()) = 1", "({ true } | count()) ‸&& ({ true } | count()) = 1",
        "({ true } | count()) + ({ true } | count())‸", "5 + ‸{} | rate()", "{} | rate() ‸+ 5", "‸2 * 3", "({} | rate()) ‸% 10", "({} | rate()) + 5 ‸100",
        "{} | ‸topk(10)", "{} | rate() | topk(‸-1)", "{} | rate() | ‸by(.a)", "{} > ‸10", "{} | rate() =‸= 42", "{} | rate() ‸&& {}",
        "({} | rate()) ‸^ ({} | rate())", "({} | rate()) ‸>> ({} | rate())", "({} | rate()) * ‸10s", "({} | rate()) > (10s ‸* 2)", "{} | rate(‸.a)",
        "{} | min_over_time(‸)", "{} | min_over_time(.a ‸+ 1)", "{} | quantile_over_time(.a‸)", "{} | quantile_over_time(.a, ‸`x`)", "{} | rate() by ‸.a",
        "{} | compare(‸.a)", "{} | compare({}, ‸.a)", "{} | compare({}, 1, 2‸)", "{} with‸", "{} with(‸)", "{} with(a‸)", "{} with(a=‸.b)", "{} ‸| ", "({ }‸",
        "{ .foo = `a` } | 3 ‸> 2", "1 ‸/ 0 + ({} | rate())", "{} ‸{}", "{} | rate() ‸rate()",
    ].map { $0 == "{} ‸| " ? "{} | ‸" : $0 }

    /// Well-formed, and without sense.
    @Test(arguments: nonsense)
    func refusesNonsense(_ marked: String) throws {
        let text = marked.replacing("‸", with: "")
        let column = marked.prefix { $0 != "‸" }.unicodeScalars.count + 1
        let error = #expect(throws: TraceQLError.self) { try TraceQLQuery(text) }
        #expect(error?.column == column)
        #expect(error?.message.contains("syntax error") == false)
    }

    static let nonsense = [
        "{ ‸status }", "{ ‸kind }", "{ ‸ok }", "{ ‸1.1 }", "{ ‸1h }", "{ ‸`foo` }", "{ 1 ‸+ 1 }", "{ 1 ‸+ `foo` = 1 }", "{ 1 ‸- true = 1 }", "{ 1 ‸^ name = 1 }",
        "{ 1 ‸= `foo` }", "{ 1 ‸!= true }", "{ 1 ‸> ok }", "{ 1 ‸= name }", "{ 1 ‸=~ 2 }", "{ .a ‸=~ 2 }", "{ .a =~ ‸.b }", "{ status ‸> ok }", "{ kind ‸< consumer }",
        "{ true ‸> false }", "{ 1 ‸&& `foo` }", "{ true ‸|| 1.1 }", "{ traceDuration ‸> `test` }", "{ rootServiceName ‸= 1 }", "{ `foo` ‸= span:childCount }",
        "{ span:status ‸= nil }", "{ nil ‸= name }", "{ resource.service.name ‸= nil }", "{ span.foo =~ ‸`[` }", "{ span.foo !~ ‸`(` }", "{ .a =~ ‸`(?=x)` }",
        "{ .a =~ ‸`\\\\1` }".replacing("\\\\", with: "\\"), "{ .a =~ ‸`x{1001}` }", "{ .a =~ ‸`*` }", "{ ‸-true }", "{ ‸-`foo` = `bar` }", "{ ‸-name = `foo` }",
        "{ ‸!`foo` = `bar` }", "{ ‸!1 = 1 }", "{ ‸!name = `foo` }", "min(1 ‸= 3) = 1", "sum(‸3) = 2", "min(1.1 ‸- 3) > 1", "max(‸name) = 1", "{ true } | by(‸1)",
        "{ true } | by(‸`foo`)", "{ nestedSetLeft ‸= `foo` }", "{} | rate() | ‸topk(0)", "{} | rate() | ‸bottomk(0)", "{} | ‸compare({}) | topk(10)",
        "{} | ‸compare({}) > 10", "({} | ‸compare({})) + ({} | rate())", "{} | ‸compare({}, 0)", "{} | ‸compare({}, 1, 5, 2)", "{} | ‸quantile_over_time(.a, 1.5)",
        "{} | ‸rate() by (.a, .b, .c, .d, .e, .f)", "{} | ‸histogram_over_time(.z) by (.a, .b, .c, .d, .e)", "{ ‸parent.a != 3 }", "{ ‸parent }",
        "{ ‸parent.span.a > 3 }", "min(.f) ‸< max(duration)", "{ } | count() + count() ‸= 1", "({ } | count()) + ({ } | count()) ‸= 1",
        "{ } | ‸select(parent.a)", "{} | ‸rate() by (parent.a)", "{ (1 ‸= `a`) = true }",
    ]

    @Test func boundsSizeAndDepth() throws {
        for text in [
            String(repeating: "(", count: 100_000), "{ " + String(repeating: "(", count: 10_000) + "1", "{ " + String(repeating: "!", count: 10_000) + "true }",
            "{ " + String(repeating: "-", count: 10_000) + "1 = 1 }", "{ 1" + String(repeating: " + 1", count: 10_000) + " = 1 }",
            "{ }" + String(repeating: " > { }", count: 10_000), "{ }" + String(repeating: " | { }", count: 10_000),
            "1" + String(repeating: "^ 1", count: 10_000), "({} | rate())" + String(repeating: " + 1", count: 10_000), "{ .a = `" + String(repeating: "x", count: 200_000) + "` }",
        ] {
            #expect(throws: TraceQLError.self) { try TraceQLQuery(text) }
        }
        let long = try TraceQLQuery("{ " + (0..<5000).map { ".a = \($0)" }.joined(separator: " || ") + " }")
        #expect(!long.isMetrics)
        #expect(try TraceQLQuery("{} | rate()").isMetrics)
    }

    /// Each would take for ever if a level asked the one below it twice.
    @Test(arguments: [
        ("{ .j", " + 1", " > 0 }"), ("{ 1", " + .j", " = .k }"), ("{ .j", " ^ 2", " = 1 }"), ("{ ", "-", ".j = 1 }"), ("{ ", "!", ".j }"),
        ("({ } | rate())", " + ({ } | rate())", ""), ("({ } | rate())", " * 2", ""), ("{ } ", ">> { .j = 1 } ", ""),
        ("{ ", "(", ".j" + String(repeating: ")", count: 60) + " = 1 }"),
    ])
    func readsLongChains(_ start: String, _ link: String, _ end: String) {
        #expect(throws: Never.self) { try TraceQLQuery(start + String(repeating: link, count: 60) + end) }
    }

    @Test(arguments: [
        ("0", nil), ("1h30m", 5_400_000_000_000), ("2d", 172_800_000_000_000), ("1w", 604_800_000_000_000), ("1y", 31_536_000_000_000_000), ("1.5s", 1_500_000_000),
        ("100us", 100_000), ("100µs", 100_000), ("7ns", 7), ("1m1h", 3_660_000_000_000), ("1h1h", 7_200_000_000_000), ("5", nil), ("", nil), ("1x", nil), ("999999999y", nil),
    ] as [(String, Int64?)])
    func durations(_ text: String, _ nanoseconds: Int64?) {
        #expect(TraceQLDuration.parse(text) == nanoseconds)
        if let nanoseconds { #expect(TraceQLDuration.parse(TraceQLDuration.text(nanoseconds)) == nanoseconds) }
    }
}
