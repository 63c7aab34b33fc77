import Testing
import TraceModel
import TraceStore

@testable import TraceQuery

@Suite struct TraceQLSmokeTests {
    @Test(arguments: ["{ }", "{ status = error }", "{ true } >> { name = `a` } | count() > 1", "({} | rate()) / ({} | rate()) * 100 > 5", "{} | quantile_over_time(duration, .99, .9) by (span.x) | topk(5)"])
    func parses(_ text: String) throws {
        let query = try TraceQLQuery(text)
        #expect(try TraceQLQuery(query.canonicalText).canonicalText == query.canonicalText)
    }
}
