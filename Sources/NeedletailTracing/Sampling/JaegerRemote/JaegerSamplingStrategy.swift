internal import JSONCoding

/// What Jaeger's remote sampling API answers: how a service is to sample.
///
/// `{"strategyType":"PROBABILISTIC","probabilisticSampling":{"samplingRate":0.5}}`, `{"strategyType":"RATE_LIMITING",
/// "rateLimitingSampling":{"maxTracesPerSecond":5}}`, and either with `operationSampling`, which then counts. The type may be a
/// number, as in the legacy form.
enum JaegerSamplingStrategy: Hashable, Sendable {
    case probabilistic(Double)
    case rateLimiting(Double)
    case perOperation(rates: [String: Double], otherwise: Double, lowerBound: Double)

    /// Operations with a sampler of their own; the others are sampled as those that are not listed. Jaeger's clients have the same
    /// limit.
    static let maximumOperations = 2000

    /// Why an answer cannot be used.
    struct Mistake: Error, CustomStringConvertible {
        var description: String
    }

    /// - Throws: ``Mistake`` or `JSONError`.
    init(json: [UInt8]) throws {
        guard case .object(let answer) = try JSONValue.parse(json, maximumDepth: 16) else { throw Mistake(description: "expected an object") }
        if case .object(let operations)? = answer["operationSampling"] {
            self = try Self.operations(operations)
        } else if case .object(let limit)? = answer["rateLimitingSampling"], Self.isRateLimiting(answer["strategyType"]) {
            self = .rateLimiting(try Self.number(limit, "maxTracesPerSecond", in: 0...1e9))
        } else if case .object(let probability)? = answer["probabilisticSampling"] {
            self = .probabilistic(try Self.number(probability, "samplingRate", in: 0...1))
        } else {
            throw Mistake(description: "expected probabilisticSampling, rateLimitingSampling or operationSampling")
        }
    }

    private static func isRateLimiting(_ type: JSONValue?) -> Bool {
        switch type {
        case .string(let text): text == "RATE_LIMITING"
        case .number(let text): text == "1"
        default: false
        }
    }

    private static func operations(_ object: JSONObject) throws -> JaegerSamplingStrategy {
        var rates: [String: Double] = [:]
        if case .array(let list)? = object["perOperationStrategies"] {
            for case .object(let strategy) in list {
                guard case .string(let name)? = strategy["operation"], case .object(let probability)? = strategy["probabilisticSampling"] else {
                    throw Mistake(description: "expected operation and probabilisticSampling in each of perOperationStrategies")
                }
                let rate = try number(probability, "samplingRate", in: 0...1)
                if rates.count < maximumOperations || rates[name] != nil { rates[name] = rate }
            }
        }
        return .perOperation(
            rates: rates,
            otherwise: try number(object, "defaultSamplingProbability", in: 0...1),
            lowerBound: try number(object, "defaultLowerBoundTracesPerSecond", in: 0...1e9)
        )
    }

    /// A missing number is 0, as in protobuf's JSON.
    private static func number(_ object: JSONObject, _ name: String, in range: ClosedRange<Double>) throws -> Double {
        switch object[name] {
        case nil, .null?: return 0
        case .number(let text)?:
            if let value = Double(text), range.contains(value) { return value }
            fallthrough
        default: throw Mistake(description: "\(name) is no number from \(range.lowerBound) to \(range.upperBound)")
        }
    }

    func makeSampler() -> any Sampler {
        switch self {
        case .probabilistic(let rate): return TraceIDRatioSampler(ratio: rate)
        case .rateLimiting(let rate): return RateLimitingSampler(spansPerSecond: rate)
        case .perOperation(let rates, let otherwise, let lowerBound):
            func sampler(_ rate: Double) -> any Sampler {
                lowerBound > 0 ? GuaranteedThroughputSampler(ratio: rate, lowerBound: lowerBound) : TraceIDRatioSampler(ratio: rate)
            }
            return OperationSampler(rates.mapValues(sampler), otherwise: sampler(otherwise))
        }
    }
}
