import HTTPTypes
import HummingbirdTesting
import Testing
import TraceModel
import TraceQuery

@testable import TraceStudio

@Suite("Links of Jaeger and Zipkin")
struct ForeignLinkTests {
    /// Path and decoded parameters of the target.
    private func target(_ link: String) async -> (path: String, items: QueryItems)? {
        let parts = link.split(separator: "?", maxSplits: 1).map(String.init)
        let path = RouteTable.segments(parts[0])
        guard let target = await ForeignLink.target(path, QueryItems(parts.count > 1 ? parts[1] : nil), services: { ["Front-End"] }) else { return nil }
        let found = target.split(separator: "?", maxSplits: 1).map(String.init)
        return (found[0], QueryItems(found.count > 1 ? found[1] : nil))
    }

    @Test(
        "searches mean the same",
        arguments: [
            ("/search", ""),
            ("/search?service=front", "service:front"),
            ("/search?service=my+shop", "service:\"my shop\""),
            ("/search?service=front&operation=all", "service:front"),
            ("/search?service=front&operation=GET%20%2F", "{ resource.service.name = \"front\" && name = \"GET /\" }"),
            ("/search?service=front&tags=%7B%22http.status_code%22%3A%22500%22%7D", "{ resource.service.name = \"front\" && (.http.status_code = \"500\" || .http.status_code = 500) }"),
            ("/search?service=front&tags=%7B%22error%22%3A%22true%22%7D&minDuration=1.5ms&maxDuration=2s", "{ resource.service.name = \"front\" && status = error && duration >= 1500us && duration <= 2s }"),
            ("/search?tag=user:a%22b", "{ .user = \"a\\\"b\" }"),
            ("/search?traceID=a&traceID=b", "{ trace:id = \"0000000000000000000000000000000a\" || trace:id = \"0000000000000000000000000000000b\" }"),
            ("/zipkin/?serviceName=front-end", "service:Front-End"),
            ("/zipkin/?serviceName=all&spanName=all", ""),
            ("/zipkin?serviceName=front-end&spanName=get&minDuration=2000&maxDuration=10ms", "{ resource.service.name = \"Front-End\" && name = \"get\" } && { resource.service.name = \"Front-End\" && duration >= 2ms && duration <= 10ms }"),
            ("/zipkin/?annotationQuery=http.method%3DGET+and+retry", "{ .http.method = \"GET\" } && { (.retry != nil || event:name = \"retry\") }"),
        ]
    )
    func searches(link: String, filter: String) async throws {
        let target = try #require(await target(link))
        #expect(target.path == "/traces")
        #expect(target.items["q"] ?? "" == filter)
        #expect(throws: Never.self) { try WindowAPI.parse(filter, "q") }
    }

    @Test(
        "times",
        arguments: [
            ("/search?lookback=2d", ["lookback": "2d"]), ("/search?lookback=1h&start=1500000000000000&end=1500003600000000", ["from": "1500000000000000", "to": "1500003600000000"]), ("/search?lookback=custom", [:]),
            ("/zipkin/?endTs=1500003600000&lookback=3600000", ["from": "1500000000000", "to": "1500003600000"]), ("/zipkin/?lookback=15m", ["lookback": "15m"]), ("/zipkin/?lookback=900000", ["lookback": "900s"]),
            ("/zipkin/?lookback=range&startTs=1500000000000&endTs=1500003600000", ["from": "1500000000000", "to": "1500003600000"]), ("/zipkin/?lookback=15m&endTs=1500000900000", ["from": "1500000000000", "to": "1500000900000"]),
        ] as [(String, [String: String])]
    )
    func times(link: String, parameters: [String: String]) async throws {
        let target = try #require(await target(link))
        #expect(Dictionary(uniqueKeysWithValues: target.items.items.map { ($0.name, $0.value) }) == parameters)
    }

    @Test(
        "single pages",
        arguments: [
            ("/trace/abc?uiFind=0123456789abcdef", "/trace/00000000000000000000000000000abc?span=0123456789abcdef"), ("/trace/abc?uiFind=GET%20/", "/trace/00000000000000000000000000000abc?find=GET%20%2F"),
            ("/trace/a...b?cohort=a", "/compare?a=0000000000000000000000000000000a&b=0000000000000000000000000000000b"), ("/dependencies", "/map"), ("/traces/a", "/trace/0000000000000000000000000000000a"),
            ("/zipkin/traces/a?spanId=b", "/trace/0000000000000000000000000000000a?span=000000000000000b"), ("/zipkin/dependency?startTime=1500000000000&endTime=1500003600000", "/map?from=1500000000000&to=1500003600000"),
            ("/zipkin/elsewhere", "/traces"), ("/search?traceID=a", "/trace/0000000000000000000000000000000a"),
        ]
    )
    func pages(link: String, place: String) async throws {
        let parts = link.split(separator: "?", maxSplits: 1).map(String.init)
        #expect(await ForeignLink.target(RouteTable.segments(parts[0]), QueryItems(parts.count > 1 ? parts[1] : nil), services: { [] }) == place)
    }

    @Test("what is ours stays", arguments: ["/traces", "/trace/abc", "/trace/abc?span=1", "/", "/zipkin/api/v2/traces", "/traces/not-hex", "/map"])
    func ours(link: String) async {
        #expect(await target(link)?.path == nil)
    }

    @Test("the query port answers with the place")
    func server() async throws {
        try await Studio.run([]) { (studio) async throws in
            let response = try await studio.get("/search?service=front&lookback=1h")
            #expect(response.status == .found)
            #expect(response.headers[.location] == "/traces?q=service%3Afront&lookback=1h")
            #expect(try await studio.get("/traces").status == .ok)
        }
    }
}
