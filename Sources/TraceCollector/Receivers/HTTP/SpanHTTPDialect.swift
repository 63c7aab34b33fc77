internal import HTTPTypes
internal import Hummingbird
internal import NIOCore
internal import TraceModel
internal import TraceWire

/// What sets one protocol over HTTP apart: its paths, its media types and its answers. Everything else is ``SpanHTTPResponder``'s.
protocol SpanHTTPDialect: Sendable {
    /// What a request's path and headers say about its body.
    associatedtype Format: Sendable

    var spanProtocol: SpanProtocol { get }

    /// Spans may be posted to this path.
    func takesSpans(at path: String) -> Bool

    /// The answer for all other paths.
    func elsewhere(_ request: Request) -> Response

    /// - Throws: the answer to a body in a format that is not taken here.
    func format(of request: Request) throws(RefusedFormat) -> Format

    func decode(_ body: [UInt8], as format: Format) throws(WireError) -> DecodedSpans

    /// The answer once the spans are durable.
    func accepted(_ spans: DecodedSpans, as format: Format) -> Response

    /// The answer to spans that were not taken; the responder adds the headers.
    func refused(_ refusal: SpanRefusal, as format: Format) -> Response
}

/// A body's format is not taken here.
struct RefusedFormat: Error {
    var answer: Response
}

extension RefusedFormat {
    /// 415 with the media types that are taken.
    init(supported: [String]) {
        answer = .text(.unsupportedMediaType, "415 unsupported media type, supported: [\(supported.joined(separator: ", "))]")
    }
}

extension SpanHTTPDialect {
    /// Zipkin and Jaeger: 202, empty unless some spans were left out.
    func accepted(_ spans: DecodedSpans, as format: Format) -> Response {
        if spans.rejectedSpanCount == 0 { return Response(status: .accepted) }
        return .text(.accepted, spans.rejectionMessage + "\n")
    }

    /// Zipkin and Jaeger: the reason as text.
    func refused(_ refusal: SpanRefusal, as format: Format) -> Response {
        .text(refusal.httpStatus, refusal.message + "\n")
    }
}

extension SpanRefusal {
    var httpStatus: HTTPResponse.Status {
        switch reason {
        case .malformed: .badRequest
        case .tooLarge: .contentTooLarge
        case .unsupportedEncoding: .unsupportedMediaType
        case .overloaded: .tooManyRequests
        case .unavailable: .serviceUnavailable
        }
    }
}

extension Response {
    static func text(_ status: HTTPResponse.Status, _ message: String, headers: HTTPFields = [:]) -> Response {
        var headers = headers
        headers[.contentType] = "text/plain"
        return Response(status: status, headers: headers, body: ResponseBody(byteBuffer: ByteBuffer(string: message)))
    }
}

/// The media type of a `Content-Type`: lower case, without parameters.
func mediaType(_ contentType: String?) -> String? {
    contentType.map { $0.prefix { $0 != ";" }.trimmingBlanks().lowercased() }
}
