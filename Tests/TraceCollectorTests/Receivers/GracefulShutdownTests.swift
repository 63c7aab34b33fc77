import GRPCCore
import GRPCNIOTransportHTTP2Posix
import HTTPTypes
import HummingbirdTesting
import Logging
import NIOCore
import ServiceLifecycle
import Testing
import TraceModel
import TraceStore
import TraceWire

@testable import TraceCollector

@Suite("A graceful stop", .timeLimit(.minutes(20)))
struct GracefulShutdownTests {
    @Test("requests under way are stored and answered, idle connections do not hold it up")
    func stop() async throws {
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let store = GatedStore()
        let ingest = SpanIngest(store: store, logger: logger)
        let (ports, arrived) = AsyncStream.makeStream(of: (String, Int).self)
        let http = OTLPHTTPReceiver(host: "127.0.0.1", port: 0, ingest: ingest, logger: logger) { arrived.yield(("http", $0)) }
        let grpc = OTLPGRPCReceiver(host: "127.0.0.1", port: 0, ingest: ingest, logger: logger) { arrived.yield(("grpc", $0)) }
        let services = ServiceGroup(configuration: .init(services: [ingest, http, grpc], logger: logger))
        let body = OTLPProtobuf.encode(batch(spans: 3))

        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await services.run() }
            var iterator = ports.makeAsyncIterator()
            var port: [String: Int] = [:]
            while port.count < 2, let (name, number) = await iterator.next() { port[name] = number }
            let httpPort = try #require(port["http"])

            let idle = TestClient(host: "127.0.0.1", port: httpPort)
            idle.connect()
            let busy = TestClient(host: "127.0.0.1", port: httpPort)
            busy.connect()
            #expect(try await idle.get("/elsewhere").status == .notFound)
            group.addTask {
                let response = try await busy.post(
                    "/v1/traces",
                    headers: [.contentType: "application/x-protobuf"],
                    body: ByteBuffer(bytes: body)
                )
                #expect(response.status == .ok)
            }
            await store.begun(1)
            await services.triggerGracefulShutdown()
            store.open(forever: true)
            try await group.waitForAll()
            try? await idle.shutdown()
            try? await busy.shutdown()
        }
        #expect(store.appends == [[3]])
        #expect(ingest.counters.committed == 3)
    }
}
