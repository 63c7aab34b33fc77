internal import JSONCoding

/// The strategies of a file (jaegertracing.io, "Sampling", "File-based sampling configuration").
///
/// Strategies of single operations that stand under `default_strategy` hold for every service, unless the service has its own.
struct SamplingStrategyTable: Hashable, Sendable {
    /// What nobody says: everything, as in Jaeger's all-in-one.
    private static let defaultRate = 1.0

    private var fallback = SamplingStrategy(kind: .probabilistic(defaultRate))
    private var services: [String: SamplingStrategy] = [:]

    init() {}

    func strategy(for service: String) -> SamplingStrategy { services[service] ?? fallback }

    /// `{"default_strategy":Strategy,"service_strategies":[Strategy and "service":string]}`
    init(json: [UInt8]) throws(SamplingStrategyError) {
        let document: JSONValue
        do {
            document = try JSONValue.parse(json)
        } catch {
            throw SamplingStrategyError(message: "\(error)")
        }
        let root = try Self.object(document, "the file")
        try Self.check(root, known: ["default_strategy", "service_strategies"], "the file")
        if let value = root["default_strategy"], value != .null {
            fallback = try Self.strategy(try Self.object(value, "default_strategy"), "default_strategy")
        }
        guard let list = root["service_strategies"], list != .null else { return }
        guard case .array(let elements) = list else { throw Self.mismatch("service_strategies", "a list") }
        for (index, element) in elements.enumerated() {
            let place = "service_strategies[\(index)]"
            let object = try Self.object(element, place)
            guard case .string(let service)? = object["service"], !service.isEmpty else { throw Self.mismatch("\(place).service", "the name of a service") }
            services[service] = merged(try Self.strategy(object, "\(place) (\(service))"))
        }
    }

    /// Adds the operations that the default strategy names.
    private func merged(_ strategy: SamplingStrategy) -> SamplingStrategy {
        guard let shared = fallback.operations else { return strategy }
        var strategy = strategy
        if var own = strategy.operations {
            let names = Set(own.rates.map(\.operation))
            own.rates += shared.rates.filter { !names.contains($0.operation) }
            strategy.operations = own
        } else {
            var operations = shared
            if case .probabilistic(let rate) = strategy.kind { operations.defaultRate = rate }
            strategy.operations = operations
        }
        return strategy
    }

    /// `{"type":"probabilistic|ratelimiting","param":number,"operation_strategies":[{"operation":string,"type","param"}]}`
    private static func strategy(_ object: JSONObject, _ place: String) throws(SamplingStrategyError) -> SamplingStrategy {
        try check(object, known: ["service", "type", "param", "operation_strategies"], place)
        var strategy = SamplingStrategy(kind: try kind(object, place))
        guard let list = object["operation_strategies"], list != .null else { return strategy }
        guard case .array(let elements) = list else { throw mismatch("\(place).operation_strategies", "a list") }
        var operations = SamplingStrategy.Operations(defaultRate: defaultRate, rates: [])
        if case .probabilistic(let rate) = strategy.kind { operations.defaultRate = rate }
        for (index, element) in elements.enumerated() {
            let place = "\(place).operation_strategies[\(index)]"
            let object = try self.object(element, place)
            try check(object, known: ["operation", "type", "param"], place)
            guard case .string(let operation)? = object["operation"] else { throw mismatch("\(place).operation", "the name of an operation") }
            guard case .probabilistic(let rate) = try kind(object, place) else {
                throw SamplingStrategyError(message: "\(place).type: an operation can be sampled by 'probabilistic' only")
            }
            operations.rates.append(.init(operation: operation, samplingRate: rate))
        }
        strategy.operations = operations
        return strategy
    }

    private static func kind(_ object: JSONObject, _ place: String) throws(SamplingStrategyError) -> SamplingStrategy.Kind {
        guard case .string(let type)? = object["type"] else { throw mismatch("\(place).type", "'probabilistic' or 'ratelimiting'") }
        guard case .number(let text)? = object["param"], let parameter = Double(text) else { throw mismatch("\(place).param", "a number") }
        switch type {
        case "probabilistic":
            guard (0...1).contains(parameter) else { throw mismatch("\(place).param", "a share from 0 to 1, received \(text)") }
            return .probabilistic(parameter)
        case "ratelimiting":
            guard parameter >= 0, let limit = Int32(exactly: parameter.rounded(.down)) else {
                throw mismatch("\(place).param", "traces a second, from 0 to \(Int32.max), received \(text)")
            }
            return .rateLimiting(limit)
        default: throw mismatch("\(place).type", "'probabilistic' or 'ratelimiting', received '\(type.prefix(40))'")
        }
    }

    private static func object(_ value: JSONValue, _ place: String) throws(SamplingStrategyError) -> JSONObject {
        guard case .object(let object) = value else { throw mismatch(place, "a JSON object") }
        return object
    }

    private static func check(_ object: JSONObject, known: [String], _ place: String) throws(SamplingStrategyError) {
        for member in object.members where !known.contains(member.name) {
            throw SamplingStrategyError(message: "\(place): '\(member.name.prefix(60))' is not known; expected one of: \(known.joined(separator: ", "))")
        }
    }

    private static func mismatch(_ place: String, _ expected: String) -> SamplingStrategyError {
        SamplingStrategyError(message: "\(place): expected \(expected)")
    }
}
