import InferenceServer
import NIOHTTP1
import Testing

/// What happens to a connection after an answer. Each test ends when the server closes it.
@Suite(.timeLimit(.minutes(20))) struct ConnectionTests {
    private static let generate = """
        POST /v2/models/single/generate HTTP/1.0\r\nContent-Length: 8\r\n\r\n{"IN":1}
        """

    @Test func headHasTheLengthOfTheBodyAndNone() async throws {
        try await TestServer.run { server in
            let get = try await server.get("/v2")
            let head = try await server.send(.HEAD, "/v2")
            #expect(head.status == 200)
            #expect(head.headers.first(name: "content-length") == "\(get.body.count)")
            #expect(head.body.isEmpty)
            let answer = try await RawConnection.exchange(
                """
                HEAD /v2/models/nope HTTP/1.1\r\nHost: x\r\n\r\nHEAD /v2/models/ident/infer HTTP/1.1\r\nHost: x\r\n\r\n\
                GET /v2/health/live HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n
                """,
                port: server.port
            )
            #expect(answer.matches(of: #/HTTP/1.1 (\d+)/#).map(\.1) == ["404", "405", "200"])
            #expect(!answer.contains("{"))
        }
    }

    @Test func version10EndsTheConnection() async throws {
        try await TestServer.run { server in
            let answer = try await RawConnection.exchange(Self.generate, port: server.port)
            #expect(answer.contains("200 OK"))
            #expect(answer.contains(#""OUT":1"#))
        }
    }

    @Test func version10IsToldThatTheConnectionIsKept() async throws {
        try await TestServer.run { server in
            let kept = Self.generate.replacing("HTTP/1.0\r\n", with: "HTTP/1.0\r\nConnection: Keep-Alive\r\n")
            let answer = try await RawConnection.exchange(kept + Self.generate, port: server.port)
            #expect(answer.matches(of: #/200 OK/#).count == 2)
            #expect(answer.matches(of: #/(?i)connection: keep-alive/#).count == 1)
        }
    }

    @Test func closeIsUnderstoodInAnyCase() async throws {
        try await TestServer.run { server in
            let answer = try await RawConnection.exchange("GET /v2/health/live HTTP/1.1\r\nHost: x\r\nConnection: Close\r\n\r\n", port: server.port)
            #expect(answer.contains("200 OK"))
        }
    }

    @Test(arguments: ["/v2/models/ident/infer", "/v2/models/nope/infer", "/v2/health/live", "/nothing"])
    func clientThatSendsAllBeforeItReadsIsNotStuck(path: String) async throws {
        let body = String(repeating: " ", count: 20_000_000)
        try await TestServer.run(maxBodySize: 1000) { server in
            let answer = try await RawConnection.exchange(
                "POST \(path) HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: \(body.utf8.count)\r\n\r\n" + body,
                port: server.port
            )
            #expect(answer.contains(#"{"error":"#))
        }
    }

    @Test(arguments: ["", "GET /v2 HT", "POST /v2/models/ident/infer HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{"])
    func silentConnectionsAreClosed(text: String) async throws {
        try await TestServer.run(idleTimeout: .milliseconds(200)) { server in
            let answer = try await RawConnection.exchange(text, port: server.port)
            #expect(!answer.contains("200 OK"))
        }
    }

    @Test func longComputationIsNoSilence() async throws {
        try await TestServer.run(idleTimeout: .milliseconds(200)) { server in
            let answer = try await server.post("/v2/models/passthrough/generate", #"{"sleep":0.7}"#)
            #expect(answer.status == 200)
        }
    }
}
