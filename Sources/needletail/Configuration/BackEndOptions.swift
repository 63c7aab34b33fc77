internal import ArgumentParser
internal import TraceModel

/// Settings of the trace back end.
struct BackEndOptions: ParsableArguments {
    @Option(help: ArgumentHelp("Folder of the trace database; made if missing.", valueName: "folder"))
    var dataDir: String = "./data"

    @Option(
        help: ArgumentHelp("How long spans are kept after they arrived, as in 72h or 7d; \"off\" keeps them for ever.", valueName: "duration")
    )
    var retentionAge: RetentionAge = .seconds(7 * 86_400)

    @Option(
        help: ArgumentHelp(
            "How much the trace database may take, as in 10GiB, or as a share of its disk, as in 80%; the oldest spans go first, \"off\" has no limit.",
            valueName: "size"
        )
    )
    var retentionSize: RetentionSize = .percent(80)

    @Option(help: "OTLP over HTTP: POST /v1/traces.")
    var otlpHttpPort: Int = DefaultPort.otlpHTTP

    @Option(help: "OTLP over gRPC.")
    var otlpGrpcPort: Int = DefaultPort.otlpGRPC

    @Option(help: "Zipkin: POST /api/v2/spans, and its query API; \"off\" does not listen.")
    var zipkinPort: OptionalPort = .port(DefaultPort.zipkin)

    @Option(help: ArgumentHelp("Tags whose values Zipkin's API offers for completion.", valueName: "tag"))
    var zipkinAutocompleteKey: [String] = []

    @Option(help: "Jaeger's agent, Thrift compact over UDP; \"off\" does not listen.")
    var jaegerCompactPort: OptionalPort = .port(DefaultPort.jaegerCompactUDP)

    @Option(help: "Jaeger's agent, Thrift binary over UDP; \"off\" does not listen.")
    var jaegerBinaryPort: OptionalPort = .port(DefaultPort.jaegerBinaryUDP)

    @Option(help: "Jaeger's collector over gRPC; \"off\" does not listen.")
    var jaegerGrpcPort: OptionalPort = .port(DefaultPort.jaegerGRPC)

    @Option(help: "Jaeger's collector, Thrift over HTTP: POST /api/traces; \"off\" does not listen.")
    var jaegerHttpPort: OptionalPort = .port(DefaultPort.jaegerHTTP)

    @Option(help: "Remote sampling: GET /sampling?service=NAME; \"off\" does not listen.")
    var samplingPort: OptionalPort = .port(DefaultPort.jaegerSampling)

    @Option(help: ArgumentHelp("Jaeger's strategies file for remote sampling; without one everything is sampled.", valueName: "file"))
    var samplingStrategies: String?

    @Option(help: "Health and metrics of the back end, as on Jaeger's admin port; \"off\" does not listen.")
    var adminPort: OptionalPort = .port(DefaultPort.jaegerAdmin)

    @Option(help: "The page, and Jaeger's query API.")
    var queryPort: Int = DefaultPort.query

    @Option(help: "Jaeger's query API over gRPC; \"off\" does not listen.")
    var jaegerQueryGrpcPort: OptionalPort = .port(DefaultPort.jaegerQueryGRPC)

    @Option(help: "Tempo's query API with TraceQL; \"off\" does not listen.")
    var tempoPort: OptionalPort = .port(DefaultPort.tempo)

    @Option(help: ArgumentHelp("How far spans of other hosts are moved to take out clock skew in Jaeger's answers; 0 moves none.", valueName: "ms"))
    var maxClockSkewAdjustmentMs: UInt32 = 0

    /// Nanoseconds.
    var maximumClockSkew: UInt64 { UInt64(maxClockSkewAdjustmentMs) * 1_000_000 }

    @Option(help: ArgumentHelp("Web pages that may send spans, as in https://shop.example; \"*\" stands for any characters.", valueName: "origin"))
    var corsAllowedOrigin: [String] = []

    @Option(help: ArgumentHelp("Pipelines in the OpenTelemetry Collector's vocabulary: processors and exporters.", valueName: "file"))
    var collectorConfig: String?

    @Option(help: ArgumentHelp("Where the generated metrics are pushed by Prometheus remote write.", valueName: "url"))
    var remoteWriteUrl: String?

    @Option(help: ArgumentHelp("Time between two pushes.", valueName: "seconds"))
    var remoteWriteInterval: Int = 15

    var ports: [PortUse] {
        let required = [
            PortUse(flag: "otlp-http-port", port: otlpHttpPort), PortUse(flag: "otlp-grpc-port", port: otlpGrpcPort),
            PortUse(flag: "query-port", port: queryPort),
        ]
        let optional: [(flag: String, port: OptionalPort, transport: PortUse.Transport)] = [
            ("zipkin-port", zipkinPort, .tcp), ("jaeger-compact-port", jaegerCompactPort, .udp),
            ("jaeger-binary-port", jaegerBinaryPort, .udp), ("jaeger-grpc-port", jaegerGrpcPort, .tcp),
            ("jaeger-http-port", jaegerHttpPort, .tcp), ("sampling-port", samplingPort, .tcp), ("admin-port", adminPort, .tcp),
            ("jaeger-query-grpc-port", jaegerQueryGrpcPort, .tcp), ("tempo-port", tempoPort, .tcp),
        ]
        return required
            + optional.compactMap { option in
                option.port.number.map { PortUse(flag: option.flag, port: $0, transport: option.transport, canBeOff: true) }
            }
    }

    func validate() throws {
        guard !dataDir.isEmpty else { throw ValidationError("--data-dir needs the path of a folder.") }
        if let seconds = retentionAge.seconds, seconds < RetentionAge.minimumSeconds {
            throw ValidationError("--retention-age is \(seconds) s; it needs at least \(RetentionAge.minimumSeconds) s, as in 72h or 7d, or \"off\".")
        }
        if case .bytes(let bytes) = retentionSize, bytes < RetentionSize.minimumBytes {
            throw ValidationError("--retention-size is \(bytes) bytes; it needs at least 16MiB, as in 10GiB or 80%, or \"off\".")
        }
        guard (1...86_400).contains(remoteWriteInterval) else { throw ValidationError("--remote-write-interval needs 1 to 86400 seconds.") }
        try PortCheck.validate(ports)
    }
}
