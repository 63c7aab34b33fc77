import Inference
import JSONCoding
import NIOHTTP1
import Testing

@testable import InferenceServer

/// Restricted APIs and forwarded headers.
@Suite struct FrontEndSettingTests {
    @Test func restrictedPartsNeedTheirHeader() async throws {
        try await TestServer.run(configure: { $0.restrictedAPIs = try RestrictedAPIs(["trace,logging,model-repository:triton-access-token=secret"]) }) { server in
            for headers in [[], [("triton-access-token", "x")], [("triton-access-token", "secret2")], [("triton-access-token", "")]] {
                let answer = try await server.send(.GET, "/v2/logging", headers: headers)
                #expect(answer.status == 403)
                #expect(answer.error == "This API is restricted, expecting header 'triton-access-token'")
                #expect(answer.headers.first(name: "content-type") == "text/plain")
            }
            #expect(try await server.get("/v2/models/ident/trace/setting").status == 403)
            #expect(try await server.post("/v2/repository/index", "").status == 403)
            #expect(try await server.send(.GET, "/v2/logging", headers: [("Triton-Access-Token", "secret")]).status == 200)
            #expect(try await server.get("/v2/models/stats").status == 200)
            #expect(try await server.get("/v2/health/ready").status == 200)
        }
    }

    @Test func everyPartCanBeRestricted() async throws {
        let all = RestrictedAPIs.Category.allCases.map(\.rawValue).joined(separator: ",")
        try await TestServer.run(configure: { $0.restrictedAPIs = try RestrictedAPIs(["\(all):k=v"]) }) { server in
            for path in ["/v2", "/v2/health/live", "/v2/models/ident", "/v2/models/ident/config", "/v2/models/stats", "/v2/systemsharedmemory/status"] {
                let answer = try await server.get(path)
                #expect(answer.status == 403, "\(path)")
            }
            for path in ["infer", "generate", "generate_stream"] {
                let answer = try await server.post("/v2/models/ident/\(path)", "{}")
                #expect(answer.status == 403, "\(path)")
            }
        }
    }

    @Test(arguments: [
        ("trace", "option format is"), ("trace:k", "option format is"), ("trace:=v", "option format is"), ("trace:k=", "option format is"),
        ("nope:k=v", "unknown restricted api 'nope'; there are health, metadata"), (":k=v", "unknown restricted api ''"),
        ("trace,trace:k=v", "can not be specified in multiple config groups"),
    ])
    func wrongWordsAreExplained(word: String, message: String) {
        let error = #expect(throws: FrontEndSettingError.self) { try RestrictedAPIs([word]) }
        #expect(error?.description.contains(message) == true, "\(error?.description ?? "")")
    }

    @Test func aHeaderNameThatIsNoneIsRefused() async throws {
        await #expect(throws: FrontEndSettingError.self) {
            try await TestServer.run(configure: { $0.restrictedAPIs = try RestrictedAPIs(["trace:a b=v"]) }) { _ in }
        }
    }

    /// Answers with the names and values of its parameters.
    private static let echo = Model(
        ModelDefinition(name: "echo", inputs: [], outputs: [TensorSpecification(name: "O", dataType: .bytes, shape: [-1])]),
        executeEach: { request in ["O": try Tensor(strings: request.parameters.map { "\($0.key)=\($0.value)" }.sorted())] }
    )

    @Test func matchingHeadersBecomeParameters() async throws {
        try await TestServer.run(models: [Self.echo], configure: { $0.headerForwardPattern = "(?i)^x-" }) { server in
            let headers = [("X-User", "u1"), ("other", "no"), ("x-b", "2")]
            let answer = try await server.post("/v2/models/echo/generate", #"{"p":1}"#, headers: headers)
            let output = try answer.json["O"]
            #expect(output == [#"X-User=string("u1")"#, "p=int(1)", #"x-b=string("2")"#])
            let infer = try await server.post("/v2/models/echo/infer", #"{"inputs":[]}"#, headers: headers)
            #expect(infer.text.contains(#"X-User=string(\"u1\")"#))
        }
        try await TestServer.run(models: [Self.echo], configure: { $0.headerForwardPattern = ".*" }) { server in
            let refused = try await server.post("/v2/models/echo/generate", "{}", headers: [("priority", "1")])
            #expect(refused.status == 400)
            #expect(refused.error == "Header 'priority' is reserved for Triton usage and cannot be forwarded.")
        }
        await #expect(throws: FrontEndSettingError.self) {
            try await TestServer.run(configure: { $0.headerForwardPattern = "(" }) { _ in }
        }
    }
}
