internal import Logging

extension EnvironmentReader {
    /// The logger at the level of `OTEL_LOG_LEVEL`; as it is when that is not set.
    static func logger(_ environment: [String: String], _ logger: Logger) -> Logger {
        let levels: KeyValuePairs<String, Logger.Level?> = [
            "trace": .trace, "debug": .debug, "info": .info, "notice": .notice, "warn": .warning, "error": .error, "critical": .critical,
            "none": nil,
            // What SDKs of other languages call them.
            "all": .trace, "verbose": .trace, "warning": .warning, "fatal": .critical, "off": nil,
        ]
        let reader = EnvironmentReader(environment, logger: logger)
        let level = reader.choice(["OTEL_LOG_LEVEL"], among: levels, default: logger.logLevel)
        guard let level else { return Logger(label: logger.label) { _ in SwiftLogNoOpLogHandler() } }
        var result = logger
        result.logLevel = level
        return result
    }
}
