import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import ServiceLifecycle
import Synchronization
import Testing
import TraceModel

@testable import NeedletailTracing

/// The answers of backends' `GET /sampling?service=`.
@Suite("Jaeger remote sampler")
struct JaegerRemoteSamplerTests {
    @Test("Strategies are read, in both forms of their type", arguments: [
        (#"{"strategyType":"PROBABILISTIC","probabilisticSampling":{"samplingRate":0.25}}"#, JaegerSamplingStrategy.probabilistic(0.25)),
        (#"{"strategyType":0,"probabilisticSampling":{"samplingRate":1}}"#, .probabilistic(1)), (#"{"probabilisticSampling":{}}"#, .probabilistic(0)),
        (#"{"strategyType":"RATE_LIMITING","rateLimitingSampling":{"maxTracesPerSecond":5}}"#, .rateLimiting(5)),
        (#"{"strategyType":1,"rateLimitingSampling":{"maxTracesPerSecond":5},"probabilisticSampling":null}"#, .rateLimiting(5)),
        (
            #"{"strategyType":"PROBABILISTIC","probabilisticSampling":{"samplingRate":1},"operationSampling":{"defaultSamplingProbability":0.5,"defaultLowerBoundTracesPerSecond":2,"perOperationStrategies":[{"operation":"op","probabilisticSampling":{"samplingRate":0.2}}],"defaultUpperBoundTracesPerSecond":0}}"#,
            .perOperation(rates: ["op": 0.2], otherwise: 0.5, lowerBound: 2)
        ),
    ])
    func strategies(json: String, expected: JaegerSamplingStrategy) throws {
        #expect(try JaegerSamplingStrategy(json: Array(json.utf8)) == expected)
    }

    @Test("Other answers cannot be used", arguments: [
        "", "null", "[]", "{}", "<html>", #"{"strategyType":"PROBABILISTIC"}"#, #"{"probabilisticSampling":{"samplingRate":1.5}}"#, #"{"probabilisticSampling":{"samplingRate":"1"}}"#,
        #"{"strategyType":"RATE_LIMITING","rateLimitingSampling":{"maxTracesPerSecond":-1}}"#, #"{"operationSampling":{"perOperationStrategies":[{"operation":"op"}]}}"#,
    ])
    func badAnswers(json: String) {
        #expect(throws: (any Error).self) { try JaegerSamplingStrategy(json: Array(json.utf8)) }
    }

    @Test("The lower bound is kept where the ratio takes nothing")
    func lowerBound() {
        let sampler = JaegerSamplingStrategy.perOperation(rates: ["all": 1], otherwise: 0, lowerBound: 3).makeSampler()
        func results(_ name: String) -> [SamplingResult] {
            (0..<20).map { _ in sampler.sample(SamplingRequest(parent: nil, traceID: IDGenerator.traceID(), name: name, kind: .server)) }
        }
        let sampled = results("rare").filter(\.isSampled)
        #expect(sampled.count == 3)
        #expect(sampled.allSatisfy { $0.attributes == [Attribute("sampler.type", "lowerbound"), Attribute("sampler.param", 0.0)] && $0.probability == .unknown })
        #expect(results("all").allSatisfy { $0.isSampled && $0.probability == .threshold(.always) && $0.attributes.isEmpty })
    }

    @Test("OTEL_TRACES_SAMPLER makes it, with its argument", arguments: ["jaeger_remote", "parentbased_jaeger_remote"])
    func environment(name: String) throws {
        let log = LogRecorder()
        let configuration = TracingConfiguration(
            environment: [
                "OTEL_TRACES_SAMPLER": name, "OTEL_SERVICE_NAME": "shop",
                "OTEL_TRACES_SAMPLER_ARG": "endpoint=http://collector:14250,pollingIntervalMs=5000,initialSamplingRate=0.25",
            ], logger: log.logger)
        let sampler = try #require(configuration.sampler.remoteSamplers.first)
        #expect(sampler.configuration.serviceName == "shop")
        #expect(sampler.configuration.endpoint == "http://collector:14250/")
        #expect(sampler.configuration.pollingInterval == .seconds(5))
        #expect(sampler.description == "JaegerRemoteSampler{TraceIdRatioBased{0.25}}")
        #expect((configuration.sampler is ParentBasedSampler) == name.hasPrefix("parentbased"))
        #expect(log.messages(containing: "SAMPLER").isEmpty)
    }

    @Test("A bad argument is warned of and not used", arguments: ["endpoint", "endpoint=ftp://x", "pollingIntervalMs=0", "pollingIntervalMs=x", "initialSamplingRate=2", "rate=1"])
    func badArgument(text: String) throws {
        let log = LogRecorder()
        let configuration = TracingConfiguration(environment: ["OTEL_TRACES_SAMPLER": "jaeger_remote", "OTEL_TRACES_SAMPLER_ARG": text], logger: log.logger)
        let sampler = try #require(configuration.sampler.remoteSamplers.first)
        #expect(sampler.configuration.endpoint == JaegerRemoteSamplerConfiguration.defaultEndpoint)
        #expect(log.messages(containing: "OTEL_TRACES_SAMPLER_ARG").count == 1)
    }

    @Test("The strategy follows the back end; bad answers keep the last one and are warned of once")
    func polling() async throws {
        let log = LogRecorder()
        let backEnd = StrategyBackEnd()
        try await backEnd.serve { port in
            var configuration = JaegerRemoteSamplerConfiguration(serviceName: "shop & co")
            configuration.endpoint = "http://127.0.0.1:\(port)"
            let sampler = try JaegerRemoteSampler(configuration, logger: log.logger)
            #expect(sampler.description.contains("0.001"))
            backEnd.answer(#"{"strategyType":"PROBABILISTIC","probabilisticSampling":{"samplingRate":0.5}}"#)
            await sampler.update()
            #expect(sampler.description == "JaegerRemoteSampler{TraceIdRatioBased{0.5}}")
            for bad in ["{}", "broken", nil] as [String?] {
                backEnd.answer(bad)
                await sampler.update()
                #expect(sampler.description == "JaegerRemoteSampler{TraceIdRatioBased{0.5}}")
            }
            #expect(log.messages(containing: "No sampling strategy for shop & co").count == 1)
            backEnd.answer(#"{"strategyType":"RATE_LIMITING","rateLimitingSampling":{"maxTracesPerSecond":7}}"#)
            await sampler.update()
            #expect(sampler.description == "JaegerRemoteSampler{RateLimitingSampler{7.0}}")
            #expect(log.messages(containing: "received again").count == 1)
            #expect(backEnd.services.allSatisfy { $0 == "shop & co" })
            #expect(backEnd.services.count == 5)
        }
    }

    @Test("A tracing system polls for the sampler of its configuration")
    func system() async throws {
        let backEnd = StrategyBackEnd()
        backEnd.answer(#"{"strategyType":"PROBABILISTIC","probabilisticSampling":{"samplingRate":1}}"#)
        try await backEnd.serve { port in
            var remote = JaegerRemoteSamplerConfiguration(serviceName: "shop")
            remote.endpoint = "http://127.0.0.1:\(port)"
            remote.initialSamplingRate = 0
            var configuration = TracingConfiguration(resource: Resource(), logger: LogRecorder().logger)
            configuration.sampler = ParentBasedSampler(root: try JaegerRemoteSampler(remote, logger: LogRecorder().logger))
            configuration.exporters = [.custom(InMemorySpanExporter())]
            let system = try configuration.makeSystem()
            let started = await withTaskGroup(of: Bool?.self) { group in
                group.addTask {
                    try? await system.run()
                    return nil
                }
                let sampled = await eventually { system.tracer.makeContext(name: "", kind: .server, parent: nil).isSampled }
                group.cancelAll()
                return sampled
            }
            #expect(started)
        }
    }
}

/// Answers `GET /sampling` with what the test says.
private final class StrategyBackEnd: Sendable {
    private let state = Mutex<(answer: String?, services: [String])>((nil, []))

    var services: [String] { state.withLock { $0.services } }

    /// `nil` is an internal error.
    func answer(_ text: String?) { state.withLock { $0.answer = text } }

    func serve(_ body: @escaping @Sendable (_ port: Int) async throws -> Void) async throws {
        let quiet = Logger(label: "back end", factory: { _ in SwiftLogNoOpLogHandler() })
        let router = Router()
        router.get("/sampling") { request, _ in
            let answer = self.state.withLock { state in
                state.services.append(request.uri.queryParameters.get("service") ?? "")
                return state.answer
            }
            guard let answer else { return Response(status: .internalServerError) }
            return Response(status: .ok, headers: [.contentType: "application/json"], body: .init(byteBuffer: ByteBuffer(string: answer)))
        }
        let (ports, port) = AsyncStream.makeStream(of: Int.self)
        let application = Application(
            router: router, configuration: .init(address: .hostname("127.0.0.1", port: 0)), onServerRunning: { port.yield($0.localAddress?.port ?? 0) }, logger: quiet)
        try await withThrowingTaskGroup(of: Void.self) { group in
            let services = ServiceGroup(configuration: .init(services: [application], logger: quiet))
            group.addTask { try await services.run() }
            var iterator = ports.makeAsyncIterator()
            let number = await iterator.next() ?? 0
            try await body(number)
            await services.triggerGracefulShutdown()
            try await group.waitForAll()
        }
    }
}
