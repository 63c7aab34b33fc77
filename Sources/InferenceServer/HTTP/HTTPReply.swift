internal import HTTPTypes
internal import Inference
internal import JSONCoding
internal import NIOCore

/// An answer, ready to be written.
struct HTTPReply: Sendable {
    var status: HTTPResponse.Status = .ok
    var contentType: String? = HTTPReply.json
    var body = ByteBuffer()
    /// Further header fields.
    var fields: [HTTPField] = []

    static let json = "application/json"
    static let octets = "application/octet-stream"
    /// What Triton's library says of a body when nobody said anything else, JSON or not.
    static let text = "text/plain"

    init(status: HTTPResponse.Status = .ok, contentType: String? = HTTPReply.json, body: ByteBuffer = ByteBuffer()) {
        self.status = status
        self.contentType = contentType
        self.body = body
    }

    /// A JSON answer.
    init(json: JSONWriter) {
        self.init(body: ByteBuffer(bytes: json.bytes))
    }

    /// `{"error":"…"}` with the status of the error's code.
    init(error: InferenceError) {
        self.init(status: error.code.httpStatus, message: error.message)
    }

    /// `{"error":"…"}` with a status.
    init(status: HTTPResponse.Status, message: String) {
        var writer = JSONWriter()
        writer.beginObject()
        writer.key("error")
        writer.string(message)
        writer.endObject()
        self.init(json: writer)
        self.status = status
    }

    /// 200 without a body, as health checks answer.
    static let empty = HTTPReply(contentType: text)

    /// 400 of a health check.
    static func notReady(_ message: String) -> HTTPReply {
        var reply = HTTPReply(status: .badRequest, message: message)
        reply.contentType = text
        return reply
    }

    static let notFound: HTTPReply = {
        var reply = HTTPReply(status: .notFound, message: "Not Found")
        reply.contentType = text
        return reply
    }()

    /// 405 that names the methods which the path takes.
    static func methodNotAllowed(_ route: InferenceRoute) -> HTTPReply {
        var reply = HTTPReply(status: .methodNotAllowed, message: "Method Not Allowed")
        reply.fields.append(HTTPField(name: .allow, value: route.allowedMethods))
        switch route.target {
        case .live, .ready, .model(_, _, .ready), .model(_, _, .infer): reply.contentType = text
        default: break
        }
        return reply
    }

    /// The status line and header fields.
    var head: HTTPResponse {
        var head = HTTPResponse(status: status)
        if let contentType { head.headerFields[.contentType] = contentType }
        head.headerFields[.contentLength] = String(body.readableBytes)
        for field in fields { head.headerFields.append(field) }
        return head
    }
}

extension InferenceError.Code {
    /// Triton's mapping of error codes to HTTP.
    var httpStatus: HTTPResponse.Status {
        switch self {
        case .notFound: .notFound
        case .unavailable: .serviceUnavailable
        case .internal: .internalServerError
        case .unsupported: .notImplemented
        case .payloadTooLarge: .contentTooLarge
        default: .badRequest
        }
    }
}
