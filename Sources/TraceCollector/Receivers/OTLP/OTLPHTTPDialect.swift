internal import HTTPTypes
internal import Hummingbird
internal import NIOCore
internal import TraceWire

/// OTLP/HTTP: answers have the encoding of their request, errors are `google.rpc.Status`.
struct OTLPHTTPDialect: SpanHTTPDialect {
    typealias Format = OTLPEncoding

    let spanProtocol = SpanProtocol.otlpHTTP

    func takesSpans(at path: String) -> Bool { path == "/v1/traces" }

    func elsewhere(_ request: Request) -> Response {
        let path = request.uri.path
        guard path == "/v1/metrics" || path == "/v1/logs" else {
            return .text(.notFound, "404 not found: OTLP/HTTP spans go to POST /v1/traces\n")
        }
        let message = "this back end stores traces only: nothing takes \(path) here; switch that exporter off"
        guard let encoding = OTLPEncoding(contentType: request.headers[.contentType]) else { return .text(.notFound, "404 \(message)\n") }
        return response(.notFound, encoding.status(.unimplemented, message), encoding)
    }

    func format(of request: Request) throws(RefusedFormat) -> OTLPEncoding {
        guard let encoding = OTLPEncoding(contentType: request.headers[.contentType]) else {
            throw RefusedFormat(supported: ["application/json", "application/x-protobuf"])
        }
        return encoding
    }

    func decode(_ body: [UInt8], as encoding: OTLPEncoding) throws(WireError) -> DecodedSpans {
        try encoding.decode(body)
    }

    func accepted(_ spans: DecodedSpans, as encoding: OTLPEncoding) -> Response {
        response(.ok, encoding.exportResponse(rejectedSpans: spans.rejectedSpanCount, message: spans.rejectionMessage), encoding)
    }

    func refused(_ refusal: SpanRefusal, as encoding: OTLPEncoding) -> Response {
        response(refusal.httpStatus, encoding.status(refusal.code, refusal.message), encoding)
    }

    private func response(_ status: HTTPResponse.Status, _ body: [UInt8], _ encoding: OTLPEncoding) -> Response {
        Response(status: status, headers: [.contentType: encoding.contentType], body: ResponseBody(byteBuffer: ByteBuffer(bytes: body)))
    }
}
