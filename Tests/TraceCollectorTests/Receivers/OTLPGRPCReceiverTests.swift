import GRPCCore
import Testing
import TraceModel
import TraceStore
import TraceWire

@testable import TraceCollector

@Suite("OTLP over gRPC", .timeLimit(.minutes(20)))
struct OTLPGRPCReceiverTests {
    private static func export(
        _ message: [UInt8],
        _ client: RawGRPCClient,
        compression: CompressionAlgorithm? = nil,
        method: String = "Export"
    ) async throws -> [UInt8] {
        try await client.call(method, message, compression: compression)
    }

    private func withReceiver(
        store: any TraceStore,
        configuration: SpanIngestConfiguration = SpanIngestConfiguration(),
        limits: ReceiverLimits = ReceiverLimits(),
        _ body: @Sendable @escaping (RawGRPCClient, SpanIngest) async throws -> Void
    ) async throws {
        try await withGRPCReceiver(
            service: "opentelemetry.proto.collector.trace.v1.TraceService",
            store: store,
            configuration: configuration
        ) { ingest, onListening in
            OTLPGRPCReceiver(host: "127.0.0.1", port: 0, ingest: ingest, limits: limits, logger: quietLogger) { onListening($0) }
        } _: { client, ingest in
            try await body(client, ingest)
        }
    }

    @Test("spans are stored before the answer, plain and compressed", arguments: [CompressionAlgorithm.none, .gzip, .deflate])
    func stored(compression: CompressionAlgorithm) async throws {
        let store = InMemoryTraceStore()
        try await withReceiver(store: store) { (client, _) async throws in
            #expect(try await Self.export(OTLPProtobuf.encode(batch(spans: 50)), client, compression: compression).isEmpty)
            #expect(try await store.trace(TraceID(high: 0, low: 7))?.batch == batch(spans: 50))
            #expect(try await Self.export([], client).isEmpty)
        }
    }

    @Test("a message above gRPC's usual 4 MiB")
    func large() async throws {
        let store = InMemoryTraceStore()
        try await withReceiver(store: store) { (client, ingest) async throws in
            let message = OTLPProtobuf.encode(batch(spans: 100_000))
            #expect(message.count > 4 << 20)
            #expect(try await Self.export(message, client).isEmpty)
            #expect(ingest.counters.committed == 100_000)
            #expect(ingest.counters.receivedByProtocol == [.otlpGRPC: 100_000])
        }
    }

    @Test("spans with broken ids are a partial success")
    func partialSuccess() async throws {
        try await withReceiver(store: InMemoryTraceStore()) { (client, ingest) async throws in
            var spans = batch(spans: 3)
            spans.resourceSpans[0].scopeSpans[0].spans[2].traceID = TraceID(high: 0, low: 0)
            let answer = try OTLPProtobuf.decodeExportResponse(try await Self.export(OTLPProtobuf.encode(spans), client))
            #expect(answer.rejectedSpans == 1)
            #expect(ingest.counters.committed == 2)
        }
    }

    @Test("errors: undecodable, unknown method, too large")
    func errors() async throws {
        try await withReceiver(store: InMemoryTraceStore(), limits: ReceiverLimits(maximumRequestSize: 2000)) { (client, ingest) async throws in
            let malformed = await #expect(throws: RPCError.self) { try await Self.export([0xff, 0xff], client) }
            #expect(malformed?.code == .invalidArgument)
            #expect(malformed?.message.isEmpty == false)
            #expect(ingest.counters.malformedRequests == 1)
            let unknown = await #expect(throws: RPCError.self) { try await Self.export([], client, method: "Import") }
            #expect(unknown?.code == .unimplemented)
            let large = await #expect(throws: RPCError.self) { try await Self.export(OTLPProtobuf.encode(batch(spans: 100)), client) }
            #expect(large?.code == .resourceExhausted)
            #expect(try await Self.export(OTLPProtobuf.encode(batch(spans: 2)), client).isEmpty)
        }
    }

    @Test("a full queue is RESOURCE_EXHAUSTED with the time to wait, a failing store UNAVAILABLE")
    func refusals() async throws {
        let store = GatedStore()
        store.fail(1)
        try await withReceiver(store: store, configuration: SpanIngestConfiguration(maximumPendingSpans: 4, retryAfterSeconds: 2)) { (client, ingest) async throws in
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await ingest.accept(batch(spans: 4)) }
                await store.begun(1)
                let refused = await #expect(throws: RPCError.self) { try await Self.export(OTLPProtobuf.encode(batch(spans: 1)), client) }
                #expect(refused?.code == .resourceExhausted)
                let details = refused?.metadata[binaryValues: "grpc-status-details-bin"].first { _ in true }
                // … RetryInfo { retry_delay { seconds: 2 } } stands last.
                #expect(details?.suffix(6) == [0x12, 4, 0x0a, 2, 0x08, 2])
                store.open(forever: true)
                try await group.waitForAll()
            }
            let failed = await #expect(throws: RPCError.self) { try await Self.export(OTLPProtobuf.encode(batch(spans: 1)), client) }
            #expect(failed?.code == .unavailable)
        }
    }

    @Test("the bytes of a status with a time to wait")
    func retryInfo() {
        let type = Array("type.googleapis.com/google.rpc.RetryInfo".utf8)
        let any: [UInt8] = [0x0a, UInt8(type.count)] + type + [0x12, 5, 0x0a, 3, 0x08, 0xac, 0x02]
        let expected: [UInt8] = [0x08, 8, 0x12, 4] + Array("full".utf8) + [0x1a, UInt8(any.count)] + any
        #expect(RetryInfo.statusDetails(code: .resourceExhausted, message: "full", retryAfterSeconds: 300) == expected)
    }
}
