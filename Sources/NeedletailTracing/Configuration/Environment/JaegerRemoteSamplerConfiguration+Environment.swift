internal import TraceModel

/// `OTEL_TRACES_SAMPLER_ARG` of the samplers `jaeger_remote` and `parentbased_jaeger_remote`.
extension JaegerRemoteSamplerConfiguration {
    /// Reads `endpoint=http://localhost:5778,pollingIntervalMs=5000,initialSamplingRate=0.25`, in any order and each optional.
    init(serviceName: String, argument text: String) throws(EnvironmentReader.Mistake) {
        self.init(serviceName: serviceName)
        for member in text.split(separator: ",") {
            let pair = member.split(separator: "=", maxSplits: 1)
            guard pair.count == 2 else {
                throw EnvironmentReader.Mistake(reason: "is no list of key=value; expected endpoint=…,pollingIntervalMs=…,initialSamplingRate=…")
            }
            let value = String(pair[1].trimmingBlanks())
            switch pair[0].trimmingBlanks() {
            case "endpoint":
                do throws(TracingConfigurationError) {
                    endpoint = try HTTPEndpoint(value, names: .jaegerSampling).url
                } catch {
                    throw EnvironmentReader.Mistake(reason: error.message, hidesValue: true)
                }
            case "pollingIntervalMs":
                guard let interval = Int64(value), (100...3_155_760_000_000).contains(interval) else {
                    throw EnvironmentReader.Mistake(reason: "has a pollingIntervalMs that is no whole number of 100 or more")
                }
                pollingInterval = .milliseconds(interval)
            case "initialSamplingRate":
                guard let rate = Double(value), (0...1).contains(rate) else {
                    throw EnvironmentReader.Mistake(reason: "has an initialSamplingRate that is no number from 0 to 1")
                }
                initialSamplingRate = rate
            default:
                throw EnvironmentReader.Mistake(
                    reason: "has an unknown key \(EnvironmentReader.shown(String(pair[0]))); expected endpoint, pollingIntervalMs or initialSamplingRate")
            }
        }
    }
}
