import Inference
import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization
import Testing
import TraceModel

@Suite struct GenerateStreamTests {
    private static let path = "/v2/models/counter/generate_stream"

    private static func event(_ index: Int) -> String { #"data: {"T":\#(index),"model_name":"counter","model_version":"1"}"# + "\n\n" }

    @Test func eachResponseIsAnEvent() async throws {
        try await TestServer.run(models: [.counter]) { server in
            let answer = try await server.post(Self.path, #"{"N":3}"#)
            #expect(answer.status == 200)
            #expect(answer.headers.first(name: "content-type") == "text/event-stream; charset=utf-8")
            #expect(answer.headers.first(name: "transfer-encoding") == "chunked")
            #expect(answer.text == Self.event(0) + Self.event(1) + Self.event(2))
        }
    }

    @Test func aModelThatIsNotDecoupledGivesOneEvent() async throws {
        try await TestServer.run { server in
            let answer = try await server.post("/v2/models/ident/generate_stream", #"{"X":[1,2],"id":"g"}"#)
            #expect(answer.status == 200)
            #expect(answer.text == #"data: {"Y":[1.0,2.0],"id":"g","model_name":"ident","model_version":"1"}"# + "\n\n")
        }
    }

    @Test func noResponseIsAnEmptyStream() async throws {
        try await TestServer.run(models: [.counter]) { server in
            let answer = try await server.post(Self.path, #"{"N":0}"#)
            #expect(answer.status == 200)
            #expect(answer.headers.first(name: "content-type") == "text/event-stream; charset=utf-8")
            #expect(answer.body.isEmpty)
        }
    }

    @Test func anErrorAfterTheFirstResponseIsAnEventAndTheStatusStays() async throws {
        try await TestServer.run(models: [.counter]) { server in
            let answer = try await server.post(Self.path, #"{"N":-2}"#)
            #expect(answer.status == 200)
            #expect(answer.text == Self.event(0) + Self.event(1) + #"data: {"error":"stream boom"}"# + "\n\n")
        }
    }

    @Test func anErrorAsTheFirstResponseIsTheStatus() async throws {
        try await TestServer.run { server in
            let refused = try await server.post("/v2/models/ident/generate_stream", #"{"X":[-1,0]}"#)
            #expect(refused.status == 400)
            #expect(refused.headers.first(name: "content-type") == "text/event-stream; charset=utf-8")
            #expect(refused.text == #"data: {"error":"per-request boom"}"# + "\n\n")
            #expect(try await server.post("/v2/models/ident/generate_stream", #"{"X":[-2,0]}"#).status == 500)
        }
    }

    @Test(arguments: [
        ("nope", #"{"N":1}"#, 404, "Request for unknown model: 'nope' is not found"),
        ("counter", #"{"N":"#, 500, "failed to parse the request JSON buffer: Invalid value. at 5"),
        ("counter", #"{"N":[1,2]}"#, 400, "The schema can not convert input 'N' to tensor with proper shape"),
    ])
    func whatIsWrongWithTheRequestIsNoStream(model: String, body: String, status: Int, message: String) async throws {
        try await TestServer.run(models: [.counter]) { server in
            let answer = try await server.post("/v2/models/\(model)/generate_stream", body)
            #expect(answer.status == status)
            #expect(answer.headers.first(name: "content-type") == "application/json")
            #expect(answer.error == message)
        }
    }

    @Test(arguments: [(0, 200), (1, 200), (2, 200), (1_000, 200), (-1, 400)])
    func generateWantsExactlyOneResponse(count: Int, status: Int) async throws {
        try await TestServer.run(models: [.counter]) { server in
            let answer = try await server.post("/v2/models/counter/generate", #"{"N":\#(count)}"#)
            #expect(answer.status == status)
            switch count {
            case 1: #expect(answer.text == #"{"T":0,"model_name":"counter","model_version":"1"}"#)
            case -1: #expect(answer.error == "stream boom")
            default:
                #expect(
                    answer.error
                        == "generate expects model to produce exactly 1 response, use generate stream for model that generates various number of responses"
                )
            }
        }
    }

    @Test func inferDoesNotStream() async throws {
        try await TestServer.run(models: [.counter]) { server in
            let answer = try await server.post(
                "/v2/models/counter/infer", #"{"inputs":[{"name":"N","shape":[1],"datatype":"INT32","data":[1]}]}"#)
            #expect(answer.status == 501)
            #expect(answer.error == "HTTP end point doesn't support models with decoupled transaction policy")
        }
    }

    @Test func connectionServesOnAfterAStream() async throws {
        try await TestServer.run(models: [.counter]) { server in
            let head = "POST \(Self.path) HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 7\r\n"
            let text = try await RawConnection.exchange("\(head)\r\n{\"N\":1}\(head)connection: close\r\n\r\n{\"N\":2}", port: server.port)
            #expect(text.components(of: "HTTP/1.1 200 OK") == 2)
            #expect(text.components(of: "data: ") == 3)
        }
    }

    /// Requests that a model saw, and how many of them it found cancelled.
    private final class Seen: Sendable {
        let counts = Mutex((begun: 0, ended: 0))
        func begin() { counts.withLock { $0.begun += 1 } }
        func end() { counts.withLock { $0.ended += 1 } }

        func wait(for condition: @Sendable ((begun: Int, ended: Int)) -> Bool) async throws {
            let deadline = ContinuousClock.now + .seconds(600)
            while !condition(counts.withLock { $0 }) {
                try #require(ContinuousClock.now < deadline)
                try await Task.sleep(for: .milliseconds(2))
            }
        }
    }

    private static func endless(_ seen: Seen) -> Model {
        let definition = ModelDefinition(name: "endless", inputs: [], outputs: [TensorSpecification("T", Int32.self, shape: [1])]).decoupled
        return Model(definition, executeEach: { request in
            seen.begin()
            defer { seen.end() }
            while true {
                try await request.send(["T": try Tensor([Int32(1)], shape: [1])])
                try await Task.sleep(for: .milliseconds(5))
            }
        })
    }

    /// Sends a request and closes the connection when the condition holds.
    private static func leave(_ path: String, port: Int, body: String = "{}", when condition: () async throws -> Void) async throws {
        let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton).connect(host: "127.0.0.1", port: port).get()
        let text = "POST \(path) HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: \(body.utf8.count)\r\n\r\n\(body)"
        try await channel.writeAndFlush(ByteBuffer(string: text))
        try await condition()
        try await channel.close()
    }

    @Test func aClientThatLeavesEndsTheStream() async throws {
        let seen = Seen()
        try await TestServer.run(models: [Self.endless(seen), .counter]) { server in
            try await Self.leave("/v2/models/endless/generate_stream", port: server.port) {
                try await seen.wait { $0.begun == 1 }
            }
            try await seen.wait { $0.ended == 1 }
            let spans = try await server.spans(count: 3)
            let failed = try #require(spans.first { $0.name == "InferRequest" })
            #expect(failed.attributes["error.type"] == .string("cancelled"))
            #expect(try await server.post(Self.path, #"{"N":1}"#).status == 200)
        }
    }

    @Test(arguments: ["generate", "infer"])
    func aClientThatLeavesCancelsWhatIsComputed(action: String) async throws {
        let seen = Seen()
        let definition = ModelDefinition(name: "slow", inputs: [], outputs: [TensorSpecification("T", Int32.self, shape: [1])])
        let model = Model(definition, executeEach: { _ in
            seen.begin()
            // Ends with an error when its task is cancelled.
            defer { seen.end() }
            try await Task.sleep(for: .seconds(3600))
            return NamedTensors()
        })
        try await TestServer.run(models: [model]) { server in
            let body = action == "infer" ? #"{"inputs":[]}"# : "{}"
            try await Self.leave("/v2/models/slow/\(action)", port: server.port, body: body) {
                try await seen.wait { $0.begun == 1 }
            }
            try await seen.wait { $0.ended == 1 }
        }
    }

    @Test func timesOfTheResponsesAreInTheTrace() async throws {
        try await TestServer.run(models: [.counter]) { server in
            _ = try await server.post(Self.path, #"{"N":3}"#)
            let spans = try await server.spans(count: 3)
            try expectNested(spans)
            let root = try #require(spans.first { $0.name == "InferRequest" })
            #expect(root.attributes["http.route"] == .string("/v2/models/{model}/generate_stream"))
            #expect(root.attributes["http.response.status_code"] == .int(200))
        }
    }
}

extension String {
    /// How often a text is in it.
    fileprivate func components(of text: String) -> Int { split(separator: text, omittingEmptySubsequences: false).count - 1 }
}
