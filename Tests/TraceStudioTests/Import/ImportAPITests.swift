import Compression
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
import TraceWire

@testable import TraceStudio

@Suite(.timeLimit(.minutes(20)))
struct ImportAPITests {
    private static let quiet = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
    private static let batch = SpanBatch(
        resource: Resource(attributes: [Attribute("service.name", "s")]), scope: InstrumentationScope(),
        spans: (1...3).map { Span(traceID: TraceID(high: 0, low: 7), spanID: SpanID($0), name: "step \($0)", startTime: 1000, endTime: 2000) })

    private static func withServer(_ body: @Sendable @escaping (any TestClientProtocol, InMemoryTraceStore, SpanIngest) async throws -> Void) async throws {
        let store = InMemoryTraceStore()
        let ingest = SpanIngest(store: store, logger: quiet)
        let server = try TraceStudioServer(host: "127.0.0.1", port: 0, store: store, ingest: ingest, logger: quiet)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await ingest.run() }
            try await server.makeApplication().test(.live) { client in try await body(client, store, ingest) }
            group.cancelAll()
            try await group.waitForAll()
        }
    }

    private static func post(_ client: any TestClientProtocol, _ body: [UInt8], query: String = "", headers: HTTPFields = [:]) async throws -> (HTTPResponse.Status, String) {
        let response = try await client.execute(uri: "/api/ui/import" + query, method: .post, headers: headers, body: ByteBuffer(bytes: body))
        return (response.status, String(buffer: response.body))
    }

    @Test func aFileIsStoredBeforeTheAnswer() async throws {
        try await Self.withServer { (client, store, ingest) async throws in
            for body in [OTLPJSON.encode(Self.batch), Gzip.compress(OTLPProtobuf.encode(Self.batch)), ZipkinJSON.encode(Self.batch)] {
                let (status, text) = try await Self.post(client, body)
                #expect(status == .ok)
                #expect(text.contains(#""traces":["00000000000000000000000000000007"],"traceCount":1,"spanCount":3,"rejectedSpanCount":0"#), "\(text)")
            }
            #expect(try await store.trace(TraceID(high: 0, low: 7))?.batch.spanCount ?? 0 >= 3)
            #expect(ingest.counters.byProtocol[.file]?.accepted == 9)
        }
    }

    @Test func whatCannotBeReadIsToldAndCounted() async throws {
        try await Self.withServer { (client, _, ingest) async throws in
            let (status, text) = try await Self.post(client, Array("nothing".utf8))
            #expect(status == .badRequest)
            #expect(text.contains("a file that begins with “nothing” is not known; expected OTLP"), "\(text)")
            #expect(ingest.counters.byProtocol[.file]?.malformedRequests == 1)
            #expect(try await Self.post(client, OTLPJSON.encode(Self.batch), query: "?lastModified=soon").0 == .badRequest)
            #expect(try await client.execute(uri: "/api/ui/import", method: .get).status == .methodNotAllowed)
            // The place of the one import is free again.
            #expect(try await Self.post(client, OTLPJSON.encode(Self.batch)).0 == .ok)
        }
    }

    @Test func onlyTheOwnPageMayImport() async throws {
        try await Self.withServer { (client, _, _) async throws in
            let body = OTLPJSON.encode(Self.batch)
            #expect(try await Self.post(client, body, headers: [.origin: "https://evil.example"]).0 == .forbidden)
            // Programs do not say where they come from.
            #expect(try await Self.post(client, body).0 == .ok)
        }
    }
}
