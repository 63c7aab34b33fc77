import GRPCCore
import Inference
import Logging
import ServiceLifecycle
import Testing

@testable import InferenceServer

@Suite struct GRPCServerTests {
    @Test func aRequestIsAnsweredWithRawContents() async throws {
        try await GRPCTestServer.run { server in
            let answer = try await server.call("ModelInfer", RequestMessage.ident([1, 2], id: "r"))
            let contents: [UInt8] = [0x32, 8, 0, 0, 128, 63, 0, 0, 0, 64]
            #expect(Array(answer.suffix(10)) == contents)
            let head: [UInt8] = [0x0a, 5] + Array("ident".utf8) + [0x12, 1, 0x31, 0x1a, 1, 0x72]
            #expect(Array(answer.prefix(head.count)) == head)
        }
    }

    @Test func failuresHaveTheirStatus() async throws {
        try await GRPCTestServer.run { server in
            let perRequest = try await server.failure("ModelInfer", RequestMessage.ident([-1, 0]))
            #expect(perRequest?.code == .invalidArgument)
            #expect(perRequest?.message == "per-request boom")
            let whole = try await server.failure("ModelInfer", RequestMessage.ident([-2, 0]))
            #expect(whole?.code == .internalError)
            let negative = try await server.failure("ModelInfer", RequestMessage.ident([1, 2], shape: [1, UInt64(bitPattern: -2)]))
            #expect(negative?.code == .invalidArgument)
            let unknown = try await server.failure("NoSuchCall", [])
            #expect(unknown?.code == .unimplemented)
        }
    }

    @Test func brokenMessagesAreRefusedAndNamed() async throws {
        try await GRPCTestServer.run { server in
            let calls = [("ModelInfer", "ModelInferRequest"), ("ModelConfig", "ModelConfigRequest"), ("TraceSetting", "TraceSettingRequest")]
            for (method, message) in calls {
                let error = try await server.failure(method, [0x0a, 0x7f])
                #expect(error?.code == .invalidArgument)
                #expect(error?.message.hasPrefix("malformed \(message) at byte 1") == true, "\(error?.message ?? "no error")")
            }
            let streamed = try await server.stream([[0x0a, 0x7f], RequestMessage.ident([1, 2])])
            #expect(streamed.count == 2)
            #expect(String(decoding: streamed[0], as: UTF8.self).contains("malformed ModelInferRequest"))
        }
    }

    @Test func tooLargeMessagesAreRefusedAndTheConnectionStays() async throws {
        try await GRPCTestServer.run { configuration in
            configuration.maxMessageSize = 1000
        } _: { server in
            let error = try await server.failure("ModelInfer", [UInt8](repeating: 0, count: 1001))
            #expect(error?.code == .resourceExhausted)
            _ = try await server.call("ModelInfer", RequestMessage.ident([1, 2]))
        }
    }

    @Test func restrictedCallsNeedTheirHeader() async throws {
        try await GRPCTestServer.run { configuration in
            configuration.restrictedProtocols = try RestrictedAPIs(
                ["inference:Key=secret"], flag: "grpc-restricted-protocol", headerPrefix: RestrictedAPIs.gRPCHeaderPrefix)
        } _: { server in
            let error = try await server.failure("ModelInfer", RequestMessage.ident([1, 2]))
            #expect(error?.code == .unavailable)
            #expect(error?.message == "This protocol is restricted, expecting header 'triton-grpc-protocol-Key'")
            _ = try await server.call("ModelInfer", RequestMessage.ident([1, 2]), metadata: ["triton-grpc-protocol-key": "secret"])
            _ = try await server.call("ServerLive")
        }
    }

    @Test func settingsThatCannotBeUsedAreNamed() {
        var unbounded = InferenceGRPCServer.Configuration()
        unbounded.maxConcurrentStreams = 0
        #expect(throws: FrontEndSettingError("gRPC: maxConcurrentStreams must be above 0, but is 0")) { try makeServer(unbounded) }
        var malformed = InferenceGRPCServer.Configuration()
        malformed.headerForwardPattern = "("
        #expect(throws: FrontEndSettingError.self) { try makeServer(malformed) }
    }

    private func makeServer(_ configuration: InferenceGRPCServer.Configuration) throws {
        _ = try InferenceGRPCServer(configuration: configuration, core: InferenceCore(), logger: Logger(label: "test"))
    }

    @Test func anOpenStreamDoesNotKeepTheServerFromStopping() async throws {
        try await GRPCTestServer.run { server in
            try await withThrowingTaskGroup(of: Void.self) { group in
                let (answers, answered) = AsyncStream.makeStream(of: Int.self)
                group.addTask {
                    // Sends one request, and then neither another one nor the end.
                    let (gate, _) = AsyncStream.makeStream(of: Never.self)
                    await #expect(throws: RPCError.self) {
                        try await server.openStream(RequestMessage.ident([1, 2]), until: gate) { answered.yield(1) }
                    }
                }
                for await _ in answers { break }
                await server.services.triggerGracefulShutdown()
                try await group.waitForAll()
            }
        }
    }
}
