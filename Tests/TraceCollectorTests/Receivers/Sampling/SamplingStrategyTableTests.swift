import Testing

@testable import TraceCollector

@Suite struct SamplingStrategyTableTests {
    private static func table(_ text: String) throws -> SamplingStrategyTable { try SamplingStrategyTable(json: Array(text.utf8)) }

    private static func text(_ strategy: SamplingStrategy, isLegacy: Bool = false) -> String { String(decoding: strategy.json(isLegacy: isLegacy), as: UTF8.self) }

    @Test func withoutAFileEverythingIsSampled() {
        let strategy = SamplingStrategyTable().strategy(for: "any")
        #expect(Self.text(strategy) == #"{"strategyType":"PROBABILISTIC","probabilisticSampling":{"samplingRate":1}}"#)
        #expect(Self.text(strategy, isLegacy: true) == #"{"strategyType":0,"probabilisticSampling":{"samplingRate":1}}"#)
        #expect(strategy.protobuf == [0x12, 9, 0x09, 0, 0, 0, 0, 0, 0, 0xf0, 0x3f])
    }

    static let example = #"""
        {"default_strategy":{"type":"probabilistic","param":0.5,"operation_strategies":[{"operation":"/health","type":"probabilistic","param":0}]},
        "service_strategies":[{"service":"limited","type":"ratelimiting","param":5},
        {"service":"foo","type":"probabilistic","param":0.001,"operation_strategies":[{"operation":"op","type":"probabilistic","param":0.2},
        {"operation":"/health","type":"probabilistic","param":1}]},{"service":"plain","type":"probabilistic","param":0.25}]}
        """#

    @Test func strategiesOfServicesAndOperations() throws {
        let table = try Self.table(Self.example)
        func answer(_ service: String) -> String { Self.text(table.strategy(for: service)) }
        #expect(
            answer("unknown")
                == #"{"strategyType":"PROBABILISTIC","probabilisticSampling":{"samplingRate":0.5},"operationSampling":{"defaultSamplingProbability":0.5,"#
                + #""defaultLowerBoundTracesPerSecond":0,"perOperationStrategies":[{"operation":"/health","probabilisticSampling":{"samplingRate":0}}],"#
                + #""defaultUpperBoundTracesPerSecond":0}}"#)
        // The default's operations hold for a service; its own come first, and count.
        #expect(
            answer("foo")
                == #"{"strategyType":"PROBABILISTIC","probabilisticSampling":{"samplingRate":0.001},"operationSampling":{"defaultSamplingProbability":0.001,"#
                + #""defaultLowerBoundTracesPerSecond":0,"perOperationStrategies":[{"operation":"op","probabilisticSampling":{"samplingRate":0.2}},"#
                + #"{"operation":"/health","probabilisticSampling":{"samplingRate":1}}],"defaultUpperBoundTracesPerSecond":0}}"#)
        #expect(answer("limited").hasPrefix(#"{"strategyType":"RATE_LIMITING","rateLimitingSampling":{"maxTracesPerSecond":5},"operationSampling":{"#))
        #expect(table.strategy(for: "plain").operations?.defaultRate == 0.25)
        let limited = table.strategy(for: "limited")
        #expect(Self.text(limited, isLegacy: true).hasPrefix(#"{"strategyType":1,"rateLimitingSampling":{"maxTracesPerSecond":5}"#))
        #expect(limited.protobuf.starts(with: [0x08, 1, 0x1a, 2, 0x08, 5, 0x22]))
    }

    @Test(arguments: [
        ("[", "invalid JSON at byte 1"), ("[]", "the file: expected a JSON object"), (#"{"defaults":{}}"#, "'defaults' is not known"),
        (#"{"default_strategy":{"type":"often","param":1}}"#, "default_strategy.type: expected 'probabilistic' or 'ratelimiting', received 'often'"),
        (#"{"default_strategy":{"type":"probabilistic","param":2}}"#, "default_strategy.param: expected a share from 0 to 1, received 2"),
        (#"{"default_strategy":{"type":"probabilistic","param":"1"}}"#, "default_strategy.param: expected a number"),
        (#"{"service_strategies":[{"type":"probabilistic","param":1}]}"#, "service_strategies[0].service: expected the name of a service"),
        (#"{"service_strategies":[{"service":"a","type":"ratelimiting","param":-1}]}"#, "service_strategies[0] (a).param: expected traces a second"),
        (
            #"{"service_strategies":[{"service":"a","type":"ratelimiting","param":1,"operation_strategies":[{"operation":"o","type":"ratelimiting","param":1}]}]}"#,
            "service_strategies[0] (a).operation_strategies[0].type: an operation can be sampled by 'probabilistic' only"
        ),
    ])
    func mistakesAreToldWithTheirPlace(text: String, message: String) throws {
        let error = try #require(throws: SamplingStrategyError.self) { try Self.table(text) }
        #expect(error.message.contains(message), "\(error.message)")
    }
}
