import HTTPTypes
import Hummingbird
import HummingbirdTesting
import JSONCoding
import Logging
import NIOCore
import Testing
import TraceCollector
import TraceModel
import TraceStore

@testable import TraceStudio

@Suite(.timeLimit(.minutes(20)))
struct SampleAPITests {
    private static let quiet = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
    private static let now: UInt64 = 1_767_225_600_000_000_000

    private static func withServer(_ body: @Sendable @escaping (any TestClientProtocol, InMemoryTraceStore) async throws -> Void) async throws {
        let store = InMemoryTraceStore()
        let ingest = SpanIngest(store: store, logger: quiet)
        let responder = try StudioResponder(store: store, ingest: ingest, logger: quiet, clock: { now })
        let application = Application(
            responder: responder, configuration: ApplicationConfiguration(address: .hostname("127.0.0.1", port: 0)), logger: quiet)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await ingest.run() }
            try await application.test(.live) { client in try await body(client, store) }
            group.cancelAll()
            try await group.waitForAll()
        }
    }

    @Test("the traces are stored before the answer, which tells what was planted")
    func stored() async throws {
        try await Self.withServer { (client, store) async throws in
            let response = try await client.execute(uri: "/api/ui/sample?traces=60&seed=7", method: .post)
            #expect(response.status == .ok)
            let truth = try JSONValue.parse(String(buffer: response.body))
            let spanCount = try #require(truth["spanCount"]?.intValue)
            let traceCount = try #require(truth["traceCount"]?.intValue)
            #expect(traceCount > 30)
            let statistics = try await store.statistics()
            #expect(Int64(statistics.spanCount) == spanCount)
            #expect(statistics.traceCount .map(Int64.init) == traceCount)
            #expect(try #require(statistics.newestStartTime) <= Self.now)
            for key in ["band", "version", "sampled", "coldTraces", "failures", "executions", "batches"] { #expect(truth[key] != nil, "\(key) is missing") }
        }
    }

    @Test("who asks wrongly is told what is expected, and nothing is stored")
    func refused() async throws {
        try await Self.withServer { (client, store) async throws in
            for (query, message) in [
                ("?traces=0", "malformed 'traces' parameter, expecting 1 to 100000, received: 0"), ("?traces=100001", "received: 100001"),
                ("?traces=many", "received: many"), ("?seed=-1", "malformed 'seed' parameter, expecting a whole number from 0 on, received: -1"),
            ] {
                let response = try await client.execute(uri: "/api/ui/sample" + query, method: .post)
                #expect(response.status == .badRequest)
                #expect(String(buffer: response.body).contains(message))
            }
            let got = try await client.execute(uri: "/api/ui/sample", method: .get)
            #expect(got.status == .methodNotAllowed && got.headers[.allow] == "POST")
            let foreign = try await client.execute(uri: "/api/ui/sample?traces=1", method: .post, headers: [.origin: "http://elsewhere.example"])
            #expect(foreign.status == .forbidden)
            #expect(try await store.statistics().spanCount == 0)
        }
    }
}
