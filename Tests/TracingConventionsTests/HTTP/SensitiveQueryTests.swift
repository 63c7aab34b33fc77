import Testing
import TracingConventions

@Suite("Secrets in queries and URLs")
struct SensitiveQueryTests {
    @Test("The values of secret parameters are replaced, everything else stays as it was", arguments: [
        ("", ""), ("a=1", "a=1"), ("sig=abc", "sig=REDACTED"), ("a=1&sig=abc&b=2", "a=1&sig=REDACTED&b=2"),
        ("Sig=abc", "Sig=abc"), ("sig", "sig"), ("sig=", "sig=REDACTED"), ("a=sig=1", "a=sig=1"), ("&&sig=a=b&", "&&sig=REDACTED&"),
        ("%73ig=abc", "%73ig=REDACTED"), ("%zz=1&sig=x", "%zz=1&sig=REDACTED"), ("X-Amz-Signature=1&x=%20", "X-Amz-Signature=REDACTED&x=%20"),
        ("AWSAccessKeyId=1&Signature=2&X-Goog-Signature=3", "AWSAccessKeyId=REDACTED&Signature=REDACTED&X-Goog-Signature=REDACTED"),
    ])
    func query(query: String, redacted: String) {
        #expect(SensitiveQuery().redacted(query) == redacted)
    }

    @Test("A list of one's own replaces the default")
    func own() {
        #expect(SensitiveQuery(parameters: ["q"]).redacted("q=1&sig=2") == "q=REDACTED&sig=2")
        #expect(SensitiveQuery(parameters: []).redacted("sig=2") == "sig=2")
    }

    @Test("A URL loses user name, password and secret parameters, and nothing else", arguments: [
        ("http://h/p", "http://h/p"), ("http://h", "http://h"), ("http://u@h:1/p", "http://REDACTED@h:1/p"),
        ("http://u:p@h/p?x=1#f", "http://REDACTED:REDACTED@h/p?x=1#f"), ("http://h/p?sig=1#sig=2", "http://h/p?sig=REDACTED#sig=2"),
        ("http://h/p#?sig=2", "http://h/p#?sig=2"), ("http://h?sig=1", "http://h?sig=REDACTED"), ("http://a@b:c@h/", "http://REDACTED:REDACTED@h/"),
        ("http://h/a@b", "http://h/a@b"), ("http://u:p@[::1]:9/?token=t", "http://REDACTED:REDACTED@[::1]:9/?token=REDACTED"),
    ])
    func url(text: String, redacted: String) {
        #expect(HTTPURL(text, redacting: SensitiveQuery())?.redacted == redacted)
    }

    @Test("Where a URL goes", arguments: [
        ("http://shop.example/a", "shop.example", 80 as Int?), ("https://shop.example", "shop.example", 443), ("HTTP://h:8/", "h", 8),
        ("http://[2001:db8::1]:99/x", "2001:db8::1", 99), ("https://[::1]", "::1", 443), ("http+unix://%2Frun%2Fs.sock/x", "/run/s.sock", nil),
        ("ftp://h/", "h", nil), ("http://u:p@h:7/", "h", 7),
    ])
    func server(text: String, address: String, port: Int?) {
        #expect(HTTPURL(text, redacting: SensitiveQuery())?.server == NetworkEndpoint(address: address, port: port))
    }

    @Test("What is no absolute URL is none", arguments: ["", "/path", "h:80", "://h", "http:/h"])
    func noURL(text: String) {
        #expect(HTTPURL(text, redacting: SensitiveQuery()) == nil)
    }

    @Test("A URL with a broken host still has its text without secrets", arguments: ["http://[::1/?sig=1", "http://h:port/?sig=1", "http:///?sig=1"])
    func brokenHost(text: String) throws {
        let url = try #require(HTTPURL(text, redacting: SensitiveQuery()))
        #expect(url.server == nil)
        #expect(url.redacted == text.replacing("sig=1", with: "sig=REDACTED"))
    }
}
