internal import TraceWire

/// The two encodings of OTLP/HTTP; a response always has the one of its request.
enum OTLPEncoding {
    case protobuf
    case json

    /// From `Content-Type`, parameters ignored.
    ///
    /// - Returns: `nil` for any other media type, or none.
    init?(contentType: String?) {
        switch mediaType(contentType) {
        case "application/x-protobuf", "application/protobuf": self = .protobuf
        case "application/json": self = .json
        default: return nil
        }
    }

    var contentType: String {
        switch self {
        case .protobuf: "application/x-protobuf"
        case .json: "application/json"
        }
    }

    func decode(_ bytes: [UInt8]) throws(WireError) -> DecodedSpans {
        switch self {
        case .protobuf: try OTLPProtobuf.decode(bytes)
        case .json: try OTLPJSON.decode(bytes)
        }
    }

    /// `ExportTraceServiceResponse`; partial success is left unset when nothing was rejected.
    func exportResponse(rejectedSpans: Int, message: String) -> [UInt8] {
        switch self {
        case .protobuf: OTLPProtobuf.encodeExportResponse(rejectedSpans: rejectedSpans, message: message)
        case .json: OTLPJSON.encodeExportResponse(rejectedSpans: rejectedSpans, message: message)
        }
    }

    /// `google.rpc.Status`.
    func status(_ code: StatusCode, _ message: String) -> [UInt8] {
        switch self {
        case .protobuf: OTLPProtobuf.encodeStatus(code: code.rawValue, message: message)
        case .json: OTLPJSON.encodeStatus(code: code.rawValue, message: message)
        }
    }
}
