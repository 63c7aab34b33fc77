internal import HTTPTypes
internal import Hummingbird
internal import TraceWire

/// Jaeger's collector over HTTP: 202 for spans that are durable, the reason as text for others.
struct JaegerHTTPDialect: SpanHTTPDialect {
    enum Format {
        case thriftBinary
    }

    private static let path = "/api/traces"
    private static let mediaTypes = ["application/x-thrift", "application/vnd.apache.thrift.binary"]

    let spanProtocol = SpanProtocol.jaegerHTTP
    let sampling: SamplingHTTPAPI

    func takesSpans(at path: String) -> Bool { path == Self.path }

    func elsewhere(_ request: Request) -> Response {
        if request.method == .get || request.method == .head {
            switch request.uri.path {
            case "/api/sampling": return sampling.sampling(request, isLegacy: false)
            case "/api/baggageRestrictions": return sampling.baggageRestrictions(request)
            default: break
            }
        }
        return .text(.notFound, "404 not found: Jaeger's Thrift spans go to POST \(Self.path)\n")
    }

    func format(of request: Request) throws(RefusedFormat) -> Format {
        if let format = request.uri.queryParameters["format"], format != "jaeger.thrift" {
            throw RefusedFormat(answer: .text(.badRequest, "Unsupported format type: \(format); the one format is jaeger.thrift\n"))
        }
        guard let type = mediaType(request.headers[.contentType]), Self.mediaTypes.contains(type) else {
            // Jaeger's own words; the rest says what to do.
            let found = mediaType(request.headers[.contentType]) ?? ""
            throw RefusedFormat(
                answer: .text(.badRequest, "Unsupported content type: \(found); supported: \(Self.mediaTypes.joined(separator: ", "))\n"))
        }
        return .thriftBinary
    }

    func decode(_ body: [UInt8], as format: Format) throws(WireError) -> DecodedSpans {
        try JaegerThrift.decodeBinaryBatch(body)
    }

    /// Jaeger's own words.
    func refused(_ refusal: SpanRefusal, as format: Format) -> Response {
        switch refusal.reason {
        case .malformed: .text(.badRequest, "Unable to process request body: \(refusal.message)\n")
        case .unavailable: .text(.internalServerError, "Cannot submit Jaeger batch: \(refusal.message)\n")
        case .overloaded, .tooLarge, .unsupportedEncoding: .text(refusal.httpStatus, refusal.message + "\n")
        }
    }
}
