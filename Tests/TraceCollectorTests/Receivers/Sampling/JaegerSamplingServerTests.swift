import Foundation
import GRPCCore
import Hummingbird
import HummingbirdTesting
import Testing
import TraceStore

@testable import TraceCollector

@Suite(.timeLimit(.minutes(20)))
struct JaegerSamplingServerTests {
    private static let everything = #"{"strategyType":"PROBABILISTIC","probabilisticSampling":{"samplingRate":1}}"#

    private static func withServer(_ strategies: SamplingStrategies, _ body: @Sendable @escaping (any TestClientProtocol) async throws -> Void) async throws {
        try await JaegerSamplingServer(host: "127.0.0.1", port: 0, strategies: strategies, logger: quietLogger).makeApplication().test(.live, body)
    }

    @Test func everyPathAnswersAndTheRootInTheOldForm() async throws {
        try await Self.withServer(.everything) { client in
            for path in ["/sampling?service=a", "/api/sampling?service=a%20b", "/else/where?x=1&service=a"] {
                let response = try await client.execute(uri: path, method: .get)
                #expect(response.status == .ok)
                #expect(response.headers[.contentType] == "application/json")
                #expect(response.text == Self.everything)
            }
            let legacy = try await client.execute(uri: "/?service=a", method: .get)
            #expect(legacy.text == #"{"strategyType":0,"probabilisticSampling":{"samplingRate":1}}"#)
            #expect(try await client.execute(uri: "/baggageRestrictions?service=a", method: .get).text == "[]")
            #expect(try await client.execute(uri: "/sampling?service=a", method: .post).status == .methodNotAllowed)
        }
    }

    @Test(arguments: ["/sampling", "/", "/sampling?service=a&service=b", "/sampling?services=a", "/baggageRestrictions"])
    func theServiceMustBeNamedOnce(path: String) async throws {
        try await Self.withServer(.everything) { client in
            let response = try await client.execute(uri: path, method: .get)
            #expect(response.status == .badRequest)
            #expect(response.text == "'service' parameter must be provided once\n")
        }
    }

    @Test func theCollectorsPortAnswersToo() async throws {
        try await withHTTPReceiver(store: InMemoryTraceStore()) { ingest in
            JaegerHTTPReceiver(host: "127.0.0.1", port: 0, ingest: ingest, logger: quietLogger).server
        } _: { (receiver) async throws in
            #expect(try await receiver.client.execute(uri: "/api/sampling?service=a", method: .get).text == Self.everything)
            #expect(try await receiver.client.execute(uri: "/api/baggageRestrictions?service=a", method: .get).text == "[]")
            #expect(try await receiver.client.execute(uri: "/api/sampling", method: .get).status == .badRequest)
            #expect(try await receiver.client.execute(uri: "/api/sampling?service=a", method: .post).status == .notFound)
        }
    }

    @Test func theCollectorsPortForGRPCAnswersToo() async throws {
        try await withGRPCReceiver(service: "jaeger.api_v2.SamplingManager", store: InMemoryTraceStore()) { ingest, listening in
            JaegerGRPCReceiver(host: "127.0.0.1", port: 0, ingest: ingest, logger: quietLogger) { listening($0) }
        } _: { (client, _) async throws in
            let answer = try await client.call("GetSamplingStrategy", [0x0a, 1, 0x61])
            #expect(answer == SamplingStrategyTable().strategy(for: "a").protobuf)
            await #expect(throws: RPCError.self) { try await client.call("GetSamplingStrategy", [0x0a, 9]) }
        }
    }

    @Test func aChangedFileIsReadAgainAndABrokenOneIsNot() async throws {
        let path = FileManager.default.temporaryDirectory.appending(path: "strategies-\(UUID().uuidString).json").path
        func write(_ text: String) throws { try Data(text.utf8).write(to: URL(filePath: path), options: .atomic) }
        defer { try? FileManager.default.removeItem(atPath: path) }
        try write(SamplingStrategyTableTests.example)
        let recorder = LogRecorder()
        let strategies = try SamplingStrategies(path: path, logger: recorder.logger)
        #expect(strategies.strategy(for: "plain").kind == .probabilistic(0.25))
        try write(#"{"default_strategy":{"type":"probabilistic","param":0.125}}"#)
        try await eventually("the change is read") { strategies.strategy(for: "plain").kind == .probabilistic(0.125) }
        try write("{")
        try await eventually("the mistake is told") {
            _ = strategies.strategy(for: "plain")
            return !recorder.lines(containing: "sampling strategies were changed").isEmpty
        }
        #expect(strategies.strategy(for: "plain").kind == .probabilistic(0.125))
        #expect(throws: SamplingStrategyError.self) { try SamplingStrategies(path: path + ".none") }
    }
}
