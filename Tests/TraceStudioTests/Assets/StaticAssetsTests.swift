import Compression
import Foundation
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import NIOCore
import Testing

@testable import TraceStudio

@Suite("The page's files", .timeLimit(.minutes(20)))
struct StaticAssetsTests {
    @Test("every file of the folder Web is served, and nothing else is listed")
    func complete() throws {
        let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../../Sources/TraceStudio/Web").standardized
        let onDisk = try FileManager.default.contentsOfDirectory(atPath: folder.path).filter { !$0.hasPrefix(".") }.sorted()
        #expect(WebAssets.files.map(\.name).sorted() == onDisk)
        for file in WebAssets.files {
            let content = try Data(contentsOf: folder.appending(path: file.name))
            let isEmbedded = file.bytes == Array(content)
            #expect(isEmbedded, "\(file.name) is not the embedded one")
            #expect(StaticAssets.contentType(of: file.name) != "application/octet-stream", "\(file.name) needs a content type")
        }
    }

    @Test("files below /assets, and index.html for every other path")
    func paths() async throws {
        try await Studio.run([]) { (studio) async throws in
            let index = try await studio.get("/")
            #expect(index.status == .ok)
            #expect(index.headers[.contentType] == "text/html; charset=utf-8")
            #expect(String(buffer: index.body).contains("<title>Needletail"))
            for path in ["/traces?q=a", "/trace/0123456789abcdef0123456789abcdef", "/index.html", "/deep/link"] {
                #expect(try await studio.get(path).body == index.body)
            }
            let script = try await studio.get("/assets/app.js")
            #expect(script.headers[.contentType] == "text/javascript; charset=utf-8")
            #expect(try await studio.get("/assets/none.js").status == .notFound)
            #expect(try await studio.get("/assets").status == .notFound)
            #expect(try await studio.get("/assets/..%2FPackage.swift").status == .notFound)
        }
    }

