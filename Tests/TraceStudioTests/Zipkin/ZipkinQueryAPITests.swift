import HTTPTypes
import HummingbirdTesting
import JSONCoding
import NIOCore
import Testing
import TraceModel
import TraceWire

@testable import TraceStudio

@Suite("Zipkin's query API", .timeLimit(.minutes(20)))
struct ZipkinQueryAPITests {
    /// Microseconds, a minute before ``Studio/now``.
    private static let start = Int64(Studio.now / 1000) - 60_000_000

    /// As Zipkin's own clients send them: a client and its server with one id, another trace, and a span with hardly anything.
    private static let spans = """
        [{"traceId":"000000000000000a","id":"0000000000000001","name":"get /","kind":"SERVER","timestamp":\(start),"duration":90000,\
        "localEndpoint":{"serviceName":"Front","ipv4":"10.0.0.1","port":8080},"tags":{"http.path":"/","http.method":"GET"}},\
        {"traceId":"000000000000000a","parentId":"0000000000000001","id":"0000000000000002","name":"get","kind":"CLIENT","timestamp":\(start + 1000),\
        "duration":80000,"localEndpoint":{"serviceName":"Front","ipv4":"10.0.0.1"},"remoteEndpoint":{"serviceName":"back","ipv6":"2001:db8::1","port":9000},\
        "annotations":[{"timestamp":\(start + 2000),"value":"wire send"}],"tags":{"error":"timeout"},"debug":true},\
        {"traceId":"000000000000000a","parentId":"0000000000000001","id":"0000000000000002","name":"get","kind":"SERVER","timestamp":\(start + 3000),\
        "duration":70000,"localEndpoint":{"serviceName":"back","ipv6":"2001:db8::1"},"tags":{"http.status_code":"200","error":"true"},"shared":true},\
        {"traceId":"1000000000000000000000000000000b","id":"0000000000000003","name":"query","kind":"CLIENT","timestamp":\(start + 9000),"duration":10,\
        "localEndpoint":{"serviceName":"back"},"remoteEndpoint":{"serviceName":"mysql"},"tags":{"db.name":"shop","net.host.ip":"as a tag"}},\
        {"traceId":"000000000000000c","id":"0000000000000004","timestamp":\(start + 10_000)}]
        """

    private func run(autocompleteKeys: [String] = [], queryPort: Int = 0, _ body: @Sendable @escaping (Studio) async throws -> Void) async throws {
        let batch = try ZipkinJSON.decode(Array(Self.spans.utf8)).batch
        try await Studio.runZipkin([batch], autocompleteKeys: autocompleteKeys, queryPort: queryPort, body)
    }

    /// Each span as its members, so that their order does not count.
    private func members(_ spans: JSONValue?) -> Set<[String: JSONValue]> {
        Set((spans?.arrayValue ?? []).map { span in
            Dictionary((span.objectValue?.members ?? []).map { ($0.name, Self.sorted($0.value)) }, uniquingKeysWith: { first, _ in first })
        })
    }

    private static func sorted(_ value: JSONValue) -> JSONValue {
        guard case .object(var object) = value else { return value }
        object.members.sort { $0.name < $1.name }
        return .object(object)
    }

    private func traceIDs(_ answer: JSONValue) -> [String] { (answer.arrayValue ?? []).compactMap { $0[0]?["traceId"]?.stringValue } }

    @Test("what came in comes back")
    func roundTrip() async throws {
        let sent = try JSONValue.parse(Self.spans).arrayValue ?? []
        try await run { (studio) async throws in
            #expect(members(try await studio.json("/api/v2/trace/a")) == members(.array(Array(sent[..<3]))))
            #expect(members(try await studio.json("/api/v2/trace/1000000000000000000000000000000B")) == members(.array([sent[3]])))
            #expect(members(try await studio.json("/api/v2/trace/000000000000000c")) == members(.array([sent[4]])))
            let many = try await studio.json("/api/v2/traceMany?traceIds=a,1000000000000000000000000000000b,ff")
            #expect(traceIDs(many) == ["000000000000000a", "1000000000000000000000000000000b"])
        }
    }

    @Test("names in lower case")
    func names() async throws {
        try await run(autocompleteKeys: ["http.method"]) { (studio) async throws in
            #expect(try await studio.text("/api/v2/services").body == #"["back","front","unknown_service"]"#)
            #expect(try await studio.text("/api/v2/spans?serviceName=FRONT").body == #"["get","get /"]"#)
            #expect(try await studio.text("/api/v2/remoteServices?serviceName=front").body == #"["back"]"#)
            #expect(try await studio.text("/api/v2/remoteServices?serviceName=back").body == #"["mysql"]"#)
            #expect(try await studio.text("/api/v2/spans?serviceName=nobody").body == "[]")
            #expect(try await studio.text("/api/v2/spans").status == 400)
            #expect(try await studio.text("/api/v2/autocompleteKeys").body == #"["http.method"]"#)
            #expect(try await studio.text("/api/v2/autocompleteValues?key=http.method").body == #"["GET"]"#)
            #expect(try await studio.text("/api/v2/autocompleteValues?key=http.path").body == "[]")
        }
    }

