import Inference
import JSONCoding
import NIOHTTP1
import Testing

@Suite struct EndpointTests {
    @Test func serverMetadataNamesTheServerAndItsExtensions() async throws {
        try await TestServer.run { server in
            let answer = try await server.get("/v2")
            #expect(answer.status == 200)
            #expect(try answer.json["name"] == "needletail")
            #expect(try answer.json["extensions"]?.arrayValue?.contains("binary_tensor_data") == true)
        }
    }

    @Test func healthAnswersWithoutABody() async throws {
        try await TestServer.run { server in
            for path in ["/v2/health/live", "/v2/health/ready", "/v2/models/ident/ready", "/v2/models/ident/versions/1/ready"] {
                let answer = try await server.get(path)
                #expect(answer.status == 200, "\(path)")
                #expect(answer.body.isEmpty, "\(path)")
            }
        }
    }

    @Test func notReadyWithoutModels() async throws {
        try await TestServer.run(models: []) { server in
            let live = try await server.get("/v2/health/live")
            let ready = try await server.get("/v2/health/ready")
            #expect(live.status == 200)
            #expect(ready.status == 400)
        }
    }

    @Test(arguments: [
        ("/v2/models/nope/ready", 400, "Model version not ready"),
        ("/v2/models/ident/versions/9/ready", 400, "Model version not ready"),
        ("/v2/models/nope", 404, "Request for unknown model: 'nope' is not found"),
        ("/v2/models/ident/versions/9", 404, "Request for unknown model: 'ident' version 9 is not found"),
        ("/v2/models/nope/config", 404, "Request for unknown model: 'nope' is not found"),
        ("/v2/models/nope/stats", 400, "requested model 'nope' is not available"),
        ("/v2/", 404, "Not Found"),
        ("/v2/models/ident/ready/", 404, "Not Found"),
        ("/v2/models/ident/versions/x", 404, "Not Found"),
        ("/v2/models/ident/nonsense", 404, "Not Found"),
        ("/", 404, "Not Found"),
        ("/v2/models/ident/infer", 405, "Method Not Allowed"),
    ])
    func wrongPathsAreRefused(path: String, status: Int, message: String) async throws {
        try await TestServer.run { server in
            let answer = try await server.get(path)
            #expect(answer.status == status)
            #expect(answer.error == message)
        }
    }

    @Test func wrongMethodSaysWhichIsRight() async throws {
        try await TestServer.run { server in
            let answer = try await server.post("/v2/health/ready", "")
            #expect(answer.status == 405)
            #expect(answer.error == "Method Not Allowed")
            #expect(answer.headers.first(name: "allow") == "GET")
        }
    }

    @Test func modelMetadataShowsTheBatchAxis() async throws {
        try await TestServer.run { server in
            let answer = try await server.get("/v2/models/ident")
            #expect(
                answer.text == """
                    {"name":"ident","versions":["1"],"platform":"swift","inputs":[{"name":"X","datatype":"FP32","shape":[-1,2]},\
                    {"name":"S","datatype":"BYTES","shape":[-1,1]}],"outputs":[{"name":"Y","datatype":"FP32","shape":[-1,2]}]}
                    """
            )
            #expect(try await server.get("/v2/models/ident/versions/1").text == answer.text)
        }
    }

    @Test func modelConfigHasTheDeclaredValues() async throws {
        try await TestServer.run { server in
            let config = try await server.get("/v2/models/ident/config").json
            #expect(config["name"] == "ident")
            #expect(config["max_batch_size"]?.intValue == 8)
            #expect(config["input"]?[0]?["data_type"] == "TYPE_FP32")
            #expect(config["input"]?[1]?["data_type"] == "TYPE_STRING")
            #expect(config["input"]?[1]?["optional"] == true)
            #expect(config["output"]?[0]?["dims"]?[0]?.intValue == 2)
            #expect(config["dynamic_batching"] != nil)
        }
    }

    @Test func statisticsCountSuccessesAndFailures() async throws {
        try await TestServer.run { server in
            for body in [#"{"X":[1,2]}"#, #"{"X":[3,4]}"#, #"{"X":[-1,0]}"#, #"{"X":[1]}"#] {
                _ = try await server.post("/v2/models/ident/generate", body)
            }
            let statistics = try #require(try await server.get("/v2/models/ident/stats").json["model_stats"]?[0])
            #expect(statistics["name"] == "ident")
            #expect(statistics["inference_count"]?.intValue == 2)
            #expect(statistics["execution_count"]?.intValue == 3)
            #expect(statistics["inference_stats"]?["success"]?["count"]?.intValue == 2)
            // The one that never reached the model is not counted.
            #expect(statistics["inference_stats"]?["fail"]?["count"]?.intValue == 1)
            #expect(statistics["batch_stats"]?[0]?["batch_size"]?.intValue == 1)
            #expect(statistics["batch_stats"]?[0]?["compute_infer"]?["count"]?.intValue == 3)
            #expect((statistics["last_inference"]?.intValue ?? 0) > 1_700_000_000_000)
            let all = try await server.get("/v2/models/stats").json
            #expect(all["model_stats"]?.arrayValue?.map { $0["name"] } == ["ident", "passthrough", "single"])
        }
    }
}
