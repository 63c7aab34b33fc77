import Inference
import Testing

@testable import InferenceBackends

@Suite struct WorkerReplyTests {
    private func request(_ rows: Int) -> InferenceRequest {
        InferenceRequest(id: "", modelName: "m", modelVersion: 1, inputs: NamedTensors(), batchSize: rows)
    }

    private func reply(_ header: String, body: [UInt8] = [], rows: [Int]) throws -> WorkerReply {
        let arena = try TensorArena(maximumSize: 1 << 20)
        return try WorkerReply(WorkerFrame(.done, header: Array(header.utf8), body: body), requests: rows.map(request), arena: arena)
    }

    private func outputs(_ result: InferenceResult) throws -> NamedTensors {
        switch result {
        case .success(let outputs): return outputs
        case .failure(let error): throw error
        }
    }

    @Test func aColumnIsCutIntoTheRequestsRows() throws {
        let reply = try reply(#"{"rows":[1,2],"out":[["y","UINT8",[2],0,0,6]]}"#, body: [1, 2, 3, 4, 5, 6], rows: [1, 2])
        #expect(try outputs(reply.results[0])["y"]?.storage == [1, 2])
        #expect(try outputs(reply.results[1])["y"]?.storage == [3, 4, 5, 6])
        #expect(try outputs(reply.results[1])["y"]?.shape == [2, 2])
    }

    @Test func eachRequestMayFailAlone() throws {
        let header = #"{"each":[{"out":[["y","BOOL",[1],0,0,1]]},{"err":{"type":"ValueError","message":"no","text":"told","code":"invalid_argument","stack":"Traceback"}}]}"#
        let reply = try reply(header, body: [1], rows: [1, 1])
        #expect(try outputs(reply.results[0])["y"]?.storage == [1])
        guard case .failure(let error as PythonFailure) = reply.results[1] else {
            Issue.record("the second request did not fail")
            return
        }
        #expect(error.error == InferenceError(.invalidArgument, "told"))
        #expect(error.requestFailure.exceptionType == "ValueError")
        #expect(error.requestFailure.stacktrace == "Traceback")
    }

    @Test(arguments: [
        #"{"rows":[1],"out":[["y","UINT8",[2],0,0,6]]}"#,
        #"{"rows":[1,2],"out":[["y","UINT8",[2],0,0,7]]}"#,
        #"{"rows":[1,2],"out":[["y","UINT8",[-2],0,0,6]]}"#,
        #"{"rows":[1,-2],"out":[["y","UINT8",[2],0,0,6]]}"#,
        #"{"rows":[1,9223372036854775807],"out":[["y","UINT8",[9223372036854775807],0,0,6]]}"#,
        #"{"rows":[1,2],"out":[["y","BYTES",[2],0,0,6]]}"#,
        #"{"rows":[1,2],"out":[["y","NOPE",[2],0,0,6]]}"#,
        #"{"rows":[1,2],"out":[["y","UINT8",[2],0,-1,6]]}"#,
        #"{"rows":[1,2],"out":[["y","UINT8",[2],0,9223372036854775807,6]]}"#,
        #"{"rows":[1,2],"out":[["y","UINT8",[2],1,0,6]]}"#,
        #"{"rows":[1,2],"out":[["y","UINT8",[2],5,0,6]]}"#,
        #"{"rows":[1,2],"out":[["y"]]}"#,
        #"{"each":[]}"#,
        #"[]"#,
        "",
    ])
    func whatCannotBeReadIsAnError(header: String) {
        #expect(throws: (any Error).self) { try reply(header, body: [1, 2, 3, 4, 5, 6], rows: [1, 2]) }
    }
}
