import Inference
import JSONCoding
import Testing

@testable import InferenceServer

@Suite struct GenerateTests {
    @Test func theGuidesCurl() async throws {
        try await TestServer.run { server in
            let answer = try await server.post("/v2/models/passthrough/generate", #"{"sleep": 0.001, "error": false}"#)
            #expect(answer.status == 200)
            #expect(answer.text == #"{"model_name":"passthrough","model_version":"1","sleep":0.001}"#)
        }
    }

    @Test func expectationOfContinueIsMet() async throws {
        try await TestServer.run(maxBodySize: 100) { server in
            let answer = try await server.post("/v2/models/ident/generate", #"{"X":[3,4]}"#, headers: [("expect", "100-continue")])
            #expect(answer.status == 200)
            let refused = try await server.post(
                "/v2/models/ident/generate", String(repeating: " ", count: 101), headers: [("expect", "100-continue")])
            #expect(refused.status == 413)
        }
    }

    @Test func answerIsFlatAndSorted() async throws {
        try await TestServer.run { server in
            let answer = try await server.post("/v2/models/ident/generate", #"{"X":[3,4],"id":"gen-7","note":"x","parameters":{"k":1}}"#)
            #expect(answer.text == #"{"Y":[3.0,4.0],"id":"gen-7","model_name":"ident","model_version":"1"}"#)
        }
    }

    @Test func parametersReachTheModel() async throws {
        let definition = ModelDefinition(
            name: "p", inputs: [], outputs: [TensorSpecification(name: "O", dataType: .bytes, shape: [-1])])
        let model = Model(definition, executeEach: { request in ["O": try Tensor(strings: request.parameters.keys.sorted())] })
        try await TestServer.run(models: [model]) { server in
            let answer = try await server.post("/v2/models/p/generate", #"{"b":1,"parameters":{"a":"x"}}"#)
            #expect(try answer.json["O"] == ["a", "b"])
        }
    }

    @Test(arguments: [
        (1, [1], [1]), (4, [-1, 2], [2, 2]), (3, [-1, 2], nil), (6, [-1, -1, 2], [1, 3, 2]), (0, [-1], [0]), (2, [], nil), (1, [], []),
    ] as [(Int, [Int], [Int]?)])
    func shapeFollowsFromTheDeclaration(count: Int, declared: [Int], expected: [Int]?) {
        #expect(GenerateRequestDecoder.shape(forCount: count, declared: declared) == expected)
    }
}
