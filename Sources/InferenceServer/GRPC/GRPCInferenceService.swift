internal import GRPCCore
internal import Inference
internal import NeedletailTracing
internal import Synchronization

/// `inference.GRPCInferenceService`: KServe v2 and Triton's extensions over gRPC.
final class GRPCInferenceService: RegistrableRPCService {
    static let name = "inference.GRPCInferenceService"

    let core: InferenceCore
    let limits: Limits
    let access: RestrictedProtocols
    let forwarding: MetadataForwarding
    /// Calls are told to end when the server stops, by the same signal as when their client goes away; this tells them apart.
    private let stopping = Atomic(false)

    /// Bounds of one call.
    struct Limits: Hashable, Sendable {
        /// Bytes of a message after decompression.
        var maxMessageSize: Int
        /// Requests of one stream that are computed at the same time; the next one is read when one of them is answered.
        var maxStreamRequestsInFlight: Int
    }

    init(core: InferenceCore, limits: Limits, access: RestrictedProtocols, forwarding: MetadataForwarding) {
        self.core = core
        self.limits = limits
        self.access = access
        self.forwarding = forwarding
    }

    /// The server takes no more calls, and ends when those under way are answered.
    var isStopping: Bool { stopping.load(ordering: .relaxed) }

    func beginStopping() { stopping.store(true, ordering: .relaxed) }

    func registerMethods<Transport: ServerTransport>(with router: inout RPCRouter<Transport>) {
        registerInference(with: &router)
        registerStatus(with: &router)
        registerRepository(with: &router)
        registerSharedMemory(with: &router)
        registerSettings(with: &router)
    }

    private func registerInference<Transport: ServerTransport>(with router: inout RPCRouter<Transport>) {
        let deserializer = InferRequestDeserializer(maximumSize: limits.maxMessageSize)
        router.registerHandler(
            forMethod: MethodDescriptor(fullyQualifiedService: Self.name, method: "ModelInfer", type: .unary),
            deserializer: deserializer,
            serializer: RawMessageSerializer()
        ) { [self] request, _ in
            var exchange = ModelInferExchange(service: self, metadata: request.metadata)
            return try await exchange.run(request.messages)
        }
        router.registerHandler(
            forMethod: MethodDescriptor(fullyQualifiedService: Self.name, method: "ModelStreamInfer", type: .bidirectionalStreaming),
            deserializer: deserializer,
            serializer: RawMessageSerializer()
        ) { [self] request, _ in
            try access.check(.inference, request.metadata)
            return StreamingServerResponse { writer in
                try await ModelInferStream(service: self, metadata: request.metadata, writer: writer).run(request.messages)
                return [:]
            }
        }
    }

    /// Registers a method with one message each way.
    ///
    /// - Parameter answer: the reply to the bytes of a message.
    func register<Transport: ServerTransport>(
        _ method: String,
        _ category: RestrictedAPIs.Category,
        with router: inout RPCRouter<Transport>,
        answer: @escaping @Sendable ([UInt8]) async throws -> [UInt8]
    ) {
        router.registerHandler(
            forMethod: MethodDescriptor(fullyQualifiedService: Self.name, method: method, type: .unary),
            deserializer: ByteDeserializer(maximumSize: limits.maxMessageSize),
            serializer: RawMessageSerializer()
        ) { [access] request, _ in
            try access.check(category, request.metadata)
            do {
                guard let bytes = try await request.messages.first(where: { _ in true }) else { throw RPCError.noMessage(method) }
                let reply = try await answer(bytes.get())
                return StreamingServerResponse(single: ServerResponse(message: RawMessage(reply)))
            } catch let error as InferenceError {
                throw RPCError(error)
            } catch let error as MessageError {
                throw RPCError(error.inferenceError)
            }
        }
    }

    /// The loaded model that a message names.
    ///
    /// - Throws: Triton's words for an unknown model, and for a version that is no number.
    func model(_ name: String, _ version: String) throws(InferenceError) -> LoadedModel {
        try core.registry.model(named: name, version: try Self.version(version))
    }

    /// - Returns: `nil` for the newest.
    static func version(_ text: String) throws(InferenceError) -> Int? {
        if text.isEmpty { return nil }
        guard let version = Int(text), version > 0 else {
            throw InferenceError(
                .invalidArgument,
                "failed to get model version from specified version string '\(text)' (details: stol), version should be an integral value > 0"
            )
        }
        return version
    }
}
