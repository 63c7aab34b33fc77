internal import ArgumentParser

/// `needletail serve`: the inference server alone.
struct ServeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve",
        abstract: "Serve models over Triton's protocols (KServe v2 over HTTP and gRPC, generate).",
        discussion: """
            Nothing is traced until --trace-config says so, for example:
              needletail serve --trace-config level=TIMESTAMPS --trace-config rate=1 \\
                --trace-config opentelemetry,url=http://127.0.0.1:4318/v1/traces \\
                --trace-config opentelemetry,resource=service.name=my-server
            """
    )

    @OptionGroup var inference: InferenceOptions
    @OptionGroup(title: "Program") var common: CommonOptions

    func run() async throws {
        if common.configCheck {
            try InferenceService.check(options: inference, common: common, logger: common.logger)
            return CommonOptions.confirmSettings()
        }
        try inference.log.redirect()
        try await PortCheck.available(inference.ports, host: common.host)
        let logger = common.logger
        let greeting = Greeting(host: common.host, dataDirectory: nil, awaited: inference.listeners, hasSample: inference.servesPassthrough)
        let server = try InferenceService(
            options: inference,
            common: common,
            greeting: greeting,
            logger: logger
        )
        try await Program.run([server], options: common, logger: logger)
    }
}
