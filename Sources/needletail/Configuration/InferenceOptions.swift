internal import ArgumentParser

/// All settings of the inference server.
struct InferenceOptions: ParsableArguments {
    @OptionGroup(title: "Inference server") var serving: ServingOptions
    @OptionGroup(title: "Models") var models: ModelOptions
    @OptionGroup(title: "Protocols") var protocols: ProtocolOptions
    @OptionGroup(title: "Log of the inference server") var log: LogOptions
    @OptionGroup var triton: TritonOptions

    /// The ports that will be listened on.
    var ports: [PortUse] {
        serving.ports.filter { use in
            switch use.flag {
            case "http-port": protocols.allowHttp.isOn
            case "grpc-port": protocols.allowGrpc.isOn
            case "metrics-port": protocols.allowMetrics.isOn
            default: true
            }
        }
    }

    /// The listeners that there will be.
    var listeners: Set<Greeting.Listener> {
        Set(ports.compactMap { use in
            switch use.flag {
            case "http-port": .inferenceHTTP
            case "grpc-port": .inferenceGRPC
            case "metrics-port": .inferenceMetrics
            default: nil
            }
        })
    }
}
