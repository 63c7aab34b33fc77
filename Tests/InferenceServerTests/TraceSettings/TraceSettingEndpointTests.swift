import Inference
import NIOHTTP1
import Testing

/// `GET` and `POST /v2/trace/setting` and their kin of a model: Triton's trace extension.
@Suite struct TraceSettingEndpointTests {
    private static let settings: TraceSettings = {
        var settings = TraceSettings(level: .timestamps, rate: 1, url: "http://localhost:14318/v1/traces", bspScheduleDelay: 500)
        settings.resource = [.init(key: "service.name", value: "goldsvc"), .init(key: "test.key", value: "test.value")]
        return settings
    }()

    private static func answer(level: String = #""TIMESTAMPS""#, rate: Int = 1, count: Int = -1) -> String {
        #"{"trace_level":[\#(level)],"trace_rate":"\#(rate)","trace_count":"\#(count)","trace_mode":"opentelemetry","#
            + #""url":"http://localhost:14318/v1/traces","resource":["service.name=goldsvc","test.key=test.value"],"#
            + #""bsp_schedule_delay":"500","bsp_max_export_batch_size":"512","bsp_max_queue_size":"2048"}"#
    }

    private func run(_ settings: TraceSettings = Self.settings, _ body: @Sendable (TestServer) async throws -> Void) async throws {
        try await TestServer.run(settings: settings, body)
    }

    @Test("defect 18: the answer is Triton's, but no key comes twice")
    func reads() async throws {
        try await run { (server: TestServer) async throws in
            for path in ["/v2/trace/setting", "/v2/models/ident/trace/setting"] {
                let answer = try await server.get(path)
                #expect(answer.status == 200)
                #expect(answer.headers.first(name: "content-type") == "application/json")
                #expect(answer.text == Self.answer())
            }
            let unknown = try await server.get("/v2/models/nope/trace/setting")
            #expect(unknown.status == 400)
            #expect(unknown.error == "Request for unknown model : nope")
            #expect(try await server.get("/v2/models/ident/versions/1/trace/setting").status == 404)
            let put = try await server.send(.PUT, "/v2/trace/setting", body: Array("{}".utf8))
            #expect(put.status == 405)
            #expect(put.error == "Method Not Allowed")
        }
    }

