import Inference
import NIOHTTP1
import JSONCoding
import Testing

@Suite struct InferTests {
    @Test func jsonRequestIsAnsweredInTritonsShape() async throws {
        try await TestServer.run { server in
            let answer = try await server.post(
                "/v2/models/ident/infer",
                #"{"id":"req-42","inputs":[{"name":"X","shape":[1,2],"datatype":"FP32","data":[1,2]}]}"#
            )
            #expect(answer.status == 200, "\(answer.text)")
            #expect(
                answer.text
                    == #"{"id":"req-42","model_name":"ident","model_version":"1","outputs":[{"name":"Y","datatype":"FP32","shape":[1,2],"data":[1.0,2.0]}]}"#
            )
        }
    }

    @Test(arguments: [
        #"{"inputs":[{"data":[1,2],"name":"X","shape":[1,2],"datatype":"FP32"}]}"#,
        #"{"inputs":[{"name":"X","shape":[1,2],"datatype":"FP32","data":[[1,2]]}],"parameters":{"a":1,"b":"x","c":true}}"#,
        #"{"outputs":[{"name":"Y"}],"inputs":[{"name":"X","datatype":"FP32","shape":[1,2],"data":[1.0,2e0]}],"unknown":{"deep":[1]}}"#,
    ])
    func membersMayComeInAnyOrder(body: String) async throws {
        try await TestServer.run { server in
            let answer = try await server.post("/v2/models/ident/infer", body)
            #expect(answer.status == 200, "\(answer.text)")
            #expect(try answer.json["outputs"]?[0]?["data"] == .array([.number("1.0"), .number("2.0")]))
        }
    }

    @Test func binaryTensorsInAndOut() async throws {
        let tensor: [UInt8] = [0, 0, 0x80, 0x3f, 0, 0, 0, 0x40]
        let json = Array(#"{"inputs":[{"name":"X","shape":[1,2],"datatype":"FP32","parameters":{"binary_data_size":8}}],"parameters":{"binary_data_output":true}}"#.utf8)
        try await TestServer.run { server in
            let answer = try await server.send(
                .POST, "/v2/models/ident/infer", body: json + tensor,
                headers: [("Inference-Header-Content-Length", "\(json.count)")]
            )
            #expect(answer.status == 200, "\(answer.text)")
            #expect(answer.headers.first(name: "content-type") == "application/octet-stream")
            let length = try #require(answer.headers.first(name: "inference-header-content-length").flatMap(Int.init))
            #expect(
                String(decoding: answer.body[..<length], as: UTF8.self)
                    == #"{"model_name":"ident","model_version":"1","outputs":[{"name":"Y","datatype":"FP32","shape":[1,2],"parameters":{"binary_data_size":8}}]}"#
            )
            #expect(Array(answer.body[length...]) == tensor)
        }
    }

    @Test func oneOutputMayBeBinaryByName() async throws {
        try await TestServer.run { server in
            let answer = try await server.post(
                "/v2/models/ident/infer",
                #"{"inputs":[{"name":"X","shape":[1,2],"datatype":"FP32","data":[1,2]}],"outputs":[{"name":"Y","parameters":{"binary_data":true}}]}"#
            )
            #expect(answer.headers.first(name: "content-type") == "application/octet-stream")
        }
    }

    @Test func rawRequestForOneInput() async throws {
        try await TestServer.run { server in
            let answer = try await server.send(
                .POST, "/v2/models/single/infer", body: [1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0],
                headers: [("Inference-Header-Content-Length", "0")]
            )
            #expect(answer.status == 200, "\(answer.text)")
            #expect(Array(answer.body.suffix(12)) == [1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0])
        }
    }

    @Test func gzipBody() async throws {
        let body = Array(#"{"inputs":[{"name":"X","shape":[1,2],"datatype":"FP32","data":[1,2]}]}"#.utf8)
        try await TestServer.run { server in
            let answer = try await server.send(.POST, "/v2/models/ident/infer", body: gzip(body), headers: [("content-encoding", "gzip")])
            #expect(answer.status == 200, "\(answer.text)")
        }
    }

    @Test func largeAnswersAreCompressedForThoseWhoTakeIt() async throws {
        let values = (0..<2000).map { "\($0 % 10)" }.joined(separator: ",")
        let body = #"{"inputs":[{"name":"IN","shape":[2000],"datatype":"INT32","data":[\#(values)]}]}"#
        try await TestServer.run { server in
            let plain = try await server.post("/v2/models/single/infer", body)
            #expect(plain.headers.first(name: "content-encoding") == nil)
            let refused = try await server.post("/v2/models/single/infer", body, headers: [("accept-encoding", "gzip;q=0")])
            #expect(refused.body == plain.body)
            let packed = try await server.post("/v2/models/single/infer", body, headers: [("accept-encoding", "deflate;q=0.5, gzip")])
            #expect(packed.headers.first(name: "content-encoding") == "gzip")
            #expect(try gunzip(packed.body) == plain.body)
            #expect(packed.body.count < plain.body.count / 4)
            let deflated = try await server.post("/v2/models/single/infer", body, headers: [("accept-encoding", "deflate")])
            #expect(deflated.headers.first(name: "content-encoding") == "deflate")
            #expect(deflated.body.first == 0x78)
            #expect(try gunzip(deflated.body) == plain.body)
        }
    }

    /// Python's `json` writes what JSON does not have.
    @Test func literalsThatAreNoNumbers() async throws {
        try await TestServer.run { server in
            let body = #"{"inputs":[{"name":"X","shape":[1,2],"datatype":"FP32","data":[NaN, -Infinity]}]}"#
            let infer = try await server.post("/v2/models/ident/infer", body)
            #expect(infer.text.contains(#""data":["NaN","-Infinity"]"#))
            let generate = try await server.post("/v2/models/ident/generate", #"{"X":[Infinity,1]}"#)
            #expect(generate.text.contains(#""Y":["Infinity",1.0]"#))
            for wrong in ["[Nan,1]", "[NaN1,1]", "[Infinit]", "[-I]"] {
                let refused = #"{"inputs":[{"name":"X","shape":[1,2],"datatype":"FP32","data":\#(wrong)}]}"#
                let answer = try await server.post("/v2/models/ident/infer", refused)
                #expect(answer.status == 500, "\(wrong)")
            }
        }
    }

    /// Every element type survives JSON in and JSON out.
    @Test(arguments: [
        (DataType.bool, "[true,false]"), (.uint8, "[0,255]"), (.uint16, "[0,65535]"), (.uint32, "[0,4294967295]"),
        (.uint64, "[0,18446744073709551615]"), (.int8, "[-128,127]"), (.int16, "[-32768,32767]"), (.int32, "[-2147483648,2147483647]"),
        (.int64, "[-9223372036854775808,9223372036854775807]"), (.fp16, "[0.5,-2.0]"), (.fp32, "[0.1,-2.5]"), (.fp64, "[0.1,1e+300]"),
        (.bf16, "[0.5,-2.0]"), (.bytes, #"["","häß\"\n"]"#), (.fp32, #"["NaN","-Infinity"]"#),
    ])
    func everyElementType(type: DataType, values: String) async throws {
        let model = Model(
            ModelDefinition(
                name: "echo",
                inputs: [TensorSpecification(name: "I", dataType: type, shape: [-1])],
                outputs: [TensorSpecification(name: "O", dataType: type, shape: [-1])],
                strict: true
            ),
            executeEach: { ["O": try $0.inputs.require("I")] }
        )
        try await TestServer.run(models: [model]) { server in
            let answer = try await server.post(
                "/v2/models/echo/infer",
                #"{"inputs":[{"name":"I","shape":[2],"datatype":"\#(type)","data":\#(values)}]}"#
            )
            #expect(answer.status == 200, "\(answer.text)")
            #expect(answer.text.contains(#""data":\#(values)"#), "\(answer.text)")
        }
    }

    @Test func integersOutOfRangeAreRefused() async throws {
        try await TestServer.run { server in
            let answer = try await server.post("/v2/models/single/infer", #"{"inputs":[{"name":"IN","shape":[1],"datatype":"INT32","data":[2147483648]}]}"#)
            #expect(answer.status == 500)
            #expect(answer.error == "Unable to parse 'data': the value 2147483648 is outside the range of INT32, -2147483648 to 2147483647")
        }
    }

    @Test func hugeShapesDoNotAllocate() async throws {
        try await TestServer.run { server in
            let answer = try await server.post(
                "/v2/models/single/infer",
                #"{"inputs":[{"name":"IN","shape":[9223372036854775807],"datatype":"INT32","data":[1]}]}"#
            )
            #expect(answer.error == "Unable to parse 'data': Shape does not match true shape of 'data' field")
            let overflow = try await server.post(
                "/v2/models/single/infer",
                #"{"inputs":[{"name":"IN","shape":[9223372036854775807,4],"datatype":"INT32","parameters":{"binary_data_size":0}}]}"#
            )
            #expect(overflow.status == 400)
        }
    }
}
