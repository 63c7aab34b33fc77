internal import GRPCCore
internal import Logging
internal import TraceModel
internal import TraceWire

/// A gRPC service with one unary method that brings spans, without generated code.
struct SpanGRPCService: RegistrableRPCService {
    /// Reads a request straight from the transport's buffer.
    typealias Decode = @Sendable (UnsafeBufferPointer<UInt8>) throws(WireError) -> DecodedSpans

    let method: MethodDescriptor
    let decode: Decode
    /// The bytes of the response to spans that are durable.
    let response: @Sendable (DecodedSpans) -> [UInt8]
    let reception: SpanReception
    /// Bytes of one message after decompression.
    let maximumMessageSize: Int

    func registerMethods<Transport: ServerTransport>(with router: inout RPCRouter<Transport>) {
        router.registerHandler(
            forMethod: method,
            deserializer: SpanRequestDeserializer(maximumSize: maximumMessageSize, decode: decode),
            serializer: RawMessageSerializer()
        ) { [self] request, _ in
            var first: Result<DecodedSpans, SpanRefusal>?
            for try await message in request.messages {
                if first != nil { throw RPCError(code: .invalidArgument, message: "\(method.method) takes one message, a second one arrived") }
                first = message
            }
            guard let first else { throw RPCError(code: .invalidArgument, message: "\(method.method) takes one message, none arrived") }
            do throws(SpanRefusal) {
                let decoded = try first.get()
                try await reception.store(decoded)
                return StreamingServerResponse(single: ServerResponse(message: response(decoded)))
            } catch {
                reception.note(error)
                throw RPCError(refused: error)
            }
        }
    }
}

extension RPCError {
    /// A refusal as a status; with `google.rpc.RetryInfo`, which makes it retryable, when the same request may be sent again.
    init(refused refusal: SpanRefusal) {
        let code: RPCError.Code =
            switch refusal.code {
            case .invalidArgument: .invalidArgument
            case .resourceExhausted: .resourceExhausted
            case .unimplemented: .unimplemented
            case .unavailable: .unavailable
            }
        var metadata: Metadata = [:]
        if let seconds = refusal.retryAfterSeconds {
            let details = RetryInfo.statusDetails(code: refusal.code, message: refusal.message, retryAfterSeconds: seconds)
            metadata.addBinary(details, forKey: "grpc-status-details-bin")
        }
        self.init(code: code, message: refusal.message, metadata: metadata, cause: refusal)
    }
}

/// Decodes a message as far as it can be read: a refusal is answered by the service, not by the transport.
struct SpanRequestDeserializer: MessageDeserializer {
    var maximumSize: Int
    var decode: SpanGRPCService.Decode

    func deserialize<Bytes: GRPCContiguousBytes>(_ serializedMessageBytes: Bytes) throws -> Result<DecodedSpans, SpanRefusal> {
        let size = serializedMessageBytes.count
        if size > maximumSize { return .failure(.tooLarge("of \(size) bytes", limit: maximumSize)) }
        return serializedMessageBytes.withUnsafeBytes { raw in
            raw.withMemoryRebound(to: UInt8.self) { bytes in
                do throws(WireError) {
                    return .success(try decode(bytes))
                } catch {
                    return .failure(SpanRefusal(error))
                }
            }
        }
    }
}
