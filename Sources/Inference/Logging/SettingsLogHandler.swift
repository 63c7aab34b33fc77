package import Logging

/// Passes on the log lines that the settings let through: Triton's logging extension on top of the program's own log.
package struct SettingsLogHandler: LogHandler {
    private var base: any LogHandler
    private let settings: LoggingSettings

    package init(_ base: any LogHandler, settings: LoggingSettings) {
        self.base = base
        self.settings = settings
    }

    /// A logger that writes where another does.
    package static func logger(_ logger: Logger, settings: LoggingSettings) -> Logger {
        Logger(label: logger.label) { _ in SettingsLogHandler(logger.handler, settings: settings) }
    }

    /// The program's level, or a lower one while clients want to know more.
    package var logLevel: Logger.Level {
        get {
            switch settings.verboseLevel {
            case 0: base.logLevel
            case 1: min(base.logLevel, .debug)
            default: .trace
            }
        }
        set { base.logLevel = newValue }
    }

    package var metadata: Logger.Metadata {
        get { base.metadata }
        set { base.metadata = newValue }
    }

    package var metadataProvider: Logger.MetadataProvider? {
        get { base.metadataProvider }
        set { base.metadataProvider = newValue }
    }

    package subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { base[metadataKey: key] }
        set { base[metadataKey: key] = newValue }
    }

    package func log(event: LogEvent) {
        let values = settings.values
        let passes =
            switch event.level {
            case .trace, .debug: true
            case .info, .notice: values.logsInfo
            case .warning: values.logsWarnings
            case .error, .critical: values.logsErrors
            }
        if passes { base.log(event: event) }
    }
}
