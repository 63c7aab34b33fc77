internal import JSONCoding

/// What a service is told to sample: Jaeger's `SamplingStrategyResponse` (jaeger-idl, `api_v2/sampling.proto`).
struct SamplingStrategy: Hashable, Sendable {
    enum Kind: Hashable, Sendable {
        /// The share of traces, 0 to 1.
        case probabilistic(Double)
        /// Traces a second.
        case rateLimiting(Int32)
    }

    /// The shares of single operations.
    struct Operations: Hashable, Sendable {
        struct Rate: Hashable, Sendable {
            var operation: String
            var samplingRate: Double
        }

        /// Of operations that are not listed.
        var defaultRate: Double
        var rates: [Rate]
    }

    var kind: Kind
    var operations: Operations?

    // MARK: Answers

    /// The answer over HTTP: protobuf's JSON with defaults, members that are not set left out.
    ///
    /// - Parameter isLegacy: the type as its number, as clients of Thrift expect it at `/`.
    func json(isLegacy: Bool) -> [UInt8] {
        var writer = JSONWriter()
        writer.beginObject()
        writer.key("strategyType")
        switch kind {
        case .probabilistic(let rate):
            if isLegacy { writer.int(0) } else { writer.string("PROBABILISTIC") }
            writer.key("probabilisticSampling")
            writer.beginObject()
            Self.write("samplingRate", rate, to: &writer)
            writer.endObject()
        case .rateLimiting(let limit):
            if isLegacy { writer.int(1) } else { writer.string("RATE_LIMITING") }
            writer.key("rateLimitingSampling")
            writer.beginObject()
            writer.key("maxTracesPerSecond")
            writer.int(Int64(limit))
            writer.endObject()
        }
        if let operations { write(operations, to: &writer) }
        writer.endObject()
        return writer.finish()
    }

    private func write(_ operations: Operations, to writer: inout JSONWriter) {
        writer.key("operationSampling")
        writer.beginObject()
        Self.write("defaultSamplingProbability", operations.defaultRate, to: &writer)
        Self.write("defaultLowerBoundTracesPerSecond", 0, to: &writer)
        writer.key("perOperationStrategies")
        writer.beginArray()
        for rate in operations.rates {
            writer.beginObject()
            writer.key("operation")
            writer.string(rate.operation)
            writer.key("probabilisticSampling")
            writer.beginObject()
            Self.write("samplingRate", rate.samplingRate, to: &writer)
            writer.endObject()
            writer.endObject()
        }
        writer.endArray()
        Self.write("defaultUpperBoundTracesPerSecond", 0, to: &writer)
        writer.endObject()
    }

    /// Go writes whole numbers without a point.
    private static func write(_ name: String, _ value: Double, to writer: inout JSONWriter) {
        writer.key(string: name)
        if let whole = Int64(exactly: value) { writer.int(whole) } else { writer.double(value) }
    }
}
