import Inference
import JSONCoding
import Testing
import TraceModel

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// What is wrong in the original's HTTP front end, by the numbers of the reference's list, and right here; more are in
/// `TritonDefectTests`, `TracingTests` (1, 2, 4, 5, 6, 9, 10, 12) and `TraceSettingEndpointTests` (18).
@Suite struct TritonDefectHTTPTests {
    /// The names that stand in the trace file after these requests, by trace.
    private func traces(level: TraceSettings.Level = .timestamps, _ body: @escaping @Sendable (TestServer) async throws -> Void) async throws -> [[String]] {
        let path = FileManager.default.temporaryDirectory.appending(path: "trace-\(UInt64.random(in: 0 ... .max)).json").path
        defer { try? FileManager.default.removeItem(atPath: path) }
        try await TestServer.run(settings: TraceSettings(level: level, rate: 1, mode: .triton, file: path)) { try await body($0) }
        let data = try #require(FileManager.default.contents(atPath: path))
        var traces: [Int64: [String]] = [:]
        var last: [Int64: Int64] = [:]
        for object in try #require(try JSONValue.parse(Array(data)).arrayValue) {
            let id = try #require(object["id"]?.intValue)
            if let time = object["timestamps"]?.arrayValue?.first {
                let moment = try #require(time["ns"]?.intValue)
                #expect(moment > 0)
                last[id] = max(last[id] ?? 0, moment)
                traces[id, default: []].append(time["name"]?.stringValue ?? "?")
            } else if let tensor = object["tensor"] {
                traces[id, default: []].append("\(object["activity"]?.stringValue ?? "?") \(tensor["data"]?.stringValue ?? "?")")
            } else {
                traces[id, default: []].append("model \(object["model_name"]?.stringValue ?? "?") \(object["request_id"]?.stringValue ?? "")")
            }
        }
        return traces.sorted { $0.key < $1.key }.map(\.value)
    }

    @Test("defect 1: the trace file has true send times for every kind of request, in the captured order")
    func sendTimes() async throws {
        let traces = try await traces(level: [.timestamps, .tensors]) { server in
            _ = try await server.post(
                "/v2/models/ident/infer", #"{"id":"req-42","inputs":[{"name":"X","shape":[1,2],"datatype":"FP32","data":[1,2]}]}"#)
            _ = try await server.post("/v2/models/ident/generate", #"{"X":[3,4]}"#)
        }
        func expected(_ model: String, _ data: String) -> [String] {
            [
                "HTTP_RECV_START", "HTTP_RECV_END", model, "REQUEST_START", "QUEUE_START", "TENSOR_QUEUE_INPUT \(data)",
                "TENSOR_BACKEND_OUTPUT \(data)", "INFER_RESPONSE_COMPLETE", "COMPUTE_START", "COMPUTE_INPUT_END", "COMPUTE_OUTPUT_START",
                "COMPUTE_END", "REQUEST_END", "HTTP_SEND_START", "HTTP_SEND_END",
            ]
        }
        #expect(traces == [expected("model ident req-42", "1,2"), expected("model ident ", "3,4")])
    }

    @Test("defect 4: requests that fail on any path leave their trace, and the file is written")
    func failuresLeaveTheFile() async throws {
        let traces = try await traces { server in
            _ = try await server.post("/v2/models/ident/infer", #"{"inputs":[]}"#)
            _ = try await server.post("/v2/models/ident/infer", "{")
            _ = try await server.post("/v2/models/nope/generate", "{}")
            _ = try await server.post("/v2/models/ident/generate", #"{"X":[1,2]}"#, headers: [("content-encoding", "gzip")])
            _ = try await server.post("/v2/models/ident/generate", #"{"X":[-1,2]}"#)
            _ = try await server.post("/v2/models/ident/generate", #"{"X":[1,2]}"#)
        }
        #expect(traces.count == 6)
        #expect(traces.allSatisfy { $0.first == "HTTP_RECV_START" && $0.last == "HTTP_SEND_END" })
        #expect(traces.count { $0.contains("model ident ") } == 2)
    }

    @Test("defect 15: generate answers a model's failure with the same status as infer")
    func generateFailures() async throws {
        try await TestServer.run { (server: TestServer) async throws in
            for (value, status) in [(-1, 400), (-2, 500)] {
                let generated = try await server.post("/v2/models/ident/generate", #"{"X":[\#(value),0]}"#)
                let inferred = try await server.post(
                    "/v2/models/ident/infer", #"{"inputs":[{"name":"X","shape":[1,2],"datatype":"FP32","data":[\#(value),0]}]}"#)
                #expect(generated.status == status)
                #expect(inferred.status == status)
                #expect(generated.error == inferred.error)
            }
        }
    }
}
