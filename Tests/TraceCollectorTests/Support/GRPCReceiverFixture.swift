import GRPCCore
import GRPCNIOTransportHTTP2Posix
import Logging
import ServiceLifecycle
import Testing
import TraceStore

@testable import TraceCollector

/// A client of one unary method, with messages as bytes.
struct RawGRPCClient: Sendable {
    private struct Bytes: MessageSerializer, MessageDeserializer {
        func serialize<Buffer: GRPCContiguousBytes>(_ message: [UInt8]) throws -> Buffer { Buffer(message) }
        func deserialize<Buffer: GRPCContiguousBytes>(_ bytes: Buffer) throws -> [UInt8] { bytes.withUnsafeBytes { Array($0) } }
    }

    let client: GRPCClient<HTTP2ClientTransport.Posix>
    let service: String

    func call(_ method: String, _ message: [UInt8], compression: CompressionAlgorithm? = nil) async throws -> [UInt8] {
        var options = CallOptions.defaults
        options.compression = compression
        options.timeout = .seconds(120)
        return try await client.unary(
            request: ClientRequest(message: message),
            descriptor: MethodDescriptor(service: ServiceDescriptor(fullyQualifiedService: service), method: method),
            serializer: Bytes(),
            deserializer: Bytes(),
            options: options
        ) { try $0.message }
    }
}

/// A receiver on a real socket and a client for it; both are stopped gracefully.
func withGRPCReceiver(
    service: String,
    store: any TraceStore,
    configuration: SpanIngestConfiguration = SpanIngestConfiguration(),
    makeReceiver: (SpanIngest, @escaping @Sendable (Int) -> Void) -> any Service,
    _ body: @Sendable @escaping (RawGRPCClient, SpanIngest) async throws -> Void
) async throws {
    let ingest = SpanIngest(store: store, configuration: configuration, logger: quietLogger)
    let (ports, portArrived) = AsyncStream.makeStream(of: Int.self)
    let receiver = makeReceiver(ingest) { portArrived.yield($0) }
    try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask { try await ingest.run() }
        group.addTask { try? await receiver.run() }
        var iterator = ports.makeAsyncIterator()
        let port = try #require(await iterator.next())
        try await withGRPCClient(
            transport: .http2NIOPosix(
                target: .ipv4(address: "127.0.0.1", port: port),
                transportSecurity: .plaintext,
                config: .defaults { $0.compression.enabledAlgorithms = .all }
            )
        ) { client in
            try await body(RawGRPCClient(client: client, service: service), ingest)
        }
        group.cancelAll()
        try await group.waitForAll()
    }
}
