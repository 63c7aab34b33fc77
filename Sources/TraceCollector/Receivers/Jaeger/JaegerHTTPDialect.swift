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

    func takesSpans(at path: String) -> Bool { path == Self.path }

    func elsewhere(_ request: Request) -> Response {
        .text(.notFound, "404 not found: Jaeger's Thrift spans go to POST \(Self.path)\n")
    }

    func format(of request: Request) throws(RefusedFormat) -> Format {
        if let format = request.uri.queryParameters["format"], format != "jaeger.thrift" {
            throw RefusedFormat(answer: .text(.badRequest, "400 format=\(format) is not taken, the one format is jaeger.thrift\n"))
        }
        guard let type = mediaType(request.headers[.contentType]), Self.mediaTypes.contains(type) else {
            throw RefusedFormat(supported: Self.mediaTypes)
        }
        return .thriftBinary
    }

    func decode(_ body: [UInt8], as format: Format) throws(WireError) -> DecodedSpans {
        try JaegerThrift.decodeBinaryBatch(body)
    }
}
