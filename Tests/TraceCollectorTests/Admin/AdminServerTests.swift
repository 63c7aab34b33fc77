import HTTPTypes
import Hummingbird
import HummingbirdTesting
import JSONCoding
import Logging
import PrometheusMetrics
import Testing
import TraceStore

@testable import TraceCollector

@Suite(.timeLimit(.minutes(20)))
struct AdminServerTests {
    private static func withServer(
        health: ServerHealth = ServerHealth(), metrics: @escaping @Sendable () async -> [MetricFamily] = { [] },
        _ body: @Sendable @escaping (any TestClientProtocol) async throws -> Void
    ) async throws {
        let server = AdminServer(host: "127.0.0.1", port: 0, health: health, metrics: metrics, version: "1.2.3", logger: quietLogger)
        try await server.makeApplication().test(.live, body)
    }

    private static func object(_ response: TestResponse) throws -> JSONObject {
        guard case .object(let object) = try JSONValue.parse(response.text) else { throw IngestError(code: .storeFailed, message: response.text) }
        return object
    }

    @Test func healthFollowsTheListeners() async throws {
        let health = ServerHealth(awaiting: [1, 2])
        try await Self.withServer(health: health) { client in
            health.listening(1)
            let starting = try await client.execute(uri: "/", method: .get)
            #expect(starting.status == .serviceUnavailable)
            #expect(starting.text == #"{"status":"Server not available","upSince":"0001-01-01T00:00:00Z","uptime":""}"#)
            health.listening(2)
            let ready = try await client.execute(uri: "/", method: .get)
            #expect(ready.status == .ok)
            #expect(ready.headers[.contentType] == "application/json")
            let object = try Self.object(ready)
            #expect(object["status"] == .string("Server available"))
            guard case .string(let upSince)? = object["upSince"], case .string(let uptime)? = object["uptime"] else {
                Issue.record("no times: \(ready.text)")
                return
            }
            #expect(upSince.wholeMatch(of: /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z/) != nil)
            #expect(uptime.wholeMatch(of: /\d+(\.\d+)?s/) != nil)
            health.stopping()
            #expect(try await client.execute(uri: "/", method: .get).status == .serviceUnavailable)
        }
    }

    @Test func versionAndOtherPaths() async throws {
        try await Self.withServer { client in
            #expect(try await client.execute(uri: "/version", method: .get).text == #"{"gitCommit":"","gitVersion":"1.2.3","buildDate":""}"#)
            #expect(try await client.execute(uri: "/nowhere", method: .get).status == .notFound)
            let post = try await client.execute(uri: "/", method: .post)
            #expect(post.status == .methodNotAllowed)
            #expect(post.headers[.allow] == "GET, HEAD")
            let head = try await client.execute(uri: "/metrics", method: .head)
            #expect(head.status == .ok)
            #expect(head.body.readableBytes == 0)
        }
    }

    @Test func metricsComeInTheFormatThatIsAskedFor() async throws {
        let family = MetricFamily("example", .counter, help: "An example.", points: [.init(MetricLabels(), .integer(7))])
        try await Self.withServer(metrics: { [family] }) { client in
            let text = try await client.execute(uri: "/metrics", method: .get)
            #expect(text.headers[.contentType] == "text/plain; version=0.0.4; charset=utf-8")
            #expect(text.text == "# HELP example_total An example.\n# TYPE example_total counter\nexample_total 7\n")
            let open = try await client.execute(uri: "/metrics", method: .get, headers: [.accept: "application/openmetrics-text; version=1.0.0"])
            #expect(open.headers[.contentType]?.hasPrefix("application/openmetrics-text") == true)
            #expect(open.text.hasSuffix("# EOF\n"))
        }
    }

    @Test func whatCameInIsCountedUnderTheNamesOfOthers() async throws {
        let store = InMemoryTraceStore()
        let ingest = SpanIngest(store: store, configuration: SpanIngestConfiguration(maximumPendingSpans: 10), logger: quietLogger)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await ingest.run() }
            try await ingest.accept(batch(spans: 3), from: .otlpGRPC)
            try await ingest.accept(batch(spans: 2, trace: 8), from: .zipkin)
            ingest.countRejected(4, from: .zipkin)
            ingest.countMalformedRequest(from: .jaegerHTTP)
            ingest.countDroppedDatagrams(5, from: .jaegerCompact)
            let families = await BackEndMetrics(ingest: ingest, store: store, version: "1").families()
            let text = ExpositionWriter.text(of: families, format: .text)
            for line in [
                #"otelcol_receiver_accepted_spans_total{receiver="otlp",transport="grpc"} 3"#,
                #"otelcol_receiver_accepted_spans_total{receiver="zipkin",transport="http"} 2"#,
                #"otelcol_receiver_failed_spans_total{receiver="zipkin",transport="http"} 4"#,
                #"needletail_receiver_malformed_requests_total{receiver="jaeger",transport="collector_http_trace"} 1"#,
                #"needletail_receiver_dropped_datagrams_total{by="receiver",transport="udp_thrift_compact"} 5"#,
                #"needletail_receiver_dropped_datagrams_total{by="kernel",transport="udp_thrift_compact"} 0"#,
                #"jaeger_collector_spans_received_total{debug="false",format="zipkin",transport="http"} 6"#,
                "jaeger_collector_queue_length 0", "jaeger_collector_queue_capacity 10", "needletail_ingest_committed_spans_total 5",
                "needletail_ingest_commit_duration_milliseconds_count 2", "needletail_store_spans 5",
            ] { #expect(text.contains(line + "\n"), "\(line)") }
            #expect(text.contains("process_resident_memory_bytes "))
            #expect(Set(families.map(\.name)).count == families.count)
            group.cancelAll()
            try await group.waitForAll()
        }
    }

    @Test func goWritesTimesThisWay() {
        #expect(WallClock.rfc3339(0) == "1970-01-01T00:00:00.000000000Z")
        #expect(WallClock.rfc3339(1_700_000_000_000_000_042) == "2023-11-14T22:13:20.000000042Z")
        #expect(WallClock.goDuration(0) == "0s")
        #expect(WallClock.goDuration(1_500_000_000) == "1.5s")
        #expect(WallClock.goDuration(62_000_000_001) == "1m2.000000001s")
        #expect(WallClock.goDuration(3_600_000_000_000) == "1h0m0s")
    }

    @Test func theKernelsDropsAreRead() {
        let text = """
              sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops
             1234: 0100007F:1AAF 00000000:0000 07 00000000:00000000 00:00000000 00000000     0        0 4711 2 0000000000000000 42
             1235: 00000000000000000000000001000000:1AB0 00000000:0000 07 00000000:00000000 00:00000000 00000000  0  0 4712 2 0 7
            broken
            """
        let drops = KernelDrops.parse(text)
        #expect(drops.map(\.port) == [6831, 6832])
        #expect(drops.map(\.drops) == [42, 7])
    }
}