    @Test(
        "a search",
        arguments: [
            ("", ["000000000000000c", "1000000000000000000000000000000b", "000000000000000a"]),
            ("serviceName=front", ["000000000000000a"]),
            ("serviceName=back", ["1000000000000000000000000000000b", "000000000000000a"]),
            ("serviceName=all&spanName=all&limit=1", ["000000000000000c"]),
            ("serviceName=back&spanName=query", ["1000000000000000000000000000000b"]),
            ("serviceName=front&spanName=query", []),
            ("serviceName=back&remoteServiceName=mysql", ["1000000000000000000000000000000b"]),
            ("serviceName=front&remoteServiceName=mysql", []),
            ("annotationQuery=error", ["000000000000000a"]),
            ("annotationQuery=error%3Dtimeout%20and%20http.path%3D%2F", ["000000000000000a"]),
            ("annotationQuery=http.method%3DGET%26%26wire%20send", ["000000000000000a"]),
            ("annotationQuery=http.method%3DPOST", []),
            ("serviceName=back&annotationQuery=wire%20send", []),
            ("serviceName=back&minDuration=1000", ["000000000000000a"]),
            ("minDuration=5&maxDuration=20", ["1000000000000000000000000000000b"]),
            ("lookback=1000", []),
            ("serviceName=nobody", []),
        ]
    )
    func search(parameters: String, found: [String]) async throws {
        try await run { (studio) async throws in
            #expect(traceIDs(try await studio.json("/api/v2/traces?\(parameters)")) == found)
        }
    }

    @Test(
        "what is wrong is told as text",
        arguments: [
            ("traces?maxDuration=5", 400, "maxDuration is only valid with minDuration"),
            ("traces?minDuration=9&maxDuration=5", 400, "maxDuration < minDuration"),
            ("traces?limit=0", 400, "limit <= 0"),
            ("traces?lookback=x", 400, "lookback is not a number: x"),
            ("trace/ff", 404, "00000000000000ff not found"),
            ("trace/nohex", 400, "nohex should be a 1 to 32 character lower-hex string with no prefix"),
            ("traceMany?traceIds=a", 400, "Use /api/v2/trace/{traceId} endpoint to retrieve a single trace"),
            ("traceMany?traceIds=a,0a", 400, "traceIds parameter contains duplicate trace ID: 000000000000000a"),
            ("traceMany", 400, "traceIds parameter is empty"),
            ("dependencies", 400, "Required request parameter 'endTs' is not present"),
        ]
    )
    func errors(path: String, status: Int, message: String) async throws {
        try await run { (studio) async throws in
            #expect(try await studio.text("/api/v2/\(path)") == (status, message))
        }
    }

    @Test("dependencies count a shared span once, and errors")
    func dependencies() async throws {
        try await run { (studio) async throws in
            let answer = try await studio.text("/api/v2/dependencies?endTs=\(Studio.now / 1_000_000)")
            let expected = #"[{"parent":"back","child":"mysql","callCount":1},{"parent":"front","child":"back","callCount":1,"errorCount":1}]"#
            #expect(answer == (200, expected))
            #expect(try await studio.text("/api/v2/dependencies?endTs=\(Studio.now / 1_000_000)&lookback=1").body == "[]")
        }
    }

    @Test("health, version, metrics and the page")
    func operation() async throws {
        try await run(queryPort: 16686) { (studio) async throws in
            #expect(try await studio.json("/health")["zipkin"]?["status"]?.stringValue == "UP")
            #expect(try await studio.json("/info")["zipkin"]?["version"]?.stringValue?.isEmpty == false)
            #expect(try await studio.text("/metrics").body.contains("zipkin_storage_spans 5"))
            #expect(try await studio.text("/prometheus").status == 200)
            #expect(try await studio.json("/zipkin/config.json")["defaultLookback"]?.intValue == 900_000)
            for (path, place) in [
                ("/", "/traces"), ("/zipkin", "/traces"), ("/zipkin/", "/traces"), ("/zipkin/traces/000000000000000a", "/trace/0000000000000000000000000000000a"),
                ("/zipkin/dependency", "/map"), ("/zipkin/?serviceName=front&lookback=15m", "/traces?q=service%3AFront&lookback=15m"),
            ] {
                let response = try await studio.get(path)
                #expect(response.status == .found)
                let location = try #require(response.headers[.location])
                #expect(location.hasPrefix("http://") && location.hasSuffix(":16686" + place), "\(location)")
            }
            #expect(try await studio.get("/elsewhere").status == .notFound)
            #expect(try await studio.get("/api/v2/services", method: .delete).status == .methodNotAllowed)
        }
        try await run { (studio) async throws in #expect(try await studio.get("/").status == .notFound) }
    }
}
