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
        ("{ } | select(.a, ‸", .field, "", nil), ("{ ‸ && .a = 1 }", .field, "", nil), ("{ } | quantile_over_time(dur‸", .field, "dur", nil),
    ] as [(String, TraceQLCompletion.Expectation, String, String?)])
    func saysWhatMayFollow(_ marked: String, _ expectation: TraceQLCompletion.Expectation, _ prefix: String, _ field: String?) {
        let completion = TraceQLCompletion(marked.replacing("‸", with: ""), cursor: marked.prefix { $0 != "‸" }.unicodeScalars.count)
        #expect(completion.expectation == expectation)
        #expect(completion.prefix == prefix)
        #expect(completion.field == field)
        #expect(completion.suggestions.allSatisfy { $0.hasPrefix(prefix) })
    }

    @Test func suggestsWords() {
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
