internal import ProtobufCoding

extension SamplingStrategy {
    /// The answer over gRPC: `message SamplingStrategyResponse { SamplingStrategyType strategyType = 1;
    /// ProbabilisticSamplingStrategy probabilisticSampling = 2; RateLimitingSamplingStrategy rateLimitingSampling = 3;
    /// PerOperationSamplingStrategies operationSampling = 4; }`
    var protobuf: [UInt8] {
        var writer = ProtobufWriter(reserving: 64)
        switch kind {
        case .probabilistic(let rate):
            let mark = writer.begin(2 << 3 | 2, expecting: 9)
            Self.rate(1, rate, to: &writer)
            writer.end(mark)
        case .rateLimiting(let limit):
            writer.varint(1 << 3, 1)
            let mark = writer.begin(3 << 3 | 2, expecting: 2)
            if limit != 0 { writer.varint(1 << 3, UInt64(bitPattern: Int64(limit))) }
            writer.end(mark)
        }
        if let operations {
            let mark = writer.begin(4 << 3 | 2, expecting: 60)
            // `double defaultSamplingProbability = 1; double defaultLowerBoundTracesPerSecond = 2;
            // repeated OperationSamplingStrategy perOperationStrategies = 3; double defaultUpperBoundTracesPerSecond = 4;`
            Self.rate(1, operations.defaultRate, to: &writer)
            for rate in operations.rates {
                let one = writer.begin(3 << 3 | 2, expecting: 40)
                writer.string(1 << 3 | 2, rate.operation)
                let inner = writer.begin(2 << 3 | 2, expecting: 9)
                Self.rate(1, rate.samplingRate, to: &writer)
                writer.end(inner)
                writer.end(one)
            }
            writer.end(mark)
        }
        return Array(writer.written)
    }

    private static func rate(_ field: UInt8, _ value: Double, to writer: inout ProtobufWriter) {
        if value != 0 { writer.fixed64(field << 3 | 1, value.bitPattern) }
    }
}
