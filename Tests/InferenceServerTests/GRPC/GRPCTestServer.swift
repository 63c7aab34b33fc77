import GRPCCore
import GRPCNIOTransportHTTP2Posix
import Inference
import InferenceServer
import Logging
import NeedletailTracing
import ProtobufCoding
import ServiceLifecycle

/// A gRPC server on a port that the system chose, and a client that sends bytes as they are.
struct GRPCTestServer: Sendable {
    private struct Bytes: MessageSerializer, MessageDeserializer {
        func serialize<Buffer: GRPCContiguousBytes>(_ message: [UInt8]) throws -> Buffer { Buffer(message) }
        func deserialize<Buffer: GRPCContiguousBytes>(_ bytes: Buffer) throws -> [UInt8] { bytes.withUnsafeBytes { Array($0) } }
    }

    let client: GRPCClient<HTTP2ClientTransport.Posix>
    let core: InferenceCore
    let services: ServiceGroup

    static func run(
        models: [Model] = [.ident, .counter, .passthrough],
        configure: (inout InferenceGRPCServer.Configuration) throws -> Void = { _ in },
        _ body: @Sendable @escaping (GRPCTestServer) async throws -> Void
    ) async throws {
        let core = InferenceCore()
        for model in models { try core.load(model) }
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        var configuration = InferenceGRPCServer.Configuration(port: 0)
        try configure(&configuration)
        let server = try InferenceGRPCServer(configuration: configuration, core: core, logger: logger)
        let services = ServiceGroup(configuration: .init(services: [server], logger: logger))
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await services.run() }
            let port = try await server.boundPort
            try await withGRPCClient(
                transport: .http2NIOPosix(target: .ipv4(address: "127.0.0.1", port: port), transportSecurity: .plaintext)
            ) { client in
                try await body(GRPCTestServer(client: client, core: core, services: services))
            }
            await services.triggerGracefulShutdown()
            try await group.waitForAll()
        }
    }

    /// One message each way.
    func call(
        _ method: String,
        _ message: [UInt8] = [],
        metadata: Metadata = [:],
        service: String = "inference.GRPCInferenceService"
    ) async throws -> [UInt8] {
        var options = CallOptions.defaults
        options.timeout = .seconds(120)
        return try await client.unary(
            request: ClientRequest(message: message, metadata: metadata),
            descriptor: MethodDescriptor(fullyQualifiedService: service, method: method),
            serializer: Bytes(),
            deserializer: Bytes(),
            options: options
        ) { try $0.message }
    }

    /// The messages that a stream gives, which its client ends after these.
    func stream(_ messages: [[UInt8]]) async throws -> [[UInt8]] {
        try await client.bidirectionalStreaming(
            request: StreamingClientRequest { writer in
                for message in messages { try await writer.write(message) }
            },
            descriptor: MethodDescriptor(fullyQualifiedService: "inference.GRPCInferenceService", method: "ModelStreamInfer"),
            serializer: Bytes(),
            deserializer: Bytes(),
            options: .defaults
        ) { response in
            var answers: [[UInt8]] = []
            for try await message in response.messages { answers.append(message) }
            return answers
        }
    }

    /// Sends one message on a stream, and ends it when the gate does.
    func openStream(_ message: [UInt8], until gate: AsyncStream<Never>, onAnswer: @Sendable @escaping () -> Void) async throws {
        try await client.bidirectionalStreaming(
            request: StreamingClientRequest { writer in
                try await writer.write(message)
                for await _ in gate {}
            },
            descriptor: MethodDescriptor(fullyQualifiedService: "inference.GRPCInferenceService", method: "ModelStreamInfer"),
            serializer: Bytes(),
            deserializer: Bytes(),
            options: .defaults
        ) { response in
            for try await _ in response.messages { onAnswer() }
        }
    }

    /// The status of a call that fails.
    func failure(_ method: String, _ message: [UInt8], metadata: Metadata = [:]) async throws -> RPCError? {
        do {
            _ = try await call(method, message, metadata: metadata)
            return nil
        } catch let error as RPCError {
            return error
        }
    }
}

/// `ModelInferRequest`s.
enum RequestMessage {
    /// A request to `ident`, with raw contents.
    static func ident(_ values: [Float], id: String = "", shape: [UInt64] = [1, 2]) -> [UInt8] {
        write { writer in
            writer.string(1 << 3 | 2, "ident")
            writer.string(3 << 3 | 2, id)
            input(name: "X", type: "FP32", shape: shape, to: &writer)
            writer.bytes(7 << 3 | 2, values.withUnsafeBytes { Array($0) })
        }
    }

    static func input(name: String, type: String, shape: [UInt64], to writer: inout ProtobufWriter) {
        let input = writer.begin(5 << 3 | 2, expecting: 20)
        writer.string(1 << 3 | 2, name)
        writer.string(2 << 3 | 2, type)
        for axis in shape { writer.varint(3 << 3 | 0, axis) }
        writer.end(input)
    }

    static func write(_ body: (inout ProtobufWriter) -> Void) -> [UInt8] {
        var writer = ProtobufWriter(reserving: 128)
        body(&writer)
        return Array(writer.written)
    }
}
