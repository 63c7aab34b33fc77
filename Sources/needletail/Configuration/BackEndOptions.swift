internal import ArgumentParser
internal import TraceModel

/// Settings of the trace back end.
struct BackEndOptions: ParsableArguments {
    @Option(help: ArgumentHelp("Folder of the trace database; made if missing.", valueName: "folder"))
    var dataDir: String = "./data"

    @Option(help: "OTLP over HTTP: POST /v1/traces.")
    var otlpHttpPort: Int = DefaultPort.otlpHTTP

    @Option(help: "OTLP over gRPC.")
    var otlpGrpcPort: Int = DefaultPort.otlpGRPC

    @Option(help: "The page, and Jaeger's query API.")
    var queryPort: Int = DefaultPort.query

    var ports: [(flag: String, port: Int)] {
        [("otlp-http-port", otlpHttpPort), ("otlp-grpc-port", otlpGrpcPort), ("query-port", queryPort)]
    }

    func validate() throws {
        guard !dataDir.isEmpty else { throw ValidationError("--data-dir needs the path of a folder.") }
        try PortCheck.validate(ports)
    }
}
