internal import HTTPTypes
internal import Hummingbird
internal import TraceModel
internal import TraceWire

/// Zipkin over HTTP: 202 for spans that are durable, the reason as text for others.
struct ZipkinDialect: SpanHTTPDialect {
    enum Format {
        case json
        case protobuf
        case version1JSON
        case version1Thrift
    }

    private static let path = "/api/v2/spans"
    private static let version1Path = "/api/v1/spans"

    let spanProtocol = SpanProtocol.zipkin

    func takesSpans(at path: String) -> Bool { path == Self.path || path == Self.version1Path }

    func elsewhere(_ request: Request) -> Response {
        .text(.notFound, "404 not found: Zipkin spans go to POST \(Self.path)\n")
    }

    /// As in Zipkin, a type is not needed, and any that names no other format means JSON.
    func format(of request: Request) throws(RefusedFormat) -> Format {
        let isVersion1 = request.uri.path == Self.version1Path
        switch mediaType(request.headers[.contentType]) {
        case "application/x-protobuf", "application/protobuf":
            if isVersion1 { throw RefusedFormat(supported: ["application/json", "application/x-thrift"]) }
            return .protobuf
        case "application/x-thrift", "application/vnd.apache.thrift.binary":
            if !isVersion1 { throw RefusedFormat(supported: ["application/json", "application/x-protobuf"]) }
            return .version1Thrift
        default:
            return isVersion1 ? .version1JSON : .json
        }
    }

    func decode(_ body: [UInt8], as format: Format) throws(WireError) -> DecodedSpans {
        // Zipkin stores nothing then, and does not mind.
        if body.isEmpty { return DecodedSpans(batch: SpanBatch()) }
        return switch format {
        case .json: try ZipkinJSON.decode(body)
        case .protobuf: try ZipkinProtobuf.decode(body)
        case .version1JSON: try ZipkinJSON.decodeV1(body)
        case .version1Thrift: try ZipkinThrift.decode(body)
        }
    }
}
