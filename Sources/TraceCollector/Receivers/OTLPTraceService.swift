internal import GRPCCore
internal import Logging
internal import TraceModel
internal import TraceWire

/// The gRPC service `opentelemetry.proto.collector.trace.v1.TraceService`, without generated code.
struct OTLPTraceService: RegistrableRPCService {
    /// Method `Export`, unary.
    static let export = MethodDescriptor(
        service: ServiceDescriptor(fullyQualifiedService: "opentelemetry.proto.collector.trace.v1.TraceService"),
        method: "Export"
    )

    let ingest: SpanIngest
    /// Bytes of one message after decompression.
    let maximumMessageSize: Int
    let logger: Logger

    func registerMethods<Transport: ServerTransport>(with router: inout RPCRouter<Transport>) {
        router.registerHandler(
            forMethod: Self.export,
            deserializer: ExportRequestDeserializer(maximumSize: maximumMessageSize),
            serializer: RawMessageSerializer()
        ) { [self] request, _ in
            var decoded: DecodedSpans?
            for try await message in request.messages {
                if decoded != nil { throw RPCError(code: .invalidArgument, message: "Export takes one message, a second one arrived") }
                decoded = try spans(message)
            }
            guard let decoded else { throw RPCError(code: .invalidArgument, message: "Export takes one message, none arrived") }
            return StreamingServerResponse(single: ServerResponse(message: try await store(decoded)))
        }
    }

    private func spans(_ message: ExportRequest) throws(RPCError) -> DecodedSpans {
        let refusal: RPCError
        switch message {
        case .decoded(let spans):
            return spans
        case .malformed(let error):
            refusal = RPCError(code: .invalidArgument, message: error.message)
        case .tooLarge(let size):
            let message = "the request of \(size) bytes is larger than \(maximumMessageSize) bytes; send smaller batches"
            refusal = RPCError(code: .resourceExhausted, message: message)
        }
        ingest.countMalformedRequest()
        logger.debug("Spans refused", metadata: ["reason": "\(refusal.message)"])
        throw refusal
    }

    /// Stores the spans of one `ExportTraceServiceRequest` and returns the bytes of its response.
    private func store(_ decoded: DecodedSpans) async throws(RPCError) -> [UInt8] {
        ingest.countRejected(decoded.rejectedSpanCount)
        do {
            try await ingest.accept(decoded.batch)
        } catch let error as IngestError {
            throw RPCError(refused: error)
        } catch {
            throw RPCError(code: .unavailable, message: "the spans were not stored (\(error)); send them again", cause: error)
        }
        return OTLPProtobuf.encodeExportResponse(rejectedSpans: decoded.rejectedSpanCount, message: decoded.rejectionMessage)
    }
}

extension RPCError {
    /// RESOURCE_EXHAUSTED for a full queue, else UNAVAILABLE; both with `google.rpc.RetryInfo`, which makes them retryable.
    init(refused error: IngestError) {
        let code: RPCError.Code = error.code == .overloaded ? .resourceExhausted : .unavailable
        let details = RetryInfo.statusDetails(
            code: code == .resourceExhausted ? .resourceExhausted : .unavailable,
            message: error.message,
            retryAfterSeconds: error.retryAfterSeconds
        )
        self.init(code: code, message: error.message, metadata: ["grpc-status-details-bin": .binary(details)], cause: error)
    }
}

/// A request message as far as it could be read.
enum ExportRequest: Sendable {
    case decoded(DecodedSpans)
    case malformed(WireError)
    case tooLarge(Int)
}

/// Decodes an `ExportTraceServiceRequest` straight from the transport's buffer.
struct ExportRequestDeserializer: MessageDeserializer {
    var maximumSize: Int

    func deserialize<Bytes: GRPCContiguousBytes>(_ serializedMessageBytes: Bytes) throws -> ExportRequest {
        if serializedMessageBytes.count > maximumSize { return .tooLarge(serializedMessageBytes.count) }
        return serializedMessageBytes.withUnsafeBytes { raw in
            raw.withMemoryRebound(to: UInt8.self) { bytes in
                do throws(WireError) {
                    return .decoded(try OTLPProtobuf.decode(bytes))
                } catch {
                    return .malformed(error)
                }
            }
        }
    }
}

/// Hands a message's bytes over as they are.
struct RawMessageSerializer: MessageSerializer {
    func serialize<Bytes: GRPCContiguousBytes>(_ message: [UInt8]) throws -> Bytes {
        Bytes(message)
    }
}
