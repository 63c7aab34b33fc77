internal import GRPCCore
internal import GRPCNIOTransportHTTP2Posix

/// A bare grpc-swift server that answers each message with the same bytes: the floor under our own gRPC front end.
///
/// It answers the method of the inference protocol, so that the same load drives both.
struct GRPCEchoServer {
    private struct Bytes: MessageSerializer, MessageDeserializer {
        func serialize<Buffer: GRPCContiguousBytes>(_ message: [UInt8]) throws -> Buffer { Buffer(message) }
        func deserialize<Buffer: GRPCContiguousBytes>(_ bytes: Buffer) throws -> [UInt8] { bytes.withUnsafeBytes { Array($0) } }
    }

    private struct Echo: RegistrableRPCService {
        func registerMethods<Transport: ServerTransport>(with router: inout RPCRouter<Transport>) {
            let service = ServiceDescriptor(fullyQualifiedService: "inference.GRPCInferenceService")
            router.registerHandler(
                forMethod: MethodDescriptor(service: service, method: "ModelInfer"),
                deserializer: Bytes(),
                serializer: Bytes()
            ) { request, _ in
                var message: [UInt8] = []
                for try await part in request.messages { message = part }
                return StreamingServerResponse(single: ServerResponse(message: message))
            }
        }
    }

    var port: Int

    func run() async throws {
        let transport = HTTP2ServerTransport.Posix(address: .ipv4(host: "127.0.0.1", port: port), transportSecurity: .plaintext)
        try await GRPCServer(transport: transport, services: [Echo()]).serve()
    }
}
