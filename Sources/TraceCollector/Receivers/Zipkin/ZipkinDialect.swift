internal import HTTPTypes
internal import Hummingbird
internal import TraceWire

/// Zipkin over HTTP: 202 for spans that are durable, the reason as text for others.
struct ZipkinDialect: SpanHTTPDialect {
    enum Format {
        case json
    }

    private static let path = "/api/v2/spans"

    let spanProtocol = SpanProtocol.zipkin

    func takesSpans(at path: String) -> Bool { path == Self.path }

    func elsewhere(_ request: Request) -> Response {
        switch request.uri.path {
        case "/api/v1/spans":
            .text(.notFound, "404 Zipkin's v1 format is not taken here: send version 2 as JSON to POST \(Self.path)\n")
        default:
            .text(.notFound, "404 not found: Zipkin spans go to POST \(Self.path)\n")
        }
    }

    /// As in Zipkin, a type is not needed, and any that names no other format means JSON.
    func format(of request: Request) throws(RefusedFormat) -> Format {
        switch mediaType(request.headers[.contentType]) {
        case "application/x-protobuf", "application/protobuf", "application/x-thrift":
            throw RefusedFormat(supported: ["application/json"])
        default:
            return .json
        }
    }

    func decode(_ body: [UInt8], as format: Format) throws(WireError) -> DecodedSpans {
        try ZipkinJSON.decode(body)
    }
}
