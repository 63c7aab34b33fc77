internal import ArgumentParser
internal import TraceCollector

/// `needletail traces`: the trace back end alone.
struct TracesCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "traces",
        abstract: "Keep traces and look at them: OTLP, Zipkin and Jaeger in, Jaeger's query API and a page out.",
        discussion: """
            Point any OpenTelemetry exporter at port 4318 (HTTP) or 4317 (gRPC), then open http://127.0.0.1:16686.
            Zipkin's and Jaeger's exporters find their usual ports too. A sender hears "accepted" only after its spans are
            in the database; over UDP, where nobody can be told anything, what is dropped is counted and logged.
            """
    )

    @OptionGroup(title: "Trace back end") var backEnd: BackEndOptions
    @OptionGroup(title: "Program") var common: CommonOptions

    func run() async throws {
        if common.configCheck {
            try backEnd.checkCollectorConfiguration()
            return CommonOptions.confirmSettings()
        }
        try await PortCheck.available(backEnd.ports, host: common.host)
        let logger = common.logger
        let collector = try backEnd.collectorConfiguration
        let greeting = Greeting(
            host: common.host,
            dataDirectory: collector.storesSpans ? backEnd.dataDir : nil,
            awaited: BackEnd.listeners(of: backEnd),
            forwardsTo: collector.forwardingExporters
        )
        let services = try BackEnd.services(options: backEnd, collector: collector, host: common.host, greeting: greeting, logger: logger)
        try await Program.run(services, options: common, logger: logger)
    }
}
