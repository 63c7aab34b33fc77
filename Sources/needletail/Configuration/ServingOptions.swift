internal import ArgumentParser
internal import Inference
internal import TraceModel

/// Settings of the inference server.
struct ServingOptions: ParsableArguments {
    @Option(help: "KServe v2 and generate over HTTP.")
    var httpPort: Int = DefaultPort.inferenceHTTP

    @Option(help: "KServe v2 over gRPC; off does without.")
    var grpcPort: OptionalPort = .port(DefaultPort.inferenceGRPC)

    @Option(help: "Metrics for Prometheus; off does without.")
    var metricsPort: OptionalPort = .port(DefaultPort.inferenceMetrics)

    @Option(
        help: ArgumentHelp(
            "Tracing in Triton's words; may be repeated.",
            discussion: """
                level=TIMESTAMPS|TENSORS|OFF, rate=N, count=N, mode=opentelemetry|triton, opentelemetry,url=http://host:4318/v1/traces,
                opentelemetry,resource=key=value, opentelemetry,bsp_max_queue_size=N, opentelemetry,bsp_schedule_delay=ms,
                opentelemetry,bsp_max_export_batch_size=N; triton,file=path, triton,log-frequency=N.
                """,
            valueName: "setting=value"
        )
    )
    var traceConfig: [String] = []

    @Option(
        help: ArgumentHelp(
            "Exporter, share of requests and excluded URLs from a file with BentoML's tracing block; --trace-config wins.",
            discussion: "Without it the file that BENTOML_CONFIG names, if any.",
            valueName: "file"
        )
    )
    var tracingFile: String?

    @Option(help: .hidden) var traceFile: String?
    @Option(help: .hidden) var traceLevel: [String] = []
    @Option(help: .hidden) var traceRate: String?
    @Option(help: .hidden) var traceCount: String?
    @Option(help: .hidden) var traceLogFrequency: String?

    /// Triton's flags from before `--trace-config`, as its words.
    var deprecatedTraceFlags: DeprecatedTraceFlags {
        var flags: [(DeprecatedTraceFlags.Flag, String)] = []
        if let traceFile { flags.append((.file, traceFile)) }
        flags += traceLevel.map { (.level, $0) }
        if let traceRate { flags.append((.rate, traceRate)) }
        if let traceCount { flags.append((.count, traceCount)) }
        if let traceLogFrequency { flags.append((.logFrequency, traceLogFrequency)) }
        return DeprecatedTraceFlags(flags, traceConfig: traceConfig)
    }

    @Option(
        help: ArgumentHelp(
            "A socket for Python programs that serve their own callables; NEEDLETAIL_WORKER_TOKEN is what they have to show.",
            valueName: "path"
        )
    )
    var workerSocket: String?

    var ports: [PortUse] {
        var uses = [PortUse(flag: "http-port", port: httpPort)]
        if let port = grpcPort.number { uses.append(PortUse(flag: "grpc-port", port: port, canBeOff: true)) }
        if let port = metricsPort.number { uses.append(PortUse(flag: "metrics-port", port: port, canBeOff: true)) }
        return uses
    }

    func validate() throws {
        try PortCheck.validate(ports)
        do {
            _ = try TraceSettings(traceConfig: deprecatedTraceFlags.words + traceConfig)
        } catch {
            throw ValidationError("\(error)")
        }
    }
}
