import Inference
import Synchronization
import Testing

/// Parameters that the protocol knows, and those that reach the model.
@Suite struct RequestParameterTests {
    private final class Seen: Sendable {
        let request = Mutex<InferenceRequest?>(nil)
    }

    private static func model(_ seen: Seen) -> Model {
        Model(
            ModelDefinition(name: "m", inputs: [], outputs: [TensorSpecification("O", Int32.self, shape: [1])]),
            executeEach: { request in
                seen.request.withLock { $0 = request }
                return ["O": try Tensor([Int32(1)], shape: [1])]
            }
        )
    }

    @Test(arguments: ["infer", "generate"])
    func priorityTimeoutAndSequence(action: String) async throws {
        let seen = Seen()
        try await TestServer.run(models: [Self.model(seen)]) { server in
            let parameters = #""parameters":{"priority":2,"timeout":500000000,"sequence_id":7,"sequence_start":true,"sequence_end":false,"mine":1.5}"#
            let answer = try await server.post("/v2/models/m/\(action)", action == "infer" ? "{\"inputs\":[],\(parameters)}" : "{\(parameters)}")
            #expect(answer.status == 200, "\(answer.text)")
            let request = try #require(seen.request.withLock { $0 })
            #expect(request.sequence == SequencePosition(id: .number(7), isStart: true))
            #expect(request.priority == 2)
            #expect(request.timeoutMicroseconds == 500_000_000)
            #expect(request.parameters == ["mine": .double(1.5)])
        }
    }

    @Test(arguments: [
        (#""sequence_id":"abc","sequence_end":true"#, SequencePosition(id: .text("abc"), isEnd: true)),
        (#""sequence_id":18446744073709551615"#, SequencePosition(id: .number(.max))),
        (#""sequence_id":0"#, nil), (#""sequence_id":"""#, nil),
    ] as [(String, SequencePosition?)])
    func sequenceIDs(members: String, expected: SequencePosition?) async throws {
        let seen = Seen()
        try await TestServer.run(models: [Self.model(seen)]) { server in
            _ = try await server.post("/v2/models/m/infer", #"{"inputs":[],"parameters":{\#(members)}}"#)
            let request = try #require(seen.request.withLock { $0 })
            #expect(request.sequence == expected)
        }
    }

    @Test(arguments: [
        (#""sequence_id":1.5"#, "Unable to parse 'sequence_id': attempt to access JSON non-unsigned-integer as unsigned-integer"),
        (#""sequence_id":true"#, "Unable to parse 'sequence_id': attempt to access JSON non-string as string"),
        (#""sequence_start":1"#, "Unable to parse 'sequence_start': attempt to access JSON non-boolean as boolean"),
        (#""timeout":-1"#, "Unable to parse 'timeout': attempt to access JSON non-unsigned-integer as unsigned-integer"),
        (#""priority":1.0"#, "Unable to parse 'priority': attempt to access JSON non-unsigned-integer as unsigned-integer"),
        (#""binary_data_output":1"#, "Unable to parse 'binary_data_output': attempt to access JSON non-boolean as boolean"),
    ])
    func wrongTypesAreRefused(members: String, message: String) async throws {
        try await TestServer.run(models: [Self.model(Seen())]) { server in
            let answer = try await server.post("/v2/models/m/infer", #"{"inputs":[],"parameters":{\#(members)}}"#)
            #expect(answer.status == 500)
            #expect(answer.error == message)
        }
    }
}
