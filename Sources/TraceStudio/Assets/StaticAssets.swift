internal import Compression
internal import HTTPTypes
internal import Hummingbird
internal import NIOCore

/// Serves the page: files under `/assets/`, and `index.html` for every path that is no file, so that deep links work.
struct StaticAssets {
    private struct Asset {
        var contentType: String
        var tag: String
        var plain: ByteBuffer
        /// Compressed once; `nil` where that makes it no smaller.
        var gzip: ByteBuffer?
    }

    /// Nothing but our own files may load, and nothing inline may run (Content Security Policy Level 3).
    static let contentSecurityPolicy = """
        default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'
        """
    private static let indexName = "index.html"

    private let assets: [String: Asset]

    init(_ files: [WebAssets.File]) {
        var assets: [String: Asset] = [:]
        for file in files {
            let compressed = Gzip.compress(file.bytes, level: 9)
            assets[file.name] = Asset(
                contentType: Self.contentType(of: file.name),
                tag: Self.tag(of: file.bytes),
                plain: ByteBuffer(bytes: file.bytes),
                gzip: compressed.count < file.bytes.count ? ByteBuffer(bytes: compressed) : nil
            )
        }
        self.assets = assets
    }

    func response(path: [String], request: Request) -> Response {
        if path.first == "assets" {
            guard path.count == 2, let asset = assets[path[1]] else {
                let message = ByteBuffer(string: "404 not found: the page has no file of this name\n")
                return Response(
                    status: .notFound,
                    headers: [.contentType: "text/plain; charset=utf-8"],
                    body: ResponseBody(byteBuffer: message)
                )
            }
            return response(asset, request: request)
        }
        if path.count == 1, let asset = assets[path[0]] { return response(asset, request: request) }
        guard let index = assets[Self.indexName] else { return Response(status: .notFound) }
        return response(index, request: request)
    }

    private func response(_ asset: Asset, request: Request) -> Response {
        var headers: HTTPFields = [
            // Kept, but asked for each time: names stay the same when a new version changes the content.
            .cacheControl: "no-cache",
            .eTag: asset.tag,
            .contentSecurityPolicy: Self.contentSecurityPolicy,
            .xContentTypeOptions: "nosniff",
            .vary: "Accept-Encoding",
        ]
        if request.headers[.ifNoneMatch].map({ Self.matches($0, asset.tag) }) ?? false {
            return Response(status: .notModified, headers: headers)
        }
        headers[.contentType] = asset.contentType
        if let gzip = asset.gzip, Answer.acceptsGzip(request.headers) {
            headers[.contentEncoding] = "gzip"
            return Response(status: .ok, headers: headers, body: ResponseBody(byteBuffer: gzip))
        }
        return Response(status: .ok, headers: headers, body: ResponseBody(byteBuffer: asset.plain))
    }

    /// `If-None-Match` compares weakly (RFC 9110, section 13.1.2).
    private static func matches(_ header: String, _ tag: String) -> Bool {
        header.split(separator: ",").contains { part in
            let candidate = part.filter { $0 != " " && $0 != "\t" }
            return candidate == "*" || candidate == tag || candidate == "W/" + tag
        }
    }

    /// A quoted 64-bit FNV-1a hash of the content; the compressed form has the same one, `Vary` tells them apart.
    private static func tag(of bytes: [UInt8]) -> String {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in bytes { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        return "\"\(String(hash, radix: 16))\""
    }

    static func contentType(of name: String) -> String {
        switch name.split(separator: ".").last {
        case "html": "text/html; charset=utf-8"
        case "js", "mjs": "text/javascript; charset=utf-8"
        case "css": "text/css; charset=utf-8"
        case "svg": "image/svg+xml"
        case "png": "image/png"
        case "ico": "image/x-icon"
        case "json", "webmanifest": "application/json"
        case "woff2": "font/woff2"
        default: "application/octet-stream"
        }
    }
}
