import GRPCCore
import Testing
import TraceModel
import TraceStore
import TraceWire

@testable import TraceCollector

@Suite("Jaeger over gRPC", .timeLimit(.minutes(20)))
struct JaegerGRPCReceiverTests {
    private func withReceiver(
        store: any TraceStore,
        configuration: SpanIngestConfiguration = SpanIngestConfiguration(),
        limits: ReceiverLimits = ReceiverLimits(),
        _ body: @Sendable @escaping (RawGRPCClient, SpanIngest) async throws -> Void
    ) async throws {
        try await withGRPCReceiver(service: "jaeger.api_v2.CollectorService", store: store, configuration: configuration) { ingest, onListening in
            JaegerGRPCReceiver(host: "127.0.0.1", port: 0, ingest: ingest, limits: limits, logger: quietLogger) { onListening($0) }
        } _: { client, ingest in
            try await body(client, ingest)
        }
    }

    private static func encode(_ batch: SpanBatch) -> [UInt8] { JaegerProtobuf.encodePostSpansRequest(batch.resourceSpans[0]) }

    @Test("spans are stored before the answer, plain and compressed", arguments: [CompressionAlgorithm.none, .gzip])
    func stored(compression: CompressionAlgorithm) async throws {
        let store = InMemoryTraceStore()
        try await withReceiver(store: store) { (client, ingest) async throws in
            #expect(try await client.call("PostSpans", Self.encode(batch(spans: 50)), compression: compression).isEmpty)
            let stored = try #require(try await store.trace(TraceID(high: 0, low: 7))).batch
            #expect(stored.spanCount == 50)
            #expect(stored.resourceSpans.first?.resource.serviceName == "sender")
            #expect(ingest.counters.receivedByProtocol == [.jaegerGRPC: 50])
        }
    }

    @Test("errors: undecodable, unknown method, too large, only broken ids")
    func errors() async throws {
        try await withReceiver(store: InMemoryTraceStore(), limits: ReceiverLimits(maximumRequestSize: 2000)) { (client, ingest) async throws in
            let malformed = await #expect(throws: RPCError.self) { try await client.call("PostSpans", [0xff, 0xff]) }
            #expect(malformed?.code == .invalidArgument)
            #expect(malformed?.message.isEmpty == false)
            #expect(ingest.counters.malformedRequests == 1)
            let unknown = await #expect(throws: RPCError.self) { try await client.call("GetSpans", []) }
            #expect(unknown?.code == .unimplemented)
            let large = await #expect(throws: RPCError.self) { try await client.call("PostSpans", Self.encode(batch(spans: 100))) }
            #expect(large?.code == .resourceExhausted)
            var broken = batch(spans: 2)
            broken.resourceSpans[0].scopeSpans[0].spans[0].spanID = SpanID(0)
            #expect(try await client.call("PostSpans", Self.encode(broken)).isEmpty)
            #expect(ingest.counters.committed == 1)
            broken.resourceSpans[0].scopeSpans[0].spans.removeLast()
            let nothing = await #expect(throws: RPCError.self) { try await client.call("PostSpans", Self.encode(broken)) }
            #expect(nothing?.code == .invalidArgument)
            #expect(nothing?.message.contains("span id") == true)
        }
    }

    @Test("a full queue is RESOURCE_EXHAUSTED with the time to wait, a failing store UNAVAILABLE")
    func refusals() async throws {
        let store = GatedStore()
        store.fail(1)
        let configuration = SpanIngestConfiguration(maximumPendingSpans: 4, retryAfterSeconds: 2)
        try await withReceiver(store: store, configuration: configuration) { (client, ingest) async throws in
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await ingest.accept(batch(spans: 4)) }
                await store.begun(1)
                let refused = await #expect(throws: RPCError.self) { try await client.call("PostSpans", Self.encode(batch(spans: 1))) }
                #expect(refused?.code == .resourceExhausted)
                #expect(refused?.metadata[binaryValues: "grpc-status-details-bin"].first { _ in true } != nil)
                store.open(forever: true)
                try await group.waitForAll()
            }
            let failed = await #expect(throws: RPCError.self) { try await client.call("PostSpans", Self.encode(batch(spans: 1))) }
            #expect(failed?.code == .unavailable)
        }
    }
}
