internal import HTTPTypes
internal import HummingbirdCore
internal import Inference
internal import JSONCoding
internal import NIOCore

/// Reads bodies of requests, up to a limit.
enum RequestBodyReader {
    static let unsupportedCompression = "Unsupported compression type"

    /// The head says already that the body is beyond the limit.
    static func isTooLarge(_ request: Request, limit: Int) -> Bool {
        guard let text = request.headers[.contentLength], let length = Int(text) else { return false }
        return length > limit
    }

    /// The body as it was sent.
    ///
    /// - Throws: `payloadTooLarge` beyond the limit; what the connection throws when the client goes away.
    static func collect(_ request: Request, limit: Int) async throws -> ByteBuffer {
        let tooLarge = InferenceError(.payloadTooLarge, "the request body is larger than the limit of \(limit) bytes (maxBodySize)")
        if isTooLarge(request, limit: limit) { throw tooLarge }
        do {
            return try await request.body.collect(upTo: limit)
        } catch is NIOTooManyBytesError {
            throw tooLarge
        }
    }

    /// The plain body of what was sent with this `Content-Encoding`, in lower case.
    ///
    /// - Throws: `invalidArgument` for broken data, `unsupported` for another coding, `payloadTooLarge` beyond the limit.
    static func decoded(_ body: ByteBuffer, encoding: String, limit: Int) throws(InferenceError) -> ByteBuffer {
        switch encoding {
        case "identity", "": body
        case "gzip", "deflate": try BodyCompression.decompress(body, limit: limit)
        default: throw InferenceError(.unsupported, unsupportedCompression)
        }
    }

    /// The JSON body of a request that is no inference; `nil` when it is empty.
    ///
    /// - Throws: Triton's words for text that is no JSON; as ``collect(_:limit:)``.
    static func json(_ request: Request, limit: Int) async throws -> JSONValue? {
        let sent = try await collect(request, limit: limit)
        let body = try decoded(sent, encoding: request.headers[.contentEncoding]?.lowercased() ?? "", limit: limit)
        guard body.readableBytes > 0 else { return nil }
        return try JSONFailure.translating { try JSONValue.parse(Array(buffer: body)) }
    }
}
