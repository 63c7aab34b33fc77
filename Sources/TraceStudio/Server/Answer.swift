internal import Compression
internal import HTTPTypes
internal import Hummingbird
internal import NIOCore
internal import TraceWire

/// Builds the HTTP answers of the query server.
///
/// What is longer than ``pieceSize`` is sent piece by piece, each when the client has taken those before: a long answer takes the memory of
/// a piece, however slow its reader is. When it cannot be completed the connection is broken, so that nobody takes a part for the whole.
enum Answer {
    /// Bytes of a piece, before compression.
    static let pieceSize = 128 * 1024

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
        var headers = headers(contentType)
        guard body.count > compressionThreshold else {
            return Response(status: status, headers: headers, body: ResponseBody(byteBuffer: ByteBuffer(bytes: body)))
        }
        headers[.vary] = "Accept-Encoding"
        let isCompressed = acceptsGzip(request.headers)
        if isCompressed { headers[.contentEncoding] = "gzip" }
        guard body.count <= pieceSize else {
            let sent = pieces(WholeText(body), length: isCompressed ? nil : body.count, isCompressed: isCompressed, holding: [])
            return Response(status: status, headers: headers, body: sent)
        }
        let sent = isCompressed ? Gzip.compress(body, level: 1) : body
        return Response(status: status, headers: headers, body: ResponseBody(byteBuffer: ByteBuffer(bytes: sent)))
    }

    /// A text that is made while it is sent; a short one has a `Content-Length`, as any other answer.
    ///
    /// - Parameters:
    ///   - length: bytes of the text, where that is known.
    ///   - held: lives until the answer is sent or given up.
    static func stream(
        _ text: any PiecewiseText, length: Int? = nil, contentType: String = "application/json", for request: Request, holding held: [LargeTraceGate.Permit] = []
    ) -> Response {
        var text = text
        var start: [UInt8] = []
        while start.count < pieceSize {
            guard let piece = text.next(size: pieceSize) else { return bytes(start, status: .ok, contentType: contentType, for: request) }
            if start.isEmpty { start = piece } else { start += piece }
        }
        var headers = headers(contentType)
        headers[.vary] = "Accept-Encoding"
        let isCompressed = acceptsGzip(request.headers)
        if isCompressed { headers[.contentEncoding] = "gzip" }
        let rest = FollowedText(first: start, rest: text)
        return Response(status: .ok, headers: headers, body: pieces(rest, length: isCompressed ? nil : length, isCompressed: isCompressed, holding: held))
    }

    private static func headers(_ contentType: String) -> HTTPFields {
        [.contentType: contentType, .cacheControl: "no-store", .xContentTypeOptions: "nosniff"]
    }

    private static func pieces(_ text: any PiecewiseText, length: Int?, isCompressed: Bool, holding held: [LargeTraceGate.Permit]) -> ResponseBody {
        ResponseBody(contentLength: length) { writer in
            defer { withExtendedLifetime(held) {} }
            var text = text
            let gzip = isCompressed ? GzipStream(level: 1) : nil
            while let piece = text.next(size: pieceSize) {
                try Task.checkCancellation()
                let sent = gzip?.compress(piece, isLast: false) ?? piece
                // Written one after the other: the writer waits while the client does not read.
                for start in stride(from: 0, to: sent.count, by: pieceSize) {
                    try await writer.write(ByteBuffer(bytes: sent[start..<min(start + pieceSize, sent.count)]))
                }
            }
            if let end = gzip?.compress([], isLast: true), !end.isEmpty { try await writer.write(ByteBuffer(bytes: end)) }
            try await writer.finish(nil)
        }
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

/// A text whose beginning was taken already.
private struct FollowedText: PiecewiseText {
    var first: [UInt8]?
    var rest: any PiecewiseText

    init(first: [UInt8], rest: any PiecewiseText) {
        self.first = first
        self.rest = rest
    }

    mutating func next(size: Int) -> [UInt8]? {
        if let first {
            self.first = nil
            return first
        }
        return rest.next(size: size)
    }
}
