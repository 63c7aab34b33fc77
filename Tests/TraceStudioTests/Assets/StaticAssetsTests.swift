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
            for path in ["/search?service=a", "/trace/0123456789abcdef0123456789abcdef", "/index.html", "/deep/link"] {
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
}
