internal import GRPCCore
internal import ProtobufCoding

/// Jaeger's sampling API over gRPC: `jaeger.api_v2.SamplingManager/GetSamplingStrategy`, without generated code.
struct SamplingGRPCService: RegistrableRPCService {
    private static let method = MethodDescriptor(
        service: ServiceDescriptor(fullyQualifiedService: "jaeger.api_v2.SamplingManager"), method: "GetSamplingStrategy")

    let strategies: SamplingStrategies

    func registerMethods<Transport: ServerTransport>(with router: inout RPCRouter<Transport>) {
        router.registerHandler(forMethod: Self.method, deserializer: ParametersDeserializer(), serializer: RawMessageSerializer()) { [strategies] request, _ in
            for try await service in request.messages {
                guard let service else { throw RPCError(code: .invalidArgument, message: "SamplingStrategyParameters cannot be read") }
                return StreamingServerResponse(single: ServerResponse(message: strategies.strategy(for: service).protobuf))
            }
            throw RPCError(code: .invalidArgument, message: "GetSamplingStrategy takes one message, none arrived")
        }
    }
}

/// `message SamplingStrategyParameters { string serviceName = 1; }`; `nil` for bytes that are none.
private struct ParametersDeserializer: MessageDeserializer {
    func deserialize<Bytes: GRPCContiguousBytes>(_ serializedMessageBytes: Bytes) throws -> String? {
        serializedMessageBytes.withUnsafeBytes { raw in
            raw.withMemoryRebound(to: UInt8.self) { bytes in
                guard let base = bytes.baseAddress, !bytes.isEmpty else { return "" }
                return try? Self.service(bytes, base)
            }
        }
    }

    private static func service(_ bytes: UnsafeBufferPointer<UInt8>, _ base: UnsafePointer<UInt8>) throws(MalformedParameters) -> String {
        var cursor = ProtobufCursor<MalformedParameters>(bytes, base: base, schema: ())
        var service = ""
        while !cursor.isAtEnd {
            let tag = try cursor.tag()
            if tag == 1 << 3 | 2 { service = String(decoding: try cursor.bytes(), as: UTF8.self) } else { try cursor.skip(tag) }
        }
        return service
    }
}

private struct MalformedParameters: ProtobufFailure {
    init(malformedProtobuf found: String, at offset: Int, schema: Void) {}
}
