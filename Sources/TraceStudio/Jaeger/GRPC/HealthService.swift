internal import GRPCCore
internal import ProtobufCoding
internal import TraceCollector

/// `grpc.health.v1.Health`: a server that answers serves.
struct HealthService: RegistrableRPCService {
    private static let name = "grpc.health.v1.Health"
    /// How often a watcher is looked after.
    private static let watchInterval = Duration.milliseconds(200)
    /// `HealthCheckResponse { 1 status enum }`, SERVING.
    private static let serving = ProtobufWriter.message { $0.number(1, 1) }

    func registerMethods<Transport: ServerTransport>(with router: inout RPCRouter<Transport>) {
        router.registerHandler(
            forMethod: MethodDescriptor(fullyQualifiedService: Self.name, method: "Check", type: .unary),
            deserializer: ByteDeserializer(), serializer: RawMessageSerializer()
        ) { _, _ in StreamingServerResponse(single: ServerResponse(message: Self.serving)) }
        router.registerHandler(
            forMethod: MethodDescriptor(fullyQualifiedService: Self.name, method: "Watch", type: .serverStreaming),
            deserializer: ByteDeserializer(), serializer: RawMessageSerializer()
        ) { _, context in
            StreamingServerResponse { writer in
                try await writer.write(Self.serving)
                while !context.cancellation.isCancelled { try await Task.sleep(for: Self.watchInterval) }
                return [:]
            }
        }
    }
}
