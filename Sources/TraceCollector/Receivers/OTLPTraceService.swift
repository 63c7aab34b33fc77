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
    let logger: Logger

    func registerMethods<Transport: ServerTransport>(with router: inout RPCRouter<Transport>) {
        router.registerHandler(
            forMethod: Self.export,
            deserializer: ExportRequestDeserializer(),
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

    private func spans(_ message: Result<DecodedSpans, WireError>) throws(RPCError) -> DecodedSpans {
        switch message {
        case .success(let decoded): return decoded
        case .failure(let error):
            ingest.countMalformedRequest()
            logger.debug("Spans refused", metadata: ["reason": "\(error.message)"])
            throw RPCError(code: .invalidArgument, message: error.message)
        }
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

/// Decodes an `ExportTraceServiceRequest` straight from the transport's buffer.
struct ExportRequestDeserializer: MessageDeserializer {
    func deserialize<Bytes: GRPCContiguousBytes>(_ serializedMessageBytes: Bytes) throws -> Result<DecodedSpans, WireError> {
        serializedMessageBytes.withUnsafeBytes { raw in
            raw.withMemoryRebound(to: UInt8.self) { bytes in
                do throws(WireError) {
                    return .success(try OTLPProtobuf.decode(bytes))
                } catch {
                    return .failure(error)
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
