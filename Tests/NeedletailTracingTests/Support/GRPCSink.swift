import GRPCCore
import GRPCNIOTransportHTTP2Posix
import Synchronization
import TraceModel
import TraceWire

/// A small gRPC receiver of unary calls on a port of the system's choice; it answers what the test tells it to.
final class GRPCSink: Sendable {
    enum Answer: Sendable {
        case message([UInt8])
        case error(RPCError)
        /// No answer until the call is cancelled, or the sink ends.
        case never
    }

    struct Received: Sendable {
        var metadata: Metadata
        var message: [UInt8]
        var time: ContinuousClock.Instant
        /// Address and port of the sender's connection.
        var peer: String
    }

    private struct Bytes: MessageSerializer, MessageDeserializer {
        func serialize<Buffer: GRPCContiguousBytes>(_ message: [UInt8]) throws -> Buffer { Buffer(message) }
        func deserialize<Buffer: GRPCContiguousBytes>(_ bytes: Buffer) throws -> [UInt8] { bytes.withUnsafeBytes { Array($0) } }
    }

    private struct Service: RegistrableRPCService {
        let sink: GRPCSink

        func registerMethods<Transport: ServerTransport>(with router: inout RPCRouter<Transport>) {
            router.registerHandler(forMethod: sink.method, deserializer: Bytes(), serializer: Bytes()) { request, context in
                var messages: [[UInt8]] = []
                for try await message in request.messages { messages.append(message) }
                let received = Received(metadata: request.metadata, message: messages.first ?? [], time: .now, peer: context.remotePeer)
                sink.requests.withLock { $0.append(received) }
                switch sink.answers.withLock({ $0.isEmpty ? Answer.message([]) : $0.removeFirst() }) {
                case .message(let bytes): return StreamingServerResponse(single: ServerResponse(message: bytes))
                case .error(let error): return StreamingServerResponse(error: error)
                case .never:
                    // A client that closes its connection at once may take back its call with no word that comes here.
                    while !context.cancellation.isCancelled, !sink.isOver.withLock({ $0 }) { try await Task.sleep(for: .milliseconds(5)) }
                    throw RPCError(code: .cancelled, message: "nobody waits any more")
                }
            }
        }
    }

    static let otlpExport = MethodDescriptor(
        service: ServiceDescriptor(fullyQualifiedService: "opentelemetry.proto.collector.trace.v1.TraceService"), method: "Export"
    )

    private let method: MethodDescriptor
    private let answers: Mutex<[Answer]>
    private let requests = Mutex<[Received]>([])
    private let isOver = Mutex(false)

    /// - Parameter answers: one for each call in turn; after the last one, no bytes, which is full success.
    init(answers: [Answer] = [], method: MethodDescriptor = GRPCSink.otlpExport) {
        self.answers = Mutex(answers)
        self.method = method
    }

    var received: [Received] { requests.withLock { $0 } }

    /// Listens while the body runs; the body gets the port.
    func serve<Result: Sendable>(
        at address: GRPCNIOTransportHTTP2Posix.SocketAddress = .ipv4(host: "127.0.0.1", port: 0),
        security: HTTP2ServerTransport.Posix.TransportSecurity = .plaintext,
        compression: CompressionAlgorithmSet = .all,
        _ body: @escaping @Sendable (_ port: Int) async throws -> Result
    ) async throws -> Result {
        isOver.withLock { $0 = false }
        let transport = HTTP2ServerTransport.Posix(
            address: address,
            transportSecurity: security,
            config: .defaults {
                $0.compression.enabledAlgorithms = compression
                $0.rpc.maxRequestPayloadSize = 64 << 20
            }
        )
        return try await withGRPCServer(transport: transport, services: [Service(sink: self)]) { _ in
            let listening = try await transport.listeningAddress
            defer { isOver.withLock { $0 = true } }
            return try await body(listening.ipv4?.port ?? listening.ipv6?.port ?? 0)
        }
    }
}
