import Testing
import TraceModel
import TraceStore

@testable import TraceStudio

@Suite("Search parameters")
struct SearchRequestTests {
    private let now: UInt64 = 1_767_225_600_000_000_000

    private func parse(_ query: String, requiresService: Bool = true, followsLookback: Bool = false) throws -> TraceSearch {
        let request = try SearchRequest(QueryItems(query), now: now, requiresService: requiresService, followsLookback: followsLookback)
        guard case .search(let search) = request else { throw BadParameter("not a search") }
        return search
    }

    private func error(_ query: String) -> String? {
        do {
            _ = try SearchRequest(QueryItems(query), now: now, requiresService: true)
            return nil
        } catch {
            return error.message
        }
    }

    @Test("everything at once")
    func full() throws {
        let search = try parse(
            "service=a%2Fb+c&operation=GET%20%2F&start=1000&end=2000&limit=7&minDuration=1.5ms&maxDuration=1h3m&tag=k:v:w&tags=%7B%22error%22%3A%22true%22%7D&x=y"
        )
        #expect(search.service == "a/b c")
        #expect(search.operation == "GET /")
        #expect(search.startTime == 1_000_000...2_000_000)
        #expect(search.limit == 7)
        #expect(search.minimumDuration == 1_500_000)
        #expect(search.maximumDuration == 3_780_000_000_000)
        #expect(search.attributes == [TagFilter("k", "v:w"), TagFilter("error", "true")])
    }

    @Test("defaults: two days, 100 traces; empty parameters are as if absent")
    func defaults() throws {
        let search = try parse("service=a&operation=&minDuration=&tags=&tag=&limit=&lookback=1h")
        #expect(search.operation == nil)
        #expect(search.minimumDuration == nil)
        #expect(search.attributes.isEmpty)
        #expect(search.limit == 100)
        #expect(search.startTime.lowerBound == now - 172_800_000_000_000)
        #expect(search.startTime.upperBound > now)
        #expect(try parse("service=a&limit=0").limit == 100)
        #expect(try parse("service=a&limit=1000000").limit == 1500)
        #expect(try parse("", requiresService: false).service == nil)
    }

    @Test("lookback counts for our page only, and only without a start")
    func lookback() throws {
        #expect(try parse("service=a&lookback=15m", followsLookback: true).startTime.lowerBound == now - 900_000_000_000)
        #expect(try parse("service=a&lookback=2d", followsLookback: true).startTime.lowerBound == now - 172_800_000_000_000)
        #expect(try parse("service=a&lookback=custom&start=5", followsLookback: true).startTime.lowerBound == 5000)
        #expect(try parse("service=a&lookback=1h&start=5", followsLookback: true).startTime.lowerBound == 5000)
    }

    @Test("trace ids make everything else irrelevant")
    func traceIDs() throws {
        guard case .traces(let ids) = try SearchRequest(QueryItems("traceID=10&limit=x&traceID=00Ff"), now: now, requiresService: true) else {
            Issue.record("ids were given")
            return
        }
        #expect(ids == [TraceID(high: 0, low: 0x10), TraceID(high: 0, low: 0xff)])
    }

    @Test(
        "what is wrong is said in Jaeger's words",
        arguments: [
            ("", "parameter 'service' is required"),
            ("operation=a", "parameter 'service' is required"),
            ("service=a&limit=x", "unable to parse param 'limit': \"x\" is not a number of traces"),
            ("service=a&limit=-1", "unable to parse param 'limit': \"-1\" is not a number of traces"),
            ("service=a&start=yesterday", "unable to parse param 'start': \"yesterday\" is not a number of microseconds since 1970"),
            ("service=a&end=99999999999999999999", "unable to parse param 'end': \"99999999999999999999\" is not a number of microseconds since 1970"),
            ("service=a&start=2&end=1", "'end' should not be before 'start'"),
            ("service=a&minDuration=5", "unable to parse param 'minDuration': \"5\" is not a duration such as 1.5ms, 2s or 1h3m"),
            ("service=a&minDuration=2s&maxDuration=1s", "'maxDuration' should be greater than 'minDuration'"),
            ("service=a&tag=nocolon", "malformed 'tag' parameter, expecting key:value, received: nocolon"),
            ("service=a&tags=[1]", "malformed 'tags' parameter, cannot unmarshal JSON: expecting an object of strings, received: [1]"),
            ("service=a&tags={\"a\":{}}", "malformed 'tags' parameter, cannot unmarshal JSON: the value of \"a\" is not a string"),
            ("traceID=xyz", "malformed trace id \"xyz\", expecting 1 to 32 hexadecimal digits"),
            ("traceID=000000000000000000000000000000000", "malformed trace id \"000000000000000000000000000000000\", expecting 1 to 32 hexadecimal digits"),
        ]
    )
    func errors(query: String, message: String) {
        #expect(error(query) == message)
    }

    @Test("broken tags JSON")
    func brokenTags() {
        #expect(error("service=a&tags={")?.hasPrefix("malformed 'tags' parameter, cannot unmarshal JSON: ") == true)
    }

    @Test(
        "Go's durations",
        arguments: [
            ("0", 0), ("1ns", 1), ("100us", 100_000), ("100µs", 100_000), ("1.5ms", 1_500_000), ("2s", 2_000_000_000), (".5s", 500_000_000),
            ("1h3m", 3_780_000_000_000), ("1m1.5s", 61_500_000_000), ("+3s", 3_000_000_000), ("2d", 172_800_000_000_000),
        ] as [(String, UInt64)]
    )
    func durations(text: String, nanoseconds: UInt64) {
        #expect(GoDuration.nanoseconds(text) == nanoseconds)
    }

    @Test("no durations", arguments: ["", "5", "-1s", "s", "1.2.3s", ".s", "1 s", "1x", "inf", "nan", "1e9s", "9999999999h", "١s"])
    func noDurations(text: String) {
        #expect(GoDuration.nanoseconds(text) == nil)
    }

    @Test("URL parameters are decoded, broken escapes stay")
    func decoding() {
        let items = QueryItems("a=1+2%2B3&b&c=&a=%ZZ%4&%64=%C3%A9%ff&=x")
        #expect(items["a"] == "1 2+3")
        #expect(items.all("a") == ["1 2+3", "%ZZ%4"])
        #expect(items["b"] == "")
        #expect(items.nonEmpty("c") == nil)
        #expect(items["d"] == "é\u{fffd}")
        #expect(items["missing"] == nil)
        #expect(QueryItems(nil).items.isEmpty)
        #expect(RouteTable.segments("/api/services/pay%2Fment/operations/") == ["api", "services", "pay/ment", "operations"])
    }
}
