internal import GRPCCore
internal import Inference
internal import ProtobufCoding

/// `grpc.health.v1.Health`: whether the server answers requests. Any service name is answered with the state of the server.
struct GRPCHealthService: RegistrableRPCService {
    private static let name = "grpc.health.v1.Health"
    /// How often a watched state is looked at.
    private static let watchInterval = Duration.milliseconds(200)

    /// `HealthCheckResponse { 1 status enum }`
    private enum Status: Int, Sendable {
        case serving = 1
        case notServing = 2

        var message: RawMessage { RawMessage(ProtobufWriter.message { $0.number(1, rawValue) }) }
    }

    private let service: GRPCInferenceService

    init(_ service: GRPCInferenceService) { self.service = service }

    private var status: Status { service.core.isReady && !service.isStopping ? .serving : .notServing }

    func registerMethods<Transport: ServerTransport>(with router: inout RPCRouter<Transport>) {
        // The only field of the request, the name of a service, changes nothing.
        let deserializer = ByteDeserializer(maximumSize: service.limits.maxMessageSize)
        router.registerHandler(
            forMethod: MethodDescriptor(fullyQualifiedService: Self.name, method: "Check", type: .unary),
            deserializer: deserializer,
            serializer: RawMessageSerializer()
        ) { [self] request, _ in
            try service.access.check(.health, request.metadata)
            return StreamingServerResponse(single: ServerResponse(message: status.message))
        }
        router.registerHandler(
            forMethod: MethodDescriptor(fullyQualifiedService: Self.name, method: "Watch", type: .serverStreaming),
            deserializer: deserializer,
            serializer: RawMessageSerializer()
        ) { [self] request, context in
            try service.access.check(.health, request.metadata)
            return StreamingServerResponse { writer in
                try await watch(writer, cancellation: context.cancellation)
                return [:]
            }
        }
    }

    /// Sends the state, and each change of it, until the client or the server ends.
    private func watch(_ writer: RPCWriter<RawMessage>, cancellation: ServerContext.RPCCancellationHandle) async throws {
        var sent: Status?
        while !cancellation.isCancelled, !service.isStopping {
            let status = status
            if status != sent {
                try await writer.write(status.message)
                sent = status
            }
            try await Task.sleep(for: Self.watchInterval)
        }
        if service.isStopping, sent != .notServing { try await writer.write(Status.notServing.message) }
    }
}
