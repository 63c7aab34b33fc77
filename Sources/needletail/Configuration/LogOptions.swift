internal import ArgumentParser

/// What the inference server logs, in Triton's words; clients may change it while the server runs (`/v2/logging`).
struct LogOptions: ParsableArguments {
    enum Format: String, ExpressibleByArgument, CaseIterable {
        case standard = "default"
        case iso8601 = "ISO8601"
    }

    @Option(help: "How much is said beyond the usual: 0 nothing, 1 and more each request.")
    var logVerbose: UInt32 = 0

    @Option(help: "Log what goes as it should.")
    var logInfo: Switch = Switch(true)

    @Option(help: "Log warnings.")
    var logWarning: Switch = Switch(true)

    @Option(help: "Log errors.")
    var logError: Switch = Switch(true)

    @Option(help: "Form of the lines' times: default or ISO8601.")
    var logFormat: Format = .standard

    @Option(help: ArgumentHelp("Append the log to this file instead of the standard error.", valueName: "file"))
    var logFile: String?
}
