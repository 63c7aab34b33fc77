import Testing
import TracingConventions

@Suite("Forwarded headers")
struct ForwardedHeadersTests {
    @Test("The nearest to the client counts", arguments: [
        (["forwarded": ["for=192.0.2.60;proto=https;host=shop.example:444, for=10.0.0.1"]], "192.0.2.60", nil as Int?, "https", "shop.example"),
        (["forwarded": ["For=\"[2001:db8::1]:4711\"; Proto=HTTP"]], "2001:db8::1", 4711, "http", nil as String?),
        (["x-forwarded-for": ["192.0.2.60, 10.0.0.1", "10.0.0.2"], "x-forwarded-proto": ["https"], "x-forwarded-host": ["shop.example"]],
            "192.0.2.60", nil, "https", "shop.example"),
        (["x-forwarded-for": ["2001:db8::1"]], "2001:db8::1", nil, nil as String?, nil),
        (["forwarded": ["for=192.0.2.60"], "x-forwarded-for": ["6.6.6.6"]], "192.0.2.60", nil, nil, nil),
    ] as [([String: [String]], String, Int?, String?, String?)])
    func read(headers: [String: [String]], client: String, port: Int?, scheme: String?, host: String?) {
        let forwarded = ForwardedHeaders { headers[$0] ?? [] }
        #expect(forwarded.client == NetworkEndpoint(address: client, port: port))
        #expect(forwarded.scheme == scheme)
        #expect(forwarded.server?.address == host)
    }

    @Test("What is hidden or malformed tells nothing", arguments: [
        ["forwarded": ["for=unknown;proto=gopher;host="]], ["forwarded": ["for=_hidden"]], ["forwarded": ["nonsense;;=;"]], ["forwarded": [""]],
        ["x-forwarded-for": [""], "x-forwarded-proto": ["javascript"], "x-forwarded-host": ["h:x"]], [:],
    ] as [[String: [String]]])
    func nothing(headers: [String: [String]]) {
        let forwarded = ForwardedHeaders { headers[$0] ?? [] }
        #expect(forwarded.client == nil)
        #expect(forwarded.scheme == nil)
        #expect(forwarded.server == nil)
    }
}
