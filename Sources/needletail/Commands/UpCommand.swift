internal import ArgumentParser
internal import TraceCollector

/// `needletail up`: inference server and trace back end in one process.
struct UpCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "up",
        abstract: "Start everything: the inference server with a sample model, and the trace back end with its page.",
        discussion: """
            Each request is traced to this process's own back end. --trace-config changes that, for example:
              needletail up --trace-config rate=10
              needletail up --trace-config level=OFF
            """
    )

    @OptionGroup var inference: InferenceOptions
    @OptionGroup(title: "Trace back end") var backEnd: BackEndOptions
    @OptionGroup(title: "Program") var common: CommonOptions

    func validate() throws {
        try PortCheck.validate(inference.ports + backEnd.ports)
        guard backEnd.otlpHttpPort != 0 else {
            throw ValidationError("--otlp-http-port cannot be 0 here: the inference server sends its spans to this port.")
        }
    }

    func run() async throws {
        if common.configCheck {
            try backEnd.checkCollectorConfiguration()
            try InferenceService.check(options: inference, common: common, defaultWords: traceDefaults, logger: common.logger)
            return CommonOptions.confirmSettings()
        }
        try inference.log.redirect()
        try await PortCheck.available(inference.ports + backEnd.ports, host: common.host)
        let logger = common.logger
        let collector = try backEnd.collectorConfiguration
        let greeting = Greeting(
            host: common.host,
            dataDirectory: collector.storesSpans ? backEnd.dataDir : nil,
            awaited: BackEnd.listeners(of: backEnd).union(inference.listeners),
            forwardsTo: collector.forwardingExporters,
            hasSample: inference.servesPassthrough
        )
        let server = try InferenceService(
            options: inference,
            common: common,
            defaultWords: traceDefaults,
            greeting: greeting,
            logger: logger
        )
        // Made last, as it makes the data folder: a wrong tracing file leaves nothing behind.
        let services = try BackEnd.services(options: backEnd, collector: collector, host: common.host, greeting: greeting, logger: logger)
        try await Program.run(services + [server], options: common, logger: logger)
    }

    /// Every request, to this process; a short delay, so that a trace is there when one looks for it.
    private var traceDefaults: [String] {
        let host = ListenAddress.urlHost(for: common.host)
        return [
            "level=TIMESTAMPS", "rate=1", "mode=opentelemetry",
            "opentelemetry,url=http://\(host):\(backEnd.otlpHttpPort)/v1/traces",
            "opentelemetry,bsp_schedule_delay=500",
        ]
    }
}
