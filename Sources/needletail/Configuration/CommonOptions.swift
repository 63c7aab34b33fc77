public import ArgumentParser
public import Logging

/// Settings that every subcommand has.
struct CommonOptions: ParsableArguments {
    @Option(help: "Address to listen on. 0.0.0.0 opens the ports to other machines.")
    var host: String = "127.0.0.1"

    @Option(help: "Seconds that a stop (SIGTERM, Ctrl-C) may take: requests in flight finish and spans are flushed.")
    var exitTimeoutSecs: Int = 30

    @Option(help: "Least severe log lines to show: trace, debug, info, notice, warning, error or critical.")
    var logLevel: Logger.Level = .info

    @Option(help: ArgumentHelp("YAML file with settings of the same names as the flags; a flag wins over the file.", valueName: "file"))
    var config: String?

    @Flag(help: "Check the settings, print what is wrong, start nothing.")
    var configCheck = false

    func validate() throws {
        guard exitTimeoutSecs >= 0 else {
            throw ValidationError("--exit-timeout-secs must be 0 or more seconds, got \(exitTimeoutSecs).")
        }
    }

    static func confirmSettings() { print("The settings are in order.") }

    /// The part of a stop that may go to spans for a back end that is slow or gone; the requests come first.
    var flushTimeout: Duration {
        min(.seconds(10), max(.milliseconds(100), .seconds(exitTimeoutSecs) / 2))
    }

    /// The part of a stop that may go to Python workers that are in the middle of something.
    var workerStopTimeout: Duration {
        min(.seconds(5), max(.milliseconds(100), .seconds(exitTimeoutSecs) / 2))
    }

    var logger: Logger {
        var logger = Logger(label: "needletail")
        logger.logLevel = logLevel
        return logger
    }
}

extension Logger.Level: @retroactive ExpressibleByArgument {}
