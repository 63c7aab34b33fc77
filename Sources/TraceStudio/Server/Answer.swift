internal import Compression
internal import HTTPTypes
internal import Hummingbird
internal import NIOCore

/// Builds the HTTP answers of the query server.
enum Answer {
    /// JSON answers above this many bytes are compressed for clients that accept it.
    static let compressionThreshold = 4096

    static func json(_ body: [UInt8], status: HTTPResponse.Status = .ok, for request: Request) -> Response {
        bytes(body, status: status, contentType: "application/json", for: request)
    }

    static func text(_ body: String, status: HTTPResponse.Status = .ok, for request: Request) -> Response {
        bytes(Array(body.utf8), status: status, contentType: "text/plain; charset=utf-8", for: request)
    }

    /// Another place, for now: 302.
    static func redirect(to location: String) -> Response {
        Response(status: .found, headers: [.location: location, .cacheControl: "no-store"])
    }

    /// - Parameter allowed: the methods that the path takes.
    static func methodNotAllowed(_ allowed: [String]) -> Response {
        let names = allowed.joined(separator: ", ")
        return Response(
            status: .methodNotAllowed,
            headers: [.allow: names, .contentType: "text/plain; charset=utf-8"],
            body: ResponseBody(byteBuffer: ByteBuffer(string: "405 method not allowed, supported: [\(names)]\n"))
        )
    }

    static func bytes(_ body: [UInt8], status: HTTPResponse.Status, contentType: String, for request: Request) -> Response {
        var headers: HTTPFields = [.contentType: contentType, .cacheControl: "no-store", .xContentTypeOptions: "nosniff"]
        var sent = body
        if body.count > compressionThreshold {
            headers[.vary] = "Accept-Encoding"
            if acceptsGzip(request.headers) {
                sent = Gzip.compress(body, level: 1)
                headers[.contentEncoding] = "gzip"
            }
        }
        return Response(status: status, headers: headers, body: ResponseBody(byteBuffer: ByteBuffer(bytes: sent)))
    }

    /// `gzip` or `*` in `Accept-Encoding` with a weight above 0 (RFC 9110, section 12.5.3).
    static func acceptsGzip(_ headers: HTTPFields) -> Bool {
        guard let accepted = headers[.acceptEncoding] else { return false }
        for part in accepted.split(separator: ",") {
            let fields = part.split(separator: ";").map { $0.filter { $0 != " " && $0 != "\t" }.lowercased() }
            guard let coding = fields.first, coding == "gzip" || coding == "x-gzip" || coding == "*" else { continue }
            let weight = fields.dropFirst().first { $0.hasPrefix("q=") }.flatMap { Double($0.dropFirst(2)) } ?? 1
            if weight > 0 { return true }
        }
        return false
    }
}