    @Test("Mode triton has its own members")
    func readsModeTriton() async throws {
        try await run(TraceSettings(level: .timestamps, rate: 2, count: 2, mode: .triton, file: "/tmp/needletail-cnt.json")) { (server: TestServer) async throws in
            #expect(
                try await server.get("/v2/trace/setting").text
                    == #"{"trace_level":["TIMESTAMPS"],"trace_rate":"2","trace_count":"2","log_frequency":"0","trace_file":"/tmp/needletail-cnt.json","trace_mode":"triton"}"#
            )
        }
    }

    /// Golden: a model's conversation, each request on top of those before.
    @Test func aModelsConversation() async throws {
        try await run { (server: TestServer) async throws in
            func post(_ body: String, to path: String = "/v2/models/ident/trace/setting") async throws -> String {
                try await server.post(path, body).text
            }
            for body in ["{}", "[]", #"{"foo":"bar"}"#, #"{"trace_mode":"triton"}"#, #"{"trace_level":["FOO"]}"#, #"{"trace_level":[]}"#, #"{"trace_level":["timestamps"]}"#] {
                #expect(try await post(body) == Self.answer(), "\(body)")
            }
            #expect(try await post(#"{"trace_rate":"7"}"#) == Self.answer(rate: 7))
            #expect(try await server.get("/v2/trace/setting").text == Self.answer())
            #expect(try await post(#"{"trace_count":"5","log_frequency":"10"}"#) == Self.answer(rate: 7, count: 5))
            #expect(try await post(#"{"trace_level":["TIMESTAMPS","TENSORS"]}"#) == Self.answer(level: #""TIMESTAMPS","TENSORS""#, rate: 7, count: 5))
            #expect(try await post(#"{"trace_level":["OFF"]}"#) == Self.answer(level: #""OFF""#, rate: 7, count: 5))
            #expect(try await post(#"{"trace_level":[]}"#) == Self.answer(level: #""OFF""#, rate: 7, count: 5))
            let clear = #"{"trace_level":null,"trace_rate":null,"trace_count":null,"log_frequency":null}"#
            #expect(try await post(clear) == Self.answer())
            #expect(try await post(#"{"trace_rate":"3"}"#, to: "/v2/trace/setting") == Self.answer(rate: 3))
            #expect(try await server.get("/v2/models/ident/trace/setting").text == Self.answer(rate: 3))
        }
    }

    /// Body, status, and Triton's words.
    static let wrong: [(String, Int, String)] = [
        ("", 500, "failed to parse the request JSON buffer: The document is empty. at 0"),
        (#"{"a":"#, 500, "failed to parse the request JSON buffer: Invalid value. at 5"),
        (#"{"trace_rate":7}"#, 500, "attempt to access JSON non-string as string"),
        (#"{"trace_count":5}"#, 500, "attempt to access JSON non-string as string"),
        (#"{"trace_level":[1]}"#, 500, "attempt to access JSON non-string as string"),
        (#"{"trace_level":"TIMESTAMPS"}"#, 500, "attempt to access JSON non-array as array"),
        (#"{"trace_rate":"abc"}"#, 400, "Unable to parse 'trace_rate', got: abc"),
        (#"{"trace_rate":""}"#, 400, "Unable to parse 'trace_rate', got: "),
        (#"{"trace_count":"x"}"#, 400, "Unable to parse 'trace_count', got: x"),
        (#"{"log_frequency":"x"}"#, 400, "Unable to parse 'log_frequency', got: x"),
        (#"{"trace_rate":"99999999999"}"#, 400, "Unable to parse 'trace_rate', value is out of range [ 0, 4294967295 ], got: 99999999999"),
        (#"{"trace_count":"99999999999"}"#, 400, "Unable to parse 'trace_count', value is out of range [ -1, 2147483647 ], got: 99999999999"),
        (#"{"log_frequency":"99999999999"}"#, 400, "Unable to parse 'log_frequency', value is out of range [ 0, 4294967295 ], got: 99999999999"),
        (#"{"trace_rate":"0"}"#, 400, "Attempting to set invalid trace setting :sample rate must be non-zero"),
        (#"{"trace_count":"-2"}"#, 400, "Unable to parse 'trace_count'. Expecting value >= -1, got:-2"),
        (#"{"trace_level":["OFF","TIMESTAMPS"]}"#, 400, "Expect only one trace level 'OFF' is specified"),
        (#"{"trace_file":"/srv/x"}"#, 501, "trace file location can not be updated through network protocol"),
        (#"{"trace_file":null}"#, 501, "trace file location can not be updated through network protocol"),
    ]

    @Test("Wrong bodies are answered in Triton's words, and change nothing", arguments: wrong.indices)
    func refuses(index: Int) async throws {
        let (body, status, message) = Self.wrong[index]
        try await run { (server: TestServer) async throws in
            for path in ["/v2/trace/setting", "/v2/models/ident/trace/setting"] {
                let answer = try await server.post(path, body)
                #expect(answer.status == status)
                #expect(answer.error == message)
                #expect(try await server.get(path).text == Self.answer())
            }
        }
    }

    @Test func aModelIsTracedByItsOwnSettings() async throws {
        try await run { (server: TestServer) async throws in
            _ = try await server.post("/v2/models/ident/trace/setting", #"{"trace_level":["OFF"]}"#)
            _ = try await server.post("/v2/models/ident/generate", #"{"X":[1,2]}"#)
            _ = try await server.post("/v2/models/single/generate", #"{"IN":1}"#)
            let spans = try await server.spans(count: 3)
            #expect(spans.map(\.name) == ["compute", "single", "InferRequest"])
        }
    }
}