    @Test("a content policy without exceptions for inline code, and a page that needs none")
    func contentPolicy() async throws {
        try await Studio.run([]) { (studio) async throws in
            let index = try await studio.get("/")
            let policy = try #require(index.headers[.contentSecurityPolicy])
            #expect(policy.hasPrefix("default-src 'self';"))
            #expect(!policy.contains("unsafe"))
            #expect(index.headers[.xContentTypeOptions] == "nosniff")
            let html = String(buffer: index.body)
            for inline in ["<style", " style=", " onclick=", "<script>", "javascript:"] { #expect(!html.contains(inline)) }
        }
    }

    @Test("compressed once, and not sent again while unchanged")
    func caching() async throws {
        try await Studio.run([]) { (studio) async throws in
            let plain = try await studio.get("/assets/app.js")
            let squeezed = try await studio.get("/assets/app.js", headers: [.acceptEncoding: "gzip, deflate, br"])
            #expect(squeezed.headers[.contentEncoding] == "gzip")
            #expect(squeezed.body.readableBytes < plain.body.readableBytes)
            #expect(try Gzip.decompress(Array(squeezed.body.readableBytesView), maximumSize: 1 << 20) == Array(plain.body.readableBytesView))
            let tag = try #require(plain.headers[.eTag])
            #expect(tag.hasPrefix("\"") && tag.hasSuffix("\"") && tag.count > 2)
            for header in [tag, "W/\(tag)", "\"other\", \(tag)", "*"] {
                let unchanged = try await studio.get("/assets/app.js", headers: [.ifNoneMatch: header])
                #expect(unchanged.status == .notModified)
                #expect(unchanged.body.readableBytes == 0)
                #expect(unchanged.headers[.eTag] == tag)
            }
            #expect(try await studio.get("/assets/app.js", headers: [.ifNoneMatch: "\"other\""]).status == .ok)
            #expect(plain.headers[.cacheControl] == "no-cache")
        }
    }

    /// The names of the files that a page loads.
    private func names(in html: String) -> [String] {
        html.split(separator: "\"").map(String.init).filter { $0.hasPrefix("/assets/") }
    }

    @Test("a page names few files, which a browser keeps for good")
    func versioned() async throws {
        try await Studio.run([]) { (studio) async throws in
            let names = names(in: String(buffer: try await studio.get("/traces").body))
            #expect(Set(names.map { $0.split(separator: "/").last }) == ["icon.svg", "early.js", "styles.css", "app.js"])
            let version = try #require(names.first?.split(separator: "/").dropFirst().first)
            for name in names {
                #expect(name.hasPrefix("/assets/\(version)/"))
                let file = try await studio.get(name)
                #expect(file.status == .ok)
                #expect(file.headers[.cacheControl] == "public, max-age=31536000, immutable")
                #expect(file.headers[.vary] == "Accept-Encoding")
            }
            // The page itself is asked for each time, or a new version would not be seen.
            #expect(try await studio.get("/traces").headers[.cacheControl] == "no-cache")
        }
    }

    @Test("the page's first script is told into how many parts each file is cut, so that it can ask for them at once")
    func parts() async throws {
        try await Studio.run([]) { (studio) async throws in
            let html = String(buffer: try await studio.get("/trace/0123456789abcdef0123456789abcdef").body)
            let version = try #require(names(in: html).first?.split(separator: "/").dropFirst().first)
            let line = try #require(html.split(separator: "\n").first { $0.contains("early.js\"") })
            let told = try #require(line.split(separator: "data-parts=\"").last?.prefix { $0 != "\"" })
            #expect(told.contains("trace="))
            for entry in told.replacing("&amp;", with: "&").split(separator: "&") {
                let words = entry.split(separator: "=")
                let (name, last) = (words[0], try #require(Int(words[1])))
                for part in 1...last { #expect(try await studio.get("/assets/\(version)/\(name).\(part).js").status == .ok) }
                #expect(try await studio.get("/assets/\(version)/\(name).\(last + 1).js").status == .notFound)
            }
        }
    }

    @Test("a page that is open while the server is replaced finds its files, but does not keep them")
    func staleVersion() async throws {
        try await Studio.run([]) { (studio) async throws in
            let stale = try await studio.get("/assets/0123456789abcdef/traces.js")
            #expect(stale.status == .ok)
            #expect(stale.headers[.cacheControl] == "no-cache")
            #expect(try await studio.get("/assets/0123456789abcdef/none.js").status == .notFound)
            #expect(try await studio.get("/assets/0/0/traces.js").status == .notFound)
        }
    }

    @Test("?debug loads the files as they were written")
    func debug() async throws {
        try await Studio.run([]) { (studio) async throws in
            let html = String(buffer: try await studio.get("/traces?debug").body)
            let names = names(in: html)
            #expect(names.contains("/assets/app.js") && names.contains("/assets/tokens.css") && names.contains("/assets/pages.css"))
            for name in names { #expect(try await studio.get(name).status == .ok) }
            #expect(String(buffer: try await studio.get("/assets/app.js").body).contains("import { Frame"))
            // A parameter's value is not its name.
            #expect(String(buffer: try await studio.get("/traces?q=debug").body) != html)
        }
    }

    @Test("the style sheets are one, in the order of the page")
    func styles() async throws {
        let texts = Dictionary(uniqueKeysWithValues: WebAssets.files.map { ($0.name, String(decoding: $0.bytes, as: UTF8.self)) })
        let index = try #require(texts["index.html"])
        let inOrder = names(in: index).filter { $0.hasSuffix(".css") }.map { texts[String($0.dropFirst("/assets/".count))] ?? "" }
        #expect(inOrder.count == texts.keys.count { $0.hasSuffix(".css") }, "a style sheet is not in the page")
        try await Studio.run([]) { (studio) async throws in
            let name = try #require(names(in: String(buffer: try await studio.get("/").body)).first { $0.hasSuffix(".css") })
            #expect(String(buffer: try await studio.get(name).body) == inOrder.joined())
        }
    }

    @Test("the icon, for browsers that ask without being told")
    func favicon() async throws {
        try await Studio.run([]) { (studio) async throws in
            let icon = try await studio.get("/favicon.ico")
            #expect(icon.headers[.contentType] == "image/svg+xml")
            #expect(try await studio.get("/assets/icon.svg").body == icon.body)
        }
    }

    @Test("other content is another version, the same content the same one")
    func versionFollowsContent() throws {
        func version(_ style: String) throws -> String {
            let files = ["index.html": "<link rel=\"stylesheet\" href=\"/assets/a.css\">", "a.css": style, "app.js": "const a = 1;"]
            let assets = try StaticAssets(files.map { WebAssets.File(name: $0.key, bytes: Array($0.value.utf8)) })
            return assets.version
        }
        #expect(try version("a") == version("a"))
        #expect(try version("a") != version("b"))
    }

    @Test("scripts that cannot be joined are an error when the program starts, not a page without them")
    func failure() {
        #expect(throws: ScriptLinker.Failure.self) {
            try StaticAssets([WebAssets.File(name: "index.html", bytes: []), WebAssets.File(name: "app.js", bytes: Array("import { a } from \"./a.js\";".utf8))])
        }
    }
}
