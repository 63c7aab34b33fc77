import Testing
import TraceModel
import TracingConventions

@Suite("HTTP conventions")
struct HTTPConventionsTests {
    private let conventions = HTTPConventions()

    @Test("A span is named by method and route, never by the path", arguments: [
        ("GET", nil as String?, "GET"), ("GET", "/users/:id", "GET /users/:id"), ("PURGE", nil, "HTTP"), ("get", "/", "HTTP /"),
    ])
    func names(method: String, route: String?, name: String) {
        #expect(conventions.spanName(method: method, route: route) == name)
    }

    @Test("A server span tells what the stable conventions name")
    func server() {
        var request = HTTPServerRequest(method: "GET", scheme: "http", path: "/users/7")
        request.query = "page=2&sig=abc"
        request.route = "/users/:id"
        request.server = NetworkEndpoint(authority: "shop.example:8080")
        request.client = NetworkEndpoint(address: "192.0.2.1")
        request.peer = NetworkEndpoint(address: "10.0.0.1", port: 4242)
        request.protocolVersion = "1.1"
        request.userAgent = "curl/8"
        request.bodySize = 3
        let expected: [Attribute] = [
            Attribute("http.request.method", "GET"), Attribute("url.scheme", "http"), Attribute("url.path", "/users/7"),
            Attribute("url.query", "page=2&sig=REDACTED"), Attribute("http.route", "/users/:id"),
            Attribute("server.address", "shop.example"), Attribute("server.port", 8080), Attribute("client.address", "192.0.2.1"),
            Attribute("network.peer.address", "10.0.0.1"), Attribute("network.peer.port", 4242),
            Attribute("network.protocol.version", "1.1"), Attribute("user_agent.original", "curl/8"),
        ]
        #expect(conventions.attributes(of: request) == expected)
        let sized = HTTPConventions(recordsBodySizes: true).attributes(of: request)
        #expect(sized == expected + [Attribute("http.request.body.size", 3)])
    }

    @Test("The port is that of the scheme when the caller wrote none", arguments: [("http", 80), ("https", 443)])
    func defaultPort(scheme: String, port: Int64) {
        var request = HTTPServerRequest(method: "GET", scheme: scheme, path: "/")
        request.server = NetworkEndpoint(authority: "shop.example")
        #expect(conventions.attributes(of: request)["server.port"] == .int(port))
    }

    @Test("A method that is not known is _OTHER, with the original beside it")
    func otherMethod() {
        let list = conventions.attributes(of: HTTPServerRequest(method: "BREW", scheme: "http", path: "/"))
        #expect(list["http.request.method"] == "_OTHER")
        #expect(list["http.request.method_original"] == "BREW")
        let known = HTTPConventions(knownMethods: ["BREW"]).attributes(of: HTTPServerRequest(method: "BREW", scheme: "http", path: "/"))
        #expect(known["http.request.method"] == "BREW")
        #expect(known["http.request.method_original"] == nil)
    }

    @Test("A server fails with 5xx, a client with 4xx too", arguments: [
        (101, false, false), (200, false, false), (304, false, false), (399, false, false), (400, false, true), (404, false, true),
        (499, false, true), (500, true, true), (599, true, true), (600, true, true), (0, true, true),
    ])
    func status(code: Int, server: Bool, client: Bool) {
        for (kind, isError) in [(SpanKind.server, server), (.client, client)] {
            #expect(HTTPConventions.isError(status: code, kind: kind) == isError)
            var list: [Attribute] = []
            conventions.appendStatus(code, kind: kind, to: &list)
            #expect(list["http.response.status_code"] == .int(Int64(code)))
            #expect(list["error.type"] == (isError ? .string(String(code)) : nil))
        }
    }

    @Test("A client span has the URL without secrets, and how often the request was sent before")
    func client() {
        let url = HTTPURL("https://u:p@shop.example/a?Signature=x", redacting: SensitiveQuery())
        let list = conventions.attributes(ofRequestTo: url, method: "POST", bodySize: 9, resendCount: 2)
        #expect(
            list == [
                Attribute("http.request.method", "POST"), Attribute("server.address", "shop.example"), Attribute("server.port", 443),
                Attribute("url.full", "https://REDACTED:REDACTED@shop.example/a?Signature=REDACTED"),
                Attribute("http.request.resend_count", 2),
            ])
        #expect(conventions.attributes(ofRequestTo: nil, method: "GET", bodySize: nil, resendCount: 0) == [Attribute("http.request.method", "GET")])
    }

    @Test("Headers are captured only when named, in lower case, with all their values")
    func captured() {
        let headers = CapturedHeaders(["X-Tag", "x-tag", "", "X-Missing"], of: .response)
        var list: [Attribute] = []
        headers.append(to: &list) { $0 == "x-tag" ? ["a", "b"] : [] }
        #expect(list == [Attribute("http.response.header.x-tag", .array(["a", "b"]))])
    }
}
