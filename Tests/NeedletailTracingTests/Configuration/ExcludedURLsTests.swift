import NeedletailTracing
import Testing

@Suite("Excluded URLs")
struct ExcludedURLsTests {
    private static let host = "http://localhost:3000"

    @Test(
        "A pattern is searched for anywhere in scheme, host, port and path; case matters",
        arguments: [
            ("readyz", "/readyz", true),
            ("readyz", "/READYZ", false),
            ("READYZ", "/readyz", false),
            ("docs", "/docs.json", true),
            ("/docs$", "/docs.json", false),
            ("/docs$", "/docs", true),
            ("localhost:3000", "/any", true),
            ("^http://", "/any", true),
            ("^https://", "/any", false),
            ("^/readyz", "/readyz", false),
            (#"docs\.json"#, "/docs.json", true),
            (#"docs\.json"#, "/docsxjson", false),
            ("docs.json", "/docsxjson", true),
            ("(?i)READYZ", "/readyz", true),
            ("/v[12]/models/[^/]+/ready", "/v2/models/net/ready", true),
            ("a|livez", "/livez", true),
            (#"\d{4}/x"#, "/2024/x", true),
            ("é", "/é", true),
            ("aab", "/aaab", true),
        ]
    )
    func rule(pattern: String, path: String, isExcluded: Bool) throws {
        let urls = try ExcludedURLs([pattern])
        #expect(urls.contains(Self.host + path) == isExcluded)
        #expect(urls.contains(scheme: "http", authority: "localhost:3000", path: path) == isExcluded)
    }

    @Test("The guide's list excludes health checks and lets predictions through")
    func guide() throws {
        let urls = try ExcludedURLs(commaSeparated: "readyz,livez,healthz,static_content,docs,metrics")
        #expect(urls.patterns == ["readyz", "livez", "healthz", "static_content", "docs", "metrics"])
        for path in ["/readyz", "/livez", "/healthz", "/static_content/a.js", "/docs.json", "/metrics"] { #expect(urls.contains(Self.host + path)) }
        for path in ["/", "/predict", "/ready", "/doc"] { #expect(!urls.contains(Self.host + path)) }
    }

    @Test("A trailing comma, blanks and empty members exclude nothing more", arguments: ["predict,", " predict ,, ", ",predict", "predict\n,\t"])
    func emptyMembers(text: String) throws {
        let urls = try ExcludedURLs(commaSeparated: text)
        #expect(urls.patterns == ["predict"])
        #expect(!urls.contains(Self.host + "/other"))
        #expect(urls.contains(Self.host + "/predict"))
    }

    @Test("Nothing excludes nothing", arguments: ["", " ", ",", " , "])
    func empty(text: String) throws {
        let urls = try ExcludedURLs(commaSeparated: text)
        #expect(urls.isEmpty)
        #expect(urls == ExcludedURLs())
        #expect(!urls.contains(Self.host + "/"))
        #expect(!urls.contains(""))
    }

    @Test("The query does not count")
    func query() throws {
        let urls = try ExcludedURLs(["readyz", "x$"])
        #expect(!urls.contains(scheme: "https", authority: "h", path: "/predict?from=readyz"))
        #expect(urls.contains(scheme: "https", authority: "h", path: "/x?y=1"))
    }

    @Test(
        "A pattern that cannot be meant is refused with the reason",
        arguments: [
            ("(a", "expected ')'"), ("*a", "no regular expression"), ("(?<=a)b", "lookbehind"), ("a*", "every URL"), ("docs|", "every URL"),
            (String(repeating: "a", count: 513) + ".", "512 at most"),
        ]
    )
    func refusals(pattern: String, reason: String) {
        let error = #expect(throws: TracingConfigurationError.self) { try ExcludedURLs(["fine", pattern]) }
        #expect(error?.code == .invalidPattern)
        #expect(error?.message.contains(reason) == true, "\(error?.message ?? "")")
    }

    @Test("One value is matched from many tasks at once")
    func concurrency() async throws {
        let urls = try ExcludedURLs(["/docs(\\.json)?$", "[0-9]+/ready"])
        let hits = await withTaskGroup(of: Int.self) { group in
            for _ in 0..<8 {
                group.addTask { (0..<500).count { urls.contains("http://h/\($0 % 2 == 0 ? "docs" : "doc")") } }
            }
            return await group.reduce(0, +)
        }
        #expect(hits == 8 * 250)
    }
}
