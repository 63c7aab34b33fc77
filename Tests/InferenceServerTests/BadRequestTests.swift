import Inference
import NIOHTTP1
import NeedletailTracing
import Testing
import TraceModel

/// Triton's answers to wrong requests, word for word.
@Suite struct BadRequestTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var name: String
        var path = "/v2/models/ident/infer"
        var body: String
        var headers: [(String, String)] = []
        var status: Int
        var message: String
        /// What Triton says of errors that it finds before it has understood the request, and of a model's.
        var contentType = "application/json"

        var testDescription: String { name }
    }

    private static let x = #"{"name":"X","shape":[1,2],"datatype":"FP32","data":[1,2]}"#
    private static let note = """
        NOTE: Setting a non-zero max_batch_size in the model config requires a batch dimension to be prepended to each input shape. \
        If you want to specify the full shape including the batch dim in your input dims config, try setting max_batch_size to zero. \
        See the model configuration docs for more info on max_batch_size.
        """
    private static let missing = """
        [request id: <id_unknown>] expected number of inputs between 1 and 2 but got 0 inputs for model 'ident'. \
        Got input(s) [], but missing required input(s) ['X']. Please provide all required input(s).
        """
    private static let schema = "The schema can not convert input 'X' to tensor with proper shape"

    private static func input(_ members: String) -> String { #"{"inputs":[{"# + members + "}]}" }

    static let cases: [Case] = [
        Case(name: "unknown model", path: "/v2/models/nope/infer", body: "{}", status: 404, message: "Request for unknown model: 'nope' is not found", contentType: "text/plain"),
        Case(
            name: "unknown version", path: "/v2/models/ident/versions/7/infer", body: "{}", status: 404,
            message: "Request for unknown model: 'ident' version 7 is not found", contentType: "text/plain"),
        Case(
            name: "malformed json", body: #"{"inputs": ["#, status: 500,
            message: "failed to parse the request JSON buffer: Invalid value. at 12"),
        Case(
            name: "empty body", body: "", status: 400,
            message: "[request id: <id_unknown>] Raw request must only have 1 input (found 1) to be deduced but got 2 inputs in 'ident' model configuration"),
        Case(name: "not an object", body: "[1]", status: 500, message: "Unable to parse 'inputs': attempt to access non-existing object member 'inputs'"),
        Case(name: "no inputs", body: "{}", status: 500, message: "Unable to parse 'inputs': attempt to access non-existing object member 'inputs'"),
        Case(name: "inputs not an array", body: #"{"inputs":{}}"#, status: 500, message: "Unable to parse 'inputs': attempt to access JSON non-array as array"),
        Case(
            name: "no name", body: input(#""shape":[1,2],"datatype":"FP32","data":[1,2]"#), status: 500,
            message: "Unable to parse 'name': attempt to access non-existing object member 'name'"),
        Case(
            name: "no datatype", body: input(#""name":"X","shape":[1,2],"data":[1,2]"#), status: 500,
            message: "Unable to parse 'datatype': attempt to access non-existing object member 'datatype'"),
        Case(
            name: "no shape", body: input(#""name":"X","datatype":"FP32","data":[1,2]"#), status: 500,
            message: "Unable to parse 'shape': attempt to access non-existing object member 'shape'"),
        Case(
            name: "no data", body: input(#""name":"X","shape":[1,2],"datatype":"FP32""#), status: 400,
            message:
                "Input must set only one of the following fields: 'data', 'binary_data_size' in 'parameters', 'shared_memory_region' in 'parameters'. But no field is set"
        ),
        Case(name: "missing input", body: #"{"inputs":[]}"#, status: 400, message: missing),
        Case(
            name: "missing input with an id", body: #"{"inputs":[],"id":"r7"}"#, status: 400,
            message: missing.replacing("<id_unknown>", with: "r7")),
        Case(
            name: "unexpected input", body: #"{"inputs":[\#(x),{"name":"Q","shape":[1,2],"datatype":"FP32","data":[1,2]}]}"#, status: 400,
            message: "unexpected inference input 'Q' for model 'ident'"),
        Case(name: "duplicate input", body: #"{"inputs":[\#(x),\#(x)]}"#, status: 400, message: "[request id: <id_unknown>] input 'X' already exists in request"),
        Case(
            name: "wrong dtype", body: input(#""name":"X","shape":[1,2],"datatype":"INT32","data":[1,2]"#), status: 400,
            message: "[request id: <id_unknown>] inference input 'X' data-type is 'INT32', but model 'ident' expects 'FP32'"),
        Case(
            name: "unknown dtype", body: input(#""name":"X","shape":[1,2],"datatype":"FOO","data":[1,2]"#), status: 400,
            message: "invalid datatype for input X"),
        Case(
            name: "wrong shape", body: input(#""name":"X","shape":[1,3],"datatype":"FP32","data":[1,2,3]"#), status: 400,
            message: "[request id: <id_unknown>] unexpected shape for input 'X' for model 'ident'. Expected [-1,2], got [1,3]. \(note)"),
        Case(
            name: "wrong rank", body: input(#""name":"X","shape":[2],"datatype":"FP32","data":[1,2]"#), status: 400,
            message: "[request id: <id_unknown>] unexpected shape for input 'X' for model 'ident'. Expected [-1,2], got [2]. \(note)"),
        Case(
            name: "wrong rank without batching", path: "/v2/models/single/infer",
            body: input(#""name":"IN","shape":[1,2],"datatype":"INT32","data":[1,2]"#), status: 400,
            message: "[request id: <id_unknown>] unexpected shape for input 'IN' for model 'single'. Expected [-1], got [1,2]."),
        Case(
            name: "negative shape", body: input(#""name":"X","shape":[-1,2],"datatype":"FP32","data":[1,2]"#), status: 500,
            message: "Unable to parse 'shape': attempt to access JSON non-unsigned-integer as unsigned-integer"),
        Case(
            name: "shape of text", body: input(#""name":"X","shape":["1","2"],"datatype":"FP32","data":[1,2]"#), status: 500,
            message: "Unable to parse 'shape': attempt to access JSON non-unsigned-integer as unsigned-integer"),
        Case(
            name: "empty batch", body: input(#""name":"X","shape":[0,2],"datatype":"FP32","data":[]"#), status: 400,
            message: "[request id: <id_unknown>] input byte size mismatch for input 'X' for model 'ident'. Expected 8, got 0"),
        Case(
            name: "batch too big",
            body: input(#""name":"X","shape":[9,2],"datatype":"FP32","data":[0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0]"#), status: 400,
            message: "[request id: <id_unknown>] inference request batch-size must be <= 8 for 'ident'"),
        Case(
            name: "too few data", body: input(#""name":"X","shape":[1,2],"datatype":"FP32","data":[1]"#), status: 500,
            message: "Unable to parse 'data': Shape does not match true shape of 'data' field"),
        Case(
            name: "too many data", body: input(#""name":"X","shape":[1,2],"datatype":"FP32","data":[1,2,3]"#), status: 500,
            message: "Unable to parse 'data': Shape does not match true shape of 'data' field"),
        Case(
            name: "text in float data", body: input(#""name":"X","shape":[1,2],"datatype":"FP32","data":["a","b"]"#), status: 500,
            message: "Unable to parse 'data': attempt to access JSON non-number as double"),
        Case(
            name: "text in float data before its type", body: input(#""data":["a","b"],"name":"X","shape":[1,2],"datatype":"FP32""#), status: 500,
            message: "Unable to parse 'data': attempt to access JSON non-number as double"),
        Case(
            name: "unknown output", body: #"{"inputs":[\#(x)],"outputs":[{"name":"ZZ"}]}"#, status: 400,
            message: "unexpected inference output 'ZZ' for model 'ident'"),
        Case(
            name: "reserved parameter", body: #"{"inputs":[\#(x)],"parameters":{"triton_x":1}}"#, status: 400,
            message: "parameter keys starting with 'triton_' are reserved for Triton usage and should not be specified."),
        Case(
            name: "parameter type", body: #"{"inputs":[\#(x)],"parameters":{"a":[1]}}"#, status: 400,
            message: "parameter 'a' has invalid type. It should be either 'int', 'bool', or 'string'."),
        Case(name: "id not a text", body: #"{"id":5,"inputs":[\#(x)]}"#, status: 500, message: "Unable to parse 'id': attempt to access JSON non-string as string"),
        Case(
            name: "shape with a fraction", body: input(#""name":"X","shape":[1.0,2],"datatype":"FP32","data":[1,2]"#), status: 500,
            message: "Unable to parse 'shape': attempt to access JSON non-unsigned-integer as unsigned-integer"),
        Case(
            name: "data and binary data", body: input(#""name":"X","shape":[1,2],"datatype":"FP32","data":[1,2],"parameters":{"binary_data_size":8}"#), status: 400,
            message:
                "Input must set only one of the following fields: 'data', 'binary_data_size' in 'parameters', 'shared_memory_region' in 'parameters'. But set 'data' 'binary_data_size'"
        ),
        Case(
            name: "bad priority", body: #"{"inputs":[\#(x)],"parameters":{"priority":"x"}}"#, status: 500,
            message: "Unable to parse 'priority': attempt to access JSON non-unsigned-integer as unsigned-integer"),
        Case(
            name: "header length too long", body: "12345", headers: [("Inference-Header-Content-Length", "99999")], status: 400,
            message: "inference header size should be in range (0, 5), got: 99999", contentType: "text/plain"),
        Case(
            name: "binary too short", body: input(#""name":"X","shape":[1,2],"datatype":"FP32","parameters":{"binary_data_size":8}"#) + "1234",
            headers: [("Inference-Header-Content-Length", "\(input(#""name":"X","shape":[1,2],"datatype":"FP32","parameters":{"binary_data_size":8}"#).utf8.count)")],
            status: 400, message: "unexpected size for input 'X', expecting 4 additional bytes for model 'ident'"),
        Case(
            name: "byte size", body: input(#""name":"X","shape":[1,2],"datatype":"FP32","parameters":{"binary_data_size":12}"#) + "123456789012",
            headers: [("Inference-Header-Content-Length", "\(input(#""name":"X","shape":[1,2],"datatype":"FP32","parameters":{"binary_data_size":12}"#).utf8.count)")],
            status: 400, message: "[request id: <id_unknown>] input byte size mismatch for input 'X' for model 'ident'. Expected 8, got 12"),
        Case(
            name: "raw request to two inputs", body: "12345678", headers: [("Inference-Header-Content-Length", "0")], status: 400,
            message: "[request id: <id_unknown>] Raw request must only have 1 input (found 1) to be deduced but got 2 inputs in 'ident' model configuration"),
        Case(
            name: "unknown compression", body: "xx", headers: [("Content-Encoding", "br")], status: 501, message: "Unsupported compression type", contentType: "text/plain"),
        Case(
            name: "model error for one request", body: input(#""name":"X","shape":[1,2],"datatype":"FP32","data":[-1,0]"#), status: 400,
            message: "per-request boom", contentType: "text/plain"),
        Case(
            name: "model error for the list", body: input(#""name":"X","shape":[1,2],"datatype":"FP32","data":[-2,0]"#), status: 500,
            message: "Failed to process the request(s) for model 'ident', message: Boom: execute boom", contentType: "text/plain"),
        Case(name: "generate: unknown model", path: "/v2/models/nope/generate", body: "{}", status: 404, message: "Request for unknown model: 'nope' is not found"),
        Case(
            name: "generate: malformed", path: "/v2/models/ident/generate", body: #"{"X":"#, status: 500,
            message: "failed to parse the request JSON buffer: Invalid value. at 5"),
        Case(name: "generate: missing input", path: "/v2/models/ident/generate", body: "{}", status: 400, message: missing),
        Case(name: "generate: wrong count", path: "/v2/models/ident/generate", body: #"{"X":[1,2,3]}"#, status: 400, message: schema),
        Case(name: "generate: nested", path: "/v2/models/ident/generate", body: #"{"X":[[1,2]]}"#, status: 400, message: schema),
        Case(name: "generate: null", path: "/v2/models/ident/generate", body: #"{"X":null}"#, status: 400, message: schema),
        Case(
            name: "generate: text for float", path: "/v2/models/ident/generate", body: #"{"X":["a","b"]}"#, status: 500,
            message: "Unable to parse 'data': attempt to access JSON non-number as double"),
        Case(
            name: "generate: parameter type", path: "/v2/models/ident/generate", body: #"{"X":[1,2],"foo":{"k":3}}"#, status: 400,
            message: "parameter 'foo' has invalid type. It should be either 'int', 'bool', or 'string'."),
        Case(
            name: "generate: encoding", path: "/v2/models/ident/generate", body: "xx", headers: [("Content-Encoding", "gzip")], status: 400,
            message: "Unsupported content-encoding, only 'identity' is supported."),
        Case(
            name: "generate: model error for one request", path: "/v2/models/ident/generate", body: #"{"X":[-1,0]}"#, status: 400,
            message: "per-request boom"),
        Case(
            name: "generate: model error for the list (defect 15)", path: "/v2/models/ident/generate", body: #"{"X":[-2,0]}"#, status: 500,
            message: "Failed to process the request(s) for model 'ident', message: Boom: execute boom"),
        Case(
            name: "passthrough error", path: "/v2/models/passthrough/generate", body: #"{"sleep":0.0,"error":true}"#, status: 500,
            message: "Requested Error"),
    ]

    /// Code and message of each, and one complete `InferRequest` with an error for each: nothing leaks.
    @Test func everyBadRequestIsAnsweredAndTraced() async throws {
        try await TestServer.run { server in
            for (index, item) in Self.cases.enumerated() {
                let answer = try await server.post(item.path, item.body, headers: item.headers)
                #expect(answer.status == item.status, "\(item.name)")
                #expect(answer.error == item.message, "\(item.name)")
                #expect(answer.headers.first(name: "content-type") == item.contentType, "\(item.name)")
                let deadline = ContinuousClock.now + .seconds(600)
                while server.spans.spans.count(where: { $0.name == "InferRequest" }) <= index, ContinuousClock.now < deadline {
                    try await Task.sleep(for: .milliseconds(1))
                }
                let root = try #require(server.spans.spans.last { $0.name == "InferRequest" }, "\(item.name)")
                #expect(root.status == .error(item.message), "\(item.name)")
                #expect(root.events.contains { $0.name == "exception" && $0.attributes["exception.message"] == .string(item.message) }, "\(item.name)")
                #expect(root.attributes["http.response.status_code"] == .int(Int64(item.status)), "\(item.name)")
                try expectOrdered(root)
            }
            #expect(server.spans.spans.count { $0.name == "InferRequest" } == Self.cases.count)
            // The server is as well as before.
            #expect(try await server.post("/v2/models/ident/generate", #"{"X":[1,2]}"#).status == 200)
        }
    }

    @Test func bodyBeyondTheLimitIsRefusedAndNamed() async throws {
        try await TestServer.run(maxBodySize: 100) { server in
            let large = try await server.post("/v2/models/ident/infer", String(repeating: " ", count: 101))
            #expect(large.status == 413)
            #expect(large.error == "the request body is larger than the limit of 100 bytes (maxBodySize)")
            #expect(try await server.post("/v2/models/ident/generate", #"{"X":[1,2]}"#).status == 200)
        }
    }

    @Test func compressedBodyBeyondTheLimitIsRefused() async throws {
        let body = Array(#"{"inputs":[\#(Self.x)]}"#.utf8) + [UInt8](repeating: UInt8(ascii: " "), count: 100_000)
        try await TestServer.run(maxBodySize: 10_000) { server in
            let answer = try await server.send(.POST, "/v2/models/ident/infer", body: gzip(body), headers: [("content-encoding", "gzip")])
            #expect(answer.status == 413)
        }
    }
}
