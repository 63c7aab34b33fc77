import Testing
import TraceModel
import TraceStore

@testable import TraceQuery

@Suite struct TraceQLCompletionTests {
    @Test(arguments: [
        ("‸", .query, "", nil), ("{ ‸", .field, "", nil), ("{ sta‸", .field, "sta", nil), ("{ span.http‸", .attributeName, "http", nil), ("{ .‸", .attributeName, "", nil),
        ("{ status ‸", .comparison, "", "status"), ("{ status = ‸", .value, "", "status"), ("{ status = er‸", .value, "er", "status"),
        ("{ span.a = \"x‸", .value, "x", "span.a"), ("{ status = error ‸", .connective, "", nil), ("{ status = error && ‸", .field, "", nil),
        ("{ } ‸", .spansetOperator, "", nil), ("{ } | ‸", .stage, "", nil), ("{ } | ra‸", .stage, "ra", nil), ("{ } | rate() by (‸", .field, "", nil),
        ("{ http.me‸", .field, "http.me", nil), ("{ .http.me‸", .attributeName, "http.me", nil), ("{ my-attr‸", .field, "my-attr", nil), ("{ duration-tra‸", .field, "tra", nil),
        ("{ name.x‸", .field, "name.x", nil), ("{ } | by(http.me‸", .field, "http.me", nil), ("{ http.method ‸", .comparison, "", ".http.method"), ("{ duration ‸", .comparison, "", "duration"),
        ("{ http.method = GE‸", .value, "GE", ".http.method"), ("{ foo=ba‸", .value, "ba", ".foo"), ("{ name = hello-wor‸", .value, "hello-wor", "name"), ("{ name = a:b@‸", .value, "a:b@", "name"),
        ("{ span.a = b‸ && .b = 1 }", .value, "b", "span.a"), ("{ span.a = \"a \\\"b‸", .value, "a \"b", "span.a"), ("{ span.a = \"a\\‸", .value, "a", "span.a"), ("{ span.\"a b‸", .attributeName, "a b", nil),
        ("{ status = error‸", .value, "error", "status"), ("{ .a = 1 && b‸", .field, "b", nil), ("{ .a = 1 } > { ht.me‸", .field, "ht.me", nil),
        ("{ } | select(.a, ‸", .field, "", nil), ("{ ‸ && .a = 1 }", .field, "", nil), ("{ } | quantile_over_time(dur‸", .field, "dur", nil),
    ] as [(String, TraceQLCompletion.Expectation, String, String?)])
    func saysWhatMayFollow(_ marked: String, _ expectation: TraceQLCompletion.Expectation, _ prefix: String, _ field: String?) {
        let completion = TraceQLCompletion(marked.replacing("‸", with: ""), cursor: marked.prefix { $0 != "‸" }.unicodeScalars.count)
        #expect(completion.expectation == expectation)
        #expect(completion.prefix == prefix)
        #expect(completion.field == field)
        #expect(completion.suggestions.allSatisfy { $0.hasPrefix(prefix) })
    }

    /// What is put in stands where the query could be read again.
    @Test(arguments: [
        ("{ http.method = GE", 2, ".http.method = "), ("{ .a = 1 && foo !~ b", 12, ".foo !~ "), ("{ http.method ", 2, ".http.method "), ("{ .http.method = GE", 17, ""), ("{ http.me", 2, ""),
        ("{ span.a = \"x", 11, ""), ("{ span.a = ", 11, ""), ("{ name = x", 9, ""),
    ])
    func leads(_ text: String, _ start: Int, _ lead: String) {
        let completion = TraceQLCompletion(text, cursor: text.unicodeScalars.count)
        #expect(completion.start == start)
        #expect(completion.lead == lead)
    }

    @Test func suggestsWords() {
        #expect(TraceQLCompletion("{ kind = Ser", cursor: 12).suggestions == ["server"])
        #expect(TraceQLCompletion("{ status =~ er", cursor: 14).suggestions == [])
        #expect(TraceQLCompletion("{ sta", cursor: 5).suggestions == ["status", "statusMessage"])
        #expect(TraceQLCompletion("{ status = ", cursor: 11).suggestions == ["error", "ok", "unset"])
        #expect(TraceQLCompletion("{ } | top", cursor: 9).suggestions == ["topk("])
        #expect(TraceQLCompletion("{ span:", cursor: 7).suggestions.contains("span:childCount"))
        #expect(TraceQLCompletion("{ resource.serv", cursor: 15).scope == "resource")
        #expect(TraceQLCompletion("{ resource.serv", cursor: 15).start == 11)
        #expect(TraceQLCompletion("{ status = }", cursor: 2).error?.column == 12)
        #expect(TraceQLCompletion("{ status = ok }", cursor: 2).error == nil)
    }

    @Test(arguments: [
        ("{ .a = 1 && .b = }", "{ .a = 1 }"), ("{ .a = 1 && ", "{ .a = 1 }"), ("{ resource.service.name = `x` && name = `y` }", "{ resource.service.name = `x` && name = `y` }"),
        ("{ (.a = 1 || .b = 2) && .c }", "{ ((.a = 1) || (.b = 2)) && .c }"), ("{ .a = 1 || .b = }", nil), ("{ .a = 1 || .b = 2 }", "{ (.a = 1) || (.b = 2) }"),
        ("{ }", nil), ("", nil), ("{ .a > }", nil), ("{ .a = 1 } >> { .b = 2 }", "{ .a = 1 }"), ("{ rootName = `x` && .a = 1 }", "{ .a = 1 }"), ("{ .a = `open", nil),
    ] as [(String, String?)])
    func readsWhatIsCompleteOfAFilter(_ text: String, _ expected: String?) throws {
        let filter = TraceQLSpanFilter(lenient: text)
        let canonical = try expected.map { try TraceQLQuery($0).canonicalText }
        #expect(try filter.map { try TraceQLQuery($0.text).canonicalText } == canonical)
    }

    @Test(arguments: [
        ("{ rootName = `x` && .a = 1 && name = ", "{ rootName = `x` && .a = 1 }"), ("{ .a = 1 || .b = ", nil), ("{ .a > }", nil), ("", nil),
    ] as [(String, String?)])
    func readsConditionsOfTracesToo(_ text: String, _ expected: String?) throws {
        let canonical = try expected.map { try TraceQLQuery($0).canonicalText }
        #expect(try TraceQLSpanFilter.readablePart(of: text).map { try TraceQLQuery($0).canonicalText } == canonical)
    }

    @Test func filterKeepsMatchingSpans() throws {
        let filter = try #require(TraceQLSpanFilter(lenient: "{ status = error && resource.service.name = `triton` && name = "))
        #expect(filter.conditions == [[.status(.error), .service("triton")]])
        let kept = TraceQLFixture.rows.map { filter.matching($0.batch) }.flatMap(\.resourceSpans).flatMap(\.scopeSpans).flatMap(\.spans)
        #expect(kept.map(\.spanID.value) == [203, 205])
    }
}
