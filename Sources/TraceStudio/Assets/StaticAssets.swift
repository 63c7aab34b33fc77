internal import Compression
internal import HTTPTypes
internal import Hummingbird
internal import NIOCore

/// Serves the page: files under `/assets/`, and `index.html` for every path that is no file, so that deep links work.
///
/// The page names its files below `/assets/<version>/`, where a browser keeps them for good: the version changes with the content. There the
/// scripts are joined to few files (``ScriptLinker``) and the style sheets to one. `?debug` in a page's address loads them one by one.
struct StaticAssets: Sendable {
    private struct Asset: Sendable {
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
    private static let entry = "app.js"
    /// Runs before the others, alone.
    private static let early = "early.js"
    private static let styles = "styles.css"
    private static let icon = "icon.svg"
    private static let folder = "/assets/"

    /// The files as they were written.
    private let single: [String: Asset]
    /// The files as a page loads them.
    private let joined: [String: Asset]
    /// Changes with any of the joined files.
    let version: String
    private let index: Asset?
    private let debugIndex: Asset?

    /// The page in this program, joined and compressed once.
    static let ofThisProgram = Result { try StaticAssets(WebAssets.files) }

    /// - Throws: ``ScriptLinker/Failure`` for scripts that cannot be joined.
    init(_ files: [WebAssets.File]) throws {
        let texts = Dictionary(uniqueKeysWithValues: files.map { ($0.name, String(decoding: $0.bytes, as: UTF8.self)) })
        single = Dictionary(uniqueKeysWithValues: files.map { ($0.name, Self.asset($0.name, $0.bytes)) })
        let page = texts[Self.indexName] ?? ""
        var joinedTexts = try Self.join(texts, index: page)
        for name in [Self.early, Self.icon] { joinedTexts[name] = texts[name] }
        version = Self.hash(joinedTexts.sorted { $0.key < $1.key }.flatMap { Array($0.value.utf8) })
        joined = Dictionary(uniqueKeysWithValues: joinedTexts.map { ($0.key, Self.asset($0.key, Array($0.value.utf8))) })
        debugIndex = single[Self.indexName]
        index = Self.asset(Self.indexName, Array(Self.versioned(page, version, parts: Self.parts(of: joinedTexts.keys)).utf8))
    }

    func response(path: [String], request: Request) -> Response {
        if path.first == "assets" {
            if path.count == 3, path[1] == version, let asset = joined[path[2]] { return response(asset, isImmutable: true, request: request) }
            // A page that is open while the server is replaced still gets what it asks for.
            if let name = path.last, path.count == 2 || path.count == 3, let asset = path.count == 2 ? single[name] : joined[name] {
                return response(asset, isImmutable: false, request: request)
            }
            let message = ByteBuffer(string: "404 not found: the page has no file of this name\n")
            return Response(status: .notFound, headers: [.contentType: "text/plain; charset=utf-8"], body: ResponseBody(byteBuffer: message))
        }
        if path == ["favicon.ico"], let icon = single[Self.icon] { return response(icon, isImmutable: false, request: request) }
        let wantsSingle = QueryItems(request.uri.query)["debug"] != nil
        guard let index = wantsSingle ? debugIndex : index else { return Response(status: .notFound) }
        return response(index, isImmutable: false, request: request)
    }

    // MARK: Joining

    /// The scripts and style sheets in few files.
    private static func join(_ texts: [String: String], index: String) throws(ScriptLinker.Failure) -> [String: String] {
        let scripts = texts.filter { $0.key.hasSuffix(".js") && $0.key != early }
        var files = scripts.isEmpty ? [:] : try ScriptLinker(scripts, entry: entry).files()
        files[styles] = names(in: index, after: "<link rel=\"stylesheet\" href=\"\(folder)").map { texts[$0] ?? "" }.joined()
        return files
    }

    /// The file names between a text that begins a line and the next quote.
    private static func names(in page: String, after text: String) -> [String] {
        page.split(separator: "\n").filter { $0.hasPrefix(text) }.map { String($0.dropFirst(text.count).prefix { $0 != "\"" }) }
    }

    /// How many parts stand before each file that was cut, as parameters: `trace=2` for `trace.1.js`, `trace.2.js` and `trace.js`.
    private static func parts(of names: some Sequence<String>) -> String {
        var parts: [String: Int] = [:]
        for name in names {
            let words = name.split(separator: ".")
            if words.count == 3, words[2] == "js", let number = Int(words[1]) { parts[String(words[0])] = max(number, parts[String(words[0])] ?? 0) }
        }
        return parts.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }.joined(separator: "&amp;")
    }

    /// The page with the names of the joined files, and what its first script has to know of them.
    private static func versioned(_ page: String, _ version: String, parts: String) -> String {
        var hasStyles = false
        let told = page.replacing("\(folder)\(early)\"", with: "\(folder)\(early)\" data-parts=\"\(parts)\"")
        return told.split(separator: "\n", omittingEmptySubsequences: false).compactMap { line -> String? in
            guard line.hasPrefix("<link rel=\"stylesheet\"") else { return String(line.replacing(folder, with: "\(folder)\(version)/")) }
            defer { hasStyles = true }
            return hasStyles ? nil : "<link rel=\"stylesheet\" href=\"\(folder)\(version)/\(styles)\">"
        }.joined(separator: "\n")
    }

    // MARK: Answering

    private func response(_ asset: Asset, isImmutable: Bool, request: Request) -> Response {
        var headers: HTTPFields = [
            .cacheControl: isImmutable ? "public, max-age=31536000, immutable" : "no-cache",
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

    private static func asset(_ name: String, _ bytes: [UInt8]) -> Asset {
        let compressed = Gzip.compress(bytes, level: 9)
        return Asset(
            contentType: contentType(of: name), tag: "\"\(hash(bytes))\"", plain: ByteBuffer(bytes: bytes),
            gzip: compressed.count < bytes.count ? ByteBuffer(bytes: compressed) : nil
        )
    }

    /// `If-None-Match` compares weakly (RFC 9110, section 13.1.2).
    private static func matches(_ header: String, _ tag: String) -> Bool {
        header.split(separator: ",").contains { part in
            let candidate = part.filter { $0 != " " && $0 != "\t" }
            return candidate == "*" || candidate == tag || candidate == "W/" + tag
        }
    }

    /// 64-bit FNV-1a; the compressed form of a file has the same one, `Vary` tells them apart.
    private static func hash(_ bytes: [UInt8]) -> String {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in bytes { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        return String(hash, radix: 16)
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
